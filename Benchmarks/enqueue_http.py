#!/usr/bin/env python3
"""Jobs a second that an API process accepts: recorded in PostgreSQL, queued in Redis, answered with 202.

One client and several, a job in each request and 1,000; beside GET /health over the same connections, which is what the
HTTP server and this client can do. The queue is paused meanwhile, so that nothing else is measured.

usage: enqueue_http.py [RUNS [SECONDS]]
"""

import asyncio
import json
import statistics
import sys
import time
import urllib.parse

from fleet import Fleet

JOB = {"queue": "scan", "kind": "echo", "payload": {"n": 1}}


async def ask(reader, writer, request):
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
    return status


async def client(url, request, wanted, until):
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    count = 0
    while time.monotonic() < until:
        status = await ask(reader, writer, request)
        if status != wanted:
            raise RuntimeError(f"the API answered {status}")
        count += 1
    writer.close()
    return count


async def rate(url, request, wanted, clients, seconds):
    started = time.monotonic()
    counts = await asyncio.gather(*(client(url, request, wanted, started + seconds) for _ in range(clients)))
    return sum(counts) / (time.monotonic() - started)


def request(fleet, url, method, path, body=None):
    data = json.dumps(body).encode() if body is not None else b""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {url.hostname}\r\nAuthorization: Bearer {fleet.env['FLOTILLA_API_KEY']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n").encode() + data


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3
    with Fleet() as fleet:
        url = urllib.parse.urlparse(fleet.env["FLOTILLA_URL"])
        fleet.call("POST", "/v1/queues/scan/pause")
        cases = [
            ("GET /health", request(fleet, url, "GET", "/health"), 200, 1),
            ("POST /v1/jobs", request(fleet, url, "POST", "/v1/jobs", JOB), 202, 1),
            ("POST /v1/jobs/bulk of 1,000", request(fleet, url, "POST", "/v1/jobs/bulk", {"jobs": [JOB] * 1000}), 202, 1000),
        ]
        for clients in (1, 16):
            limit = None
            for name, text, wanted, jobs in cases:
                rates = [asyncio.run(rate(url, text, wanted, clients, seconds)) * jobs for _ in range(runs)]
                median = statistics.median(rates)
                limit = limit or median
                share = f", {median / limit:.2f} of the requests to /health" if jobs == 1 and wanted == 202 else ""
                print(f"{clients} client{'s' if clients > 1 else ''}, {name}: {median:,.0f} a second{share}", flush=True)
        drain(fleet)


def drain(fleet):
    """Has the workers run what was enqueued: whatever comes next on this fleet finds an open, empty queue."""
    fleet.call("POST", "/v1/queues/scan/resume")
    while sum(queue["waiting"] + queue["running"] for queue in fleet.call("GET", "/v1/queues")["items"]):
        time.sleep(1)


if __name__ == "__main__":
    main()
