#!/usr/bin/env python3
"""One worker process: how soon it runs its first job after it was started, and its memory, idle and with as many echo jobs
as it can take.

usage: worker.py [RUNS]
"""

import json
import os
import subprocess
import sys
import time
import uuid

import redis
from fleet import ROOT, Fleet, median, mib

JOBS = 60_000


def rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def envelope(job):
    return json.dumps({"v": 1, "id": job, "kind": "echo", "payload": {"n": 1}})


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with Fleet() as fleet:
        server = redis.Redis.from_url(fleet.env["FLOTILLA_REDIS_URL"])
        tag = "{%s}" % fleet.env["FLOTILLA_NAMESPACE"]
        queue = tag + ":queue:export"
        starts, idle, busy, rates = [], [], [], []
        os.kill(fleet.pid("export-1"), 15)
        time.sleep(1)
        environment = {**os.environ, **fleet.env, "FLOTILLA_LOG_LEVEL": "error"}
        for _ in range(runs):
            first = str(uuid.uuid4())
            server.lpush(queue, envelope(first))
            began = time.monotonic()
            worker = subprocess.Popen([os.path.join(ROOT, ".build/release/flotilla-export-worker")], env=environment)
            while server.hget(f"{tag}:snapshot:{first}", "status") != b"done":
                time.sleep(0.001)
            starts.append(time.monotonic() - began)
            time.sleep(1)
            idle.append(rss(worker.pid))
            done = int(server.hget(f"{tag}:stats:export", "processed"))
            for start in range(0, JOBS, 1_000):
                server.lpush(queue, *(envelope(str(uuid.uuid4())) for _ in range(1_000)))
            peak, began = 0, time.monotonic()
            before = end = int(server.hget(f"{tag}:stats:export", "processed"))
            while end < done + JOBS:
                peak = max(peak, rss(worker.pid))
                time.sleep(0.02)
                end = int(server.hget(f"{tag}:stats:export", "processed"))
            rates.append((end - before) / (time.monotonic() - began))
            busy.append(peak)
            worker.terminate()
            if worker.wait() != 0:
                sys.exit("the worker did not stop with status 0")
        print(
            f"from the start of the process to the end of its first job: {median(starts) * 1000:.0f} ms; resident memory "
            f"{mib(median(idle))} idle, {mib(median(busy))} at {median(rates):.0f} echo jobs/s, each with a snapshot and messages")


main()
