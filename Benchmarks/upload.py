#!/usr/bin/env python3
"""The API's memory while a large file is uploaded, and its pace as a share of what sha256sum does with the same file.

usage: upload.py [MIB]      default 1024
"""

import os
import subprocess
import sys
import tempfile
import time

from fleet import ROOT, Fleet, mib, peak_rss, reset_peak


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    folder = tempfile.mkdtemp(dir=os.path.join(ROOT, ".run"))
    path = os.path.join(folder, "large.bin")
    with open(path, "wb") as file:
        for _ in range(size):
            file.write(os.urandom(1 << 20))
    try:
        with Fleet() as fleet:
            api = fleet.pid("api")
            batch = fleet.call("POST", "/v1/batches", {"recipe": "bulk-rename"})["id"]
            idle = peak_rss(api)
            for run in range(3):
                reset_peak(api)
                started = time.monotonic()
                asset = fleet.call("PUT", f"/v1/batches/{batch}/assets/large-{run}.bin", file=path)
                took = time.monotonic() - started
                began = time.monotonic()
                digest = subprocess.run(["sha256sum", path], check=True, capture_output=True, text=True).stdout.split()[0]
                limit = time.monotonic() - began
                assert asset["sha256"] == digest and asset["bytes"] == size << 20, "the API recorded other bytes"
                print(
                    f"upload of {size} MiB: peak RSS of the API {mib(peak_rss(api))} (idle {mib(idle)}), "
                    f"{size / took:.0f} MiB/s = {limit / took:.2f} of sha256sum alone ({size / limit:.0f} MiB/s)"
                )
            fleet.call("DELETE", f"/v1/batches/{batch}")
    finally:
        os.remove(path)
        os.rmdir(folder)


main()
