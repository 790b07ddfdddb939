#!/usr/bin/env python3
"""How soon a codec's CPU is free after a client deletes the batch: from the HTTP request to the death of the helper process.

Two recipes of this script's own, so that the encoder surely runs: an AVIF of a large picture at the highest effort, and a
long film. The helper's end is read from /proc, every half millisecond.

usage: cancel.py [RUNS]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from fleet import ROOT, Fleet, _children

RECIPES = {
    "avif": "    images:\n      - { name: avif, format: avif, max_width: 8000, max_height: 8000, quality: 80, effort: 9 }",
    "h264": "    video:\n      max_long_side: 1280\n      max_short_side: 720\n      crf: 20",
    "hevc": "    video:\n      codec: hevc\n      max_long_side: 1280\n      max_short_side: 720\n      crf: 20",
}


def media(folder):
    picture, film = os.path.join(folder, "large.png"), os.path.join(folder, "long.mp4")
    noise = ["-f", "lavfi", "-i", "testsrc2=size=4000x3000:rate=1", "-frames:v", "1", picture]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *noise], check=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30:duration=120", "-c:v",
         "libx264", "-preset", "ultrafast", film], check=True)
    return {"avif": picture, "h264": film, "hevc": film}


def busy(pids):
    """Which of these processes burn CPU right now."""
    def ticks(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        except (OSError, ProcessLookupError):
            return None
    before = {pid: ticks(pid) for pid in pids}
    time.sleep(0.2)
    after = {pid: ticks(pid) for pid in pids}
    return [pid for pid in pids if before[pid] is not None and after[pid] is not None and after[pid] - before[pid] >= 10]


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] in ("Z", "X")
    except (OSError, ProcessLookupError):
        return True


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory(dir=os.path.join(ROOT, ".run")) as folder:
        files = media(folder)
        recipes = os.path.join(folder, "recipes")
        os.mkdir(recipes)
        for name, body in RECIPES.items():
            with open(os.path.join(recipes, name + ".yaml"), "w", encoding="ascii") as file:
                indented = "\n".join("  " + line for line in body.splitlines())
                file.write(f"name: {name}\nsteps:\n  - scan: {{}}\n  - compress:\n{indented}\nwhen_done: []\n")
        os.environ["FLOTILLA_RECIPES"] = recipes
        with Fleet() as fleet:
            worker = fleet.pid("compress-1")
            for name, path in files.items():
                times = []
                for run in range(runs):
                    batch = fleet.batch(name, [(os.path.basename(path), path)])
                    fleet.call("POST", f"/v1/batches/{batch}/start")
                    helpers = []
                    while not helpers:
                        helpers = busy(_children(worker))
                    time.sleep(0.05 * (run % 10))
                    began = time.monotonic()
                    request = threading.Thread(target=fleet.call, args=("DELETE", f"/v1/batches/{batch}"))
                    request.start()
                    while not all(is_gone(pid) for pid in helpers):
                        time.sleep(0.0005)
                    times.append((time.monotonic() - began) * 1000)
                    request.join()
                times.sort()
                print(
                    f"cancel in the middle of {name}: CPU free after {statistics.median(times):.0f} ms (p50), "
                    f"{times[min(len(times) - 1, int(len(times) * .99))]:.0f} ms (p99 of {len(times)})")


main()
