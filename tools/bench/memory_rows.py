"""Rows about resident memory of connections that were busy and then rest."""
import time
from contextlib import ExitStack
from pathlib import Path

from bench import say
from certificate import certificate, tls_environment
from figures import median, row

SHARED_TARGET_BYTES = 1536
ALONE_TARGET_BYTES = 2304
TLS_TARGET_BYTES = 2048
EVENTS, EVENT_BYTES = 8, 128
RAW_BLOCK_BYTES, RAW_ANSWER_BYTES = 1024, 192


class Crowd:
    """A process with so many connections, and what they have added to its memory."""

    def __init__(self, bench, stack, process, port, connections, options):
        stack.enter_context(process)
        self.pid, self.connections = process.pid, connections
        self.before = resident(self.pid)
        load = stack.enter_context(bench.load("idle", connections, process, port, *options))
        opened = load.report(90)
        say(f"{process.name}: {opened['connections']} connections open in {opened['open_seconds']:.1f} s")

    def bytes_each(self):
        return (resident(self.pid) - self.before) / self.connections


def resident(pid):
    """Bytes, counted page by page: VmRSS is only as fresh as the last tick."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    return 0


def server_crowd(bench, stack, connections, options=(), environment=None):
    server, port = bench.server(environment)
    shape = ["--frames", EVENTS, "--data-bytes", EVENT_BYTES]
    return Crowd(bench, stack, server, port, connections, [*shape, *options])


def rest(bench):
    time.sleep(bench.plan.of(2, 60))


# Row l: each server is measured once, six of a kind, and all rest together.
def row_l(bench):
    servers, connections = bench.plan.of((1, 200), (6, 10_000))
    with ExitStack() as stack:
        shared = [server_crowd(bench, stack, connections) for _ in range(servers)]
        alone = [server_crowd(bench, stack, connections, ["--alone"]) for _ in range(servers)]
        rest(bench)
        kinds = ("one shared channel", shared, SHARED_TARGET_BYTES), ("a channel each", alone, ALONE_TARGET_BYTES)
        return [
            row(f"l: idle, {kind}", [each.bytes_each() for each in crowds], "bytes/connection", bench.plan.target(target),
                {"connections": connections})
            for kind, crowds, target in kinds
        ]


# Row p: the same under TLS, beside a process that holds nothing but a socket and OpenSSL's object for each.
def row_p(bench):
    pairs, connections = bench.plan.of((1, 100), (6, 5_000))
    files = certificate(bench.directory)
    raw = ["--raw", "--frame-bytes", RAW_ANSWER_BYTES, "--data-bytes", RAW_BLOCK_BYTES, "--tls"]
    with ExitStack() as stack:
        ours, floors, plain = [], [], []
        for _ in range(pairs):
            ours.append(server_crowd(bench, stack, connections, ["--tls"], tls_environment(files)))
            floor = bench.floor("--tls", *files, "blocks", RAW_ANSWER_BYTES, RAW_BLOCK_BYTES)
            floors.append(Crowd(bench, stack, floor, floor.line(5), connections, raw))
            plain.append(server_crowd(bench, stack, connections))
        rest(bench)
        ours, floors, plain = ([crowd.bytes_each() for crowd in crowds] for crowds in (ours, floors, plain))
    say(f"p: {median(ours):.0f} bytes per TLS connection, bare OpenSSL {median(floors):.0f}; without TLS {median(plain):.0f}")
    detail = {"connections": connections, "server": ours, "floor": floors, "plain": plain}
    differences = [mine - theirs for mine, theirs in zip(ours, floors)]
    return [row("p: TLS, idle, above bare OpenSSL", differences, "bytes/connection", bench.plan.target(TLS_TARGET_BYTES), detail)]


ROWS = {"l": row_l, "p": row_p}
