#!/usr/bin/env python3
"""Many subscribers of one API process: its memory, and how late the slowest hears of an event.

Each subscriber follows the same batch over Server-Sent Events. A worker is played by `echo` jobs of the batch, which report
their start and end. Lateness is from the moment an event is stamped to its arrival.

usage: subscribers.py [SUBSCRIBERS [JOBS]]
"""

import asyncio
import datetime
import json
import sys
import time
import urllib.parse
import uuid

import redis
from fleet import Fleet, mib, peak_rss, reset_peak


async def follow(host, port, key, batch, lateness, counts, started):
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    writer.write(
        f"GET /v1/batches/{batch}/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        "Accept: text/event-stream\r\n\r\n".encode())
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"the API answered {status!r}")
    started.release()
    seen = set()
    try:
        while True:
            line = await reader.readline()
            if not line:
                break
            if not line.startswith(b"data:"):
                continue
            event = json.loads(line[5:])
            if "seq" not in event or not str(event.get("event", "")).startswith("STEP"):
                continue
            at = datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()
            lateness.append(time.time() - at)
            seen.add(event["seq"])
    finally:
        counts.append(len(seen))
        writer.close()


async def watch(fleet, subscribers, events):
    url = urllib.parse.urlparse(fleet.env["FLOTILLA_URL"])
    batch = fleet.call("POST", "/v1/batches", {"recipe": "bulk-rename"})["id"]
    api = fleet.pid("api")
    idle = peak_rss(api)
    lateness, counts, started = [], [], asyncio.Semaphore(0)
    key = fleet.env["FLOTILLA_API_KEY"]
    reset_peak(api)
    tasks = [
        asyncio.create_task(follow(url.hostname, url.port, key, batch, lateness, counts, started))
        for _ in range(subscribers)
    ]
    for _ in range(subscribers):
        await started.acquire()
    connected = peak_rss(api)
    server = redis.Redis.from_url(fleet.env["FLOTILLA_REDIS_URL"])
    tag, channel = "{%s}" % fleet.env["FLOTILLA_NAMESPACE"], f"{fleet.env['FLOTILLA_NAMESPACE']}:progress:{batch}"
    for _ in range(events):
        sequence = server.hincrby(f"{tag}:snapshot:{batch}", "seq", 1)
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = json.dumps({
            "v": 1, "seq": sequence, "event": "STEP_PROGRESS", "batch": batch, "asset": str(uuid.uuid4()), "job": None,
            "queue": "compress", "stage": "encode", "percent": 42.0, "at": now, "data": {}})
        with server.pipeline(transaction=True) as pipe:
            pipe.rpush(f"{tag}:events:{batch}", message)
            pipe.publish(channel, message)
            pipe.execute()
        await asyncio.sleep(0.25)
    await asyncio.sleep(2)
    peak = peak_rss(api)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    lateness.sort()
    complete = sum(1 for count in counts if count == events)
    print(
        f"{subscribers} subscribers, {events} events at 4 a second: {complete} heard all of them; an event arrives after "
        f"{lateness[len(lateness) // 2] * 1000:.0f} ms (p50), {lateness[int(len(lateness) * .99)] * 1000:.0f} ms (p99), "
        f"{lateness[-1] * 1000:.0f} ms at most; peak RSS of the API {mib(peak)} (idle {mib(idle)}, all connected {mib(connected)})")
    return complete == subscribers


def main():
    subscribers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    events = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with Fleet() as fleet:
        ok = asyncio.run(watch(fleet, subscribers, events))
    sys.exit(0 if ok else 1)


main()
