"""What the rows share: how much is measured, on which cores, and the processes that take part."""
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from processes import BenchError, Process, counter, server_environment, start_server

__all__ = ["Bench", "Plan", "ask", "ask_and_count", "bottleneck", "machine", "say"]


class Plan:
    """Everything, or (--quick) just enough to see that the tools work."""

    def __init__(self, quick):
        self.quick = quick
        self.rounds = 3 if quick else 21

    def of(self, quick, full):
        return quick if self.quick else full

    def target(self, target):
        return None if self.quick else target


class Bench:
    def __init__(self, build, plan, directory):
        self.build, self.plan, self.directory = build, plan, directory
        self.server_binary = build / "carillon"
        self.tools = build / "tools" / "bench"
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2 and not plan.quick:
            raise BenchError("two cores are needed: one for the server, one for the load tool")
        self.server_core, self.load_core = cores[0], cores[-1]

    def server(self, environment=None, stub=None):
        """(process, port); the process is for a `with`."""
        return start_server(self.server_binary, self.server_core, stub, environment)

    def load(self, scenario, connections, target, port, *more):
        command = [self.tools / "load", "--scenario", scenario, "--connections", connections, "--pid", target.pid, "--port", port]
        return Process("load", [*command, *more], self.load_core, peer=target)

    def floor(self, *words):
        return Process("floor", [self.tools / "floor", *words], self.server_core)

    def starter(self, port, metrics_port):
        """A load tool that starts and ends servers by itself."""
        command = [self.tools / "load", "--scenario", "start", "--port", port, "--server", self.server_binary, "--core", self.server_core]
        return Process("load", command, self.load_core, server_environment(port, metrics_port))

    def take_turns(self, ours, floors, seconds, rounds=None):
        """Pairs of reports, as many as there is time for."""
        pairs = []
        end = time.monotonic() + seconds
        while len(pairs) < (rounds or self.plan.rounds) and time.monotonic() < end:
            pairs.append((ours(), floors()))
        return pairs


def ask(load, command):
    load.tell(command)
    return load.report(90)


def ask_and_count(load, command, server):
    """The same, and how often the server wrote meanwhile. The first answer of /metrics is such a write itself."""
    before = counter(server, "carillon_writes_total")
    report = ask(load, command)
    return {**report, "sends": counter(server, "carillon_writes_total") - before - 1}


def bottleneck(reports):
    """The load tool was: in more than half of the rounds its core was over 90 % busy while it was measured."""
    return sum(report["bottleneck"] for report in reports) * 2 > len(reports)


def machine():
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    return {
        "cpu": cpu,
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "command": " ".join(["tools/bench/run", *sys.argv[1:]]),
        "revision": revision(),
    }


def revision():
    """What is measured, where git knows; with a + behind it if something is not committed."""
    root = Path(__file__).resolve().parents[2]
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), "describe", "--always", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def say(text):
    print(text, flush=True)
