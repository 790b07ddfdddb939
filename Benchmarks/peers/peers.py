#!/usr/bin/env python3
"""Jobs a second of other queues on the same Redis, with jobs that do nothing: one worker process each, and two of Sidekiq,
which is the fastest, so that it has both cores.

Each queue gets the settings that suit it best here: no fork a job for RQ, 100 coroutines for the asynchronous ones. Time runs
from the first job to the last, with several processes from a fifth of the jobs to the last, so start-up is not counted.

usage: peers.py PORT [NAME...]
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
HERE = os.path.dirname(os.path.abspath(__file__))
# name: (jobs, whether a job survives the death of its worker, worker processes)
PEERS = {
    "sidekiq": (100_000, False, 1), "sidekiq, 2 processes": (200_000, False, 2),
    "sidekiq, 2 processes, reliable fetch": (200_000, True, 2), "huey": (20_000, False, 1), "taskiq": (20_000, False, 1),
    "dramatiq": (20_000, True, 1), "saq": (10_000, True, 1), "arq": (10_000, True, 1), "celery": (10_000, True, 1),
    "rq": (3_000, True, 1),
}


def seconds_of(jobs, port, deadline):
    """From a fifth of the jobs to the last, by the length of the queue."""
    began = None
    with socket.create_connection(("127.0.0.1", int(port))) as redis:
        while time.monotonic() < deadline:
            redis.sendall(b"LLEN queue:default\r\n")
            left, now = int(redis.recv(64)[1:]), time.monotonic()
            if began is None and left <= jobs * 4 // 5:
                began = (now, left)
            if left == 0:
                return (now - began[0]) * jobs / began[1]
            time.sleep(0.02)
    return None


def measure(name, port):
    jobs, survives, processes = PEERS[name]
    subprocess.run(["redis-cli", "-p", port, "flushall"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "seconds")
        env = {**os.environ, "BENCH_REDIS": f"redis://127.0.0.1:{port}/0", "BENCH_JOBS": str(jobs), "BENCH_RESULT": result}
        if name.startswith("sidekiq"):
            script = os.path.join(HERE, "sidekiq_jobs.rb")
            subprocess.run(["ruby", script], check=True, env={**env, "BENCH_ENQUEUE": "1"}, stderr=subprocess.DEVNULL)
            command = ["sidekiq", "-r", script, "-c", "10", "-q", "default"]
            if survives:
                env["BENCH_RELIABLE"] = "1"
        else:
            script = os.path.join(HERE, "peer_jobs.py")
            subprocess.run([sys.executable, script, "enqueue", name], check=True, env=env, stderr=subprocess.DEVNULL)
            command = [sys.executable, script, "work", name]
        workers = [
            subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
            for _ in range(processes)]
        try:
            deadline = time.monotonic() + 120
            if processes > 1:
                seconds = seconds_of(jobs, port, deadline)
                return jobs / seconds if seconds else None
            while not (os.path.exists(result) and os.path.getsize(result) > 0):
                if workers[0].poll() is not None or time.monotonic() > deadline:
                    return None
                time.sleep(0.05)
            with open(result, encoding="ascii") as file:
                return (jobs - 1) / float(file.read())
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGKILL)
                worker.wait()


def main():
    port, names = sys.argv[1], sys.argv[2:] or list(PEERS)
    for name in names:
        rates = sorted(rate for rate in (measure(name, port) for _ in range(RUNS)) if rate)
        survives = "survives its worker's death" if PEERS[name][1] else "lost with its worker"
        print(f"{name}: {rates[len(rates) // 2]:.0f} jobs/s ({survives})" if rates else f"{name}: did not finish", flush=True)


main()
