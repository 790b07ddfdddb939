#!/usr/bin/env python3
"""From just before LPUSH to the first line of the job, 100 jobs a second, idle worker: Sidekiq with BRPOP, its default.

usage: start_latency.py PORT RUNS JOBS
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def push(port, jobs):
    with socket.create_connection(("127.0.0.1", port)) as redis:
        redis.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.monotonic()
        for number in range(jobs):
            due += 0.01
            time.sleep(max(0, due - time.monotonic()))
            job = {"class": "StartLatency", "args": [time.monotonic_ns()], "queue": "default", "retry": False,
                   "jid": f"{number:024x}", "created_at": time.time()}
            parts = [b"LPUSH", b"queue:default", json.dumps(job).encode()]
            redis.sendall(b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
            redis.recv(64)


def main():
    port, runs, jobs = (int(argument) for argument in sys.argv[1:4])
    subprocess.run(["redis-cli", "-p", str(port), "flushall"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "delays")
        env = {**os.environ, "BENCH_REDIS": f"redis://127.0.0.1:{port}/0", "BENCH_RESULT": result}
        worker = subprocess.Popen(
            ["sidekiq", "-r", os.path.join(HERE, "sidekiq_latency.rb"), "-c", "10", "-q", "default"], env=env, cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not os.path.exists(result):
                if worker.poll() is not None:
                    sys.exit("sidekiq did not start")
                time.sleep(0.1)
            time.sleep(2)
            for _ in range(runs):
                push(port, jobs)
            time.sleep(1)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        with open(result, encoding="ascii") as file:
            delays = [int(line) / 1e6 for line in file]
    each = [sorted(delays[start:start + jobs]) for start in range(0, runs * jobs, jobs)]
    for index, share in (("p50", 0.5), ("p99", 0.99)):
        print(f"sidekiq, BRPOP: {index} {statistics.median(run[int(len(run) * share)] for run in each):.3f} ms")


main()
