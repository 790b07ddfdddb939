#!/usr/bin/env python3
"""Pictures a second through scan, analyse, compress and export, and the memory of each worker.

The peer in the same run makes only the three variants of the same pictures, with libvips' own command, on all cores:
what the compress step alone could reach at best.

usage: pipeline.py [FOLDER [COPIES [RUNS]]]     default: Tests/Media/photo and Tests/Media/orientation, 3 copies, 3 runs
"""

import os
import subprocess
import sys
import tempfile
import time

from fleet import ROOT, WORKERS, Fleet, median, mib


def pictures(folders):
    found = []
    for folder in folders:
        for name in sorted(os.listdir(folder)):
            if name.lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".heic", ".avif", ".tif", ".tiff")):
                found.append(os.path.join(folder, name))
    return found


def peer(files):
    """Seconds of vipsthumbnail for three sizes of each file, one process a core."""
    with tempfile.TemporaryDirectory() as out:
        commands = []
        for number, path in enumerate(files):
            for size, suffix in (("1600x1600>", "web.webp[Q=80]"), ("1600x1600>", "f.jpg[Q=80]"), ("320x320>", "t.webp[Q=75]")):
                commands += [path, "--eprofile", "srgb", "--size", size, "-o", f"{out}/{number}-{suffix}"]
        began = time.monotonic()
        subprocess.run(
            ["xargs", "-0", "-P", str(os.cpu_count()), "-n", "7", "vipsthumbnail"],
            input="\0".join(commands).encode(), check=False, stderr=subprocess.DEVNULL, env={**os.environ, "VIPS_CONCURRENCY": "1"})
        return time.monotonic() - began


def main():
    folders = [sys.argv[1]] if len(sys.argv) > 1 else [os.path.join(ROOT, "Tests/Media", n) for n in ("photo", "orientation")]
    copies = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    files = pictures(folders)
    named = [(f"{copy}-{os.path.basename(path)}", path) for copy in range(copies) for path in files]
    size = sum(os.path.getsize(path) for _, path in named)
    print(f"{len(named)} pictures, {mib(size)}, {os.cpu_count()} cores")
    with Fleet() as fleet:
        idle = {kind: fleet.memory(fleet.pid(f"{kind}-1")) for kind in WORKERS}
        work = dict.fromkeys(WORKERS, (0, 0))

        def sample():
            for kind in WORKERS:
                now = fleet.memory(fleet.pid(f"{kind}-1"))
                work[kind] = tuple(max(pair) for pair in zip(work[kind], now))

        rates, shares = [], []
        for _ in range(runs):
            batch = fleet.batch("bulk-rename", named)
            state, took = fleet.run(batch, sample)
            limit = peer([path for _, path in named])
            assert state["status"] == "completed", state
            rates.append(state["processed"] / took)
            shares.append(limit / took)
            print(
                f"  {state['processed']} processed, {state['failed']} failed in {took:.2f} s: {rates[-1]:.2f} pictures/s; "
                f"vipsthumbnail alone {len(named) / limit:.2f}/s")
            fleet.call("DELETE", f"/v1/batches/{batch}")
        print(f"pipeline: {median(rates):.2f} pictures/s, {median(shares):.2f} of vipsthumbnail making the variants alone")
        for kind in WORKERS:
            own, helpers = idle[kind]
            most, most_helpers = work[kind]
            print(
                f"memory of the {kind} worker: idle {mib(own)} + helpers {mib(helpers)}; "
                f"at work {mib(most)} + helpers {mib(most_helpers)}")


main()
