#!/usr/bin/env python3
"""Jobs of 5 ms while every worker of their queue is killed again and again: what is lost, and how soon the orphans are done.

Two worker processes take 2,000 jobs; ten times both are killed with SIGKILL and started anew. A job is lost when it has no
end ten seconds after the queue ran dry. Needs the Python package redis (scripts/test-python.sh).

usage: kills.py [JOBS [KILLS]]
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid

import redis
from fleet import ROOT, Fleet


def workers(fleet):
    return [fleet.pid(name) for name in ("export-1", "export-2")]


def main():
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    os.environ["N_EXPORT"] = "2"
    with Fleet() as fleet:
        server = redis.Redis.from_url(fleet.env["FLOTILLA_REDIS_URL"])
        tag = "{%s}" % fleet.env["FLOTILLA_NAMESPACE"]
        queue = tag + ":queue:export"
        ids = [str(uuid.uuid4()) for _ in range(jobs)]

        def unfinished(of):
            with server.pipeline(transaction=False) as pipe:
                for job in of:
                    pipe.hget(f"{tag}:snapshot:{job}", "status")
                return [job for job, status in zip(of, pipe.execute()) if status != b"done"]

        with server.pipeline(transaction=False) as pipe:
            for job in ids:
                pipe.lpush(queue, json.dumps({"v": 1, "id": job, "kind": "echo", "payload": {"sleep_ms": 5}}))
            pipe.execute()
        rescues = []
        for _ in range(kills):
            time.sleep(0.15)
            for pid in workers(fleet):
                os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            orphans = []
            for worker in server.zrange(tag + ":workers", 0, -1):
                if worker.startswith(b"export."):
                    orphans += [json.loads(raw)["id"] for raw in server.lrange(f"{tag}:run:{worker.decode()}", 0, -1)]
            subprocess.run(["scripts/up.sh"], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
            left = orphans
            while left and time.monotonic() - killed < 30:
                left = unfinished(left)
                time.sleep(0.005)
            if orphans:
                rescues.append((time.monotonic() - killed, len(orphans)))
        deadline = time.monotonic() + 60
        left = ids
        while left and time.monotonic() < deadline:
            left = unfinished(left)
            time.sleep(0.02)
        times = sorted(seconds for seconds, _ in rescues)
        print(
            f"{jobs} jobs of 5 ms, {kills} times kill -9 of both workers, {sum(n for _, n in rescues)} orphans: "
            f"{len(left)} lost; from a kill to its last orphan done: median {times[len(times) // 2]:.2f} s, "
            f"longest {times[-1]:.2f} s (new workers start within that time)")
        sys.exit(1 if left else 0)


main()
