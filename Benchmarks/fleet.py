"""A fleet for one benchmark: brought up by the project's own scripts, spoken to as any client does."""

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORKERS = ("scan", "analyze", "compress", "export")


class Fleet:
    def __enter__(self):
        subprocess.run(["scripts/up.sh"], cwd=ROOT, check=True)
        with open(os.path.join(ROOT, ".run/fleet.env"), encoding="utf-8") as lines:
            self.env = dict(line.strip().split("=", 1) for line in lines if "=" in line)
        return self

    def __exit__(self, *_):
        subprocess.run(["scripts/down.sh"], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)

    def call(self, method, path, body=None, file=None):
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": "Bearer " + self.env["FLOTILLA_API_KEY"]}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if file is not None:
            data = open(file, "rb")
            headers["Content-Length"] = str(os.path.getsize(file))
            headers["Content-Type"] = "application/octet-stream"
        request = urllib.request.Request(self.env["FLOTILLA_URL"] + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
        finally:
            if file is not None:
                data.close()
        return json.loads(text) if text else None

    def batch(self, recipe, files):
        """Uploads files, given as (name, path), into a new batch; returns its id."""
        batch = self.call("POST", "/v1/batches", {"recipe": recipe})["id"]
        for name, path in files:
            self.call("PUT", f"/v1/batches/{batch}/assets/{urllib.parse.quote(name)}", file=path)
        return batch

    def run(self, batch, while_waiting=lambda: None):
        """Starts a batch; returns the batch and the seconds from the start to its end."""
        started = time.monotonic()
        self.call("POST", f"/v1/batches/{batch}/start")
        while True:
            state = self.call("GET", f"/v1/batches/{batch}")
            if state["status"] not in ("pending", "processing"):
                return state, time.monotonic() - started
            while_waiting()
            time.sleep(0.1)

    @staticmethod
    def pid(name):
        with open(os.path.join(ROOT, ".run/pids", name + ".pid"), encoding="ascii") as file:
            return int(file.read())

    @staticmethod
    def memory(pid):
        """Resident bytes of a process and of its helpers: the proportional set size, so shared pages count once."""
        own, helpers = _pss(pid), 0
        for child in _children(pid):
            helpers += _pss(child)
        return own, helpers


def _pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
            return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, ProcessLookupError):
        return 0


def _children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass
    return found


def peak_rss(pid):
    """The highest resident size since reset_peak, in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def reset_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def mib(size):
    return f"{size / (1 << 20):.1f} MiB"
