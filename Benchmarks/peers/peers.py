#!/usr/bin/env python3
"""Jobs a second of other queues on the same Redis, one worker process each, with jobs that do nothing.

Each queue gets the settings that suit it best here: no fork a job for RQ, 100 coroutines for the asynchronous ones. Time runs
from the first job to the last, so start-up is not counted.

usage: peers.py PORT [NAME...]
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
HERE = os.path.dirname(os.path.abspath(__file__))
# name: (jobs, whether a job survives the death of its worker)
PEERS = {
    "sidekiq": (100_000, False), "huey": (20_000, False), "taskiq": (20_000, False), "dramatiq": (20_000, True),
    "saq": (10_000, True), "arq": (10_000, True), "celery": (10_000, True), "rq": (3_000, True),
}


def measure(name, port):
    jobs, _ = PEERS[name]
    subprocess.run(["redis-cli", "-p", port, "flushall"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "seconds")
        env = {**os.environ, "BENCH_REDIS": f"redis://127.0.0.1:{port}/0", "BENCH_JOBS": str(jobs), "BENCH_RESULT": result}
        if name == "sidekiq":
            script = os.path.join(HERE, "sidekiq_jobs.rb")
            subprocess.run(["ruby", script], check=True, env={**env, "BENCH_ENQUEUE": "1"}, stderr=subprocess.DEVNULL)
            command = ["sidekiq", "-r", script, "-c", "10", "-q", "default"]
        else:
            script = os.path.join(HERE, "peer_jobs.py")
            subprocess.run([sys.executable, script, "enqueue", name], check=True, env=env, stderr=subprocess.DEVNULL)
            command = [sys.executable, script, "work", name]
        worker = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        try:
            deadline = time.monotonic() + 120
            while not (os.path.exists(result) and os.path.getsize(result) > 0):
                if worker.poll() is not None or time.monotonic() > deadline:
                    return None
                time.sleep(0.05)
            with open(result, encoding="ascii") as file:
                return (jobs - 1) / float(file.read())
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()


def main():
    port, names = sys.argv[1], sys.argv[2:] or list(PEERS)
    for name in names:
        rates = sorted(rate for rate in (measure(name, port) for _ in range(RUNS)) if rate)
        survives = "survives its worker's death" if PEERS[name][1] else "lost with its worker"
        print(f"{name}: {rates[len(rates) // 2]:.0f} jobs/s ({survives})" if rates else f"{name}: did not finish", flush=True)


main()
