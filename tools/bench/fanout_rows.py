"""Rows where the server's sends are stubbed: what Carillon itself adds to each delivery."""
import tempfile
import time
from contextlib import ExitStack

from bench import bottleneck, say
from figures import row
from processes import BenchError
from tokens import credentials_for, shared_app

STUB_BYTES = 4096  # stub_memory.h
TARGETS = {1: 15, 32: 1}  # frames per flush -> ns of CPU per delivery
THREE = "pusher,turbine,notiflux"
# Who listens to one channel -> frames per flush -> ns of CPU per delivery.
AUDIENCES = {"turbine": TARGETS, "notiflux": TARGETS, THREE: {1: 60}}
# Receivers -> frames per flush. The two lines of the picture: along the receivers, and along the frames.
SWEEP = {10: (1, 32), 100: (1, 32), 1_000: (1, 32), 10_000: (1, 2, 4, 8, 16, 32)}


def row_a(bench):
    return fanout_rows(bench, "a: fan-out", TARGETS)


# Row i: as row a, for audiences of other protocols, and of three at once: their clients hear the channel of the sender,
# who speaks Pusher, for all speak for one app.
def row_i(bench):
    rows = []
    for speak, targets in AUDIENCES.items():
        rows += fanout_rows(bench, f"i: {speak}", targets, environment=shared_app(bench.server_binary), options=speaking(bench, speak))
    return rows


def speaking(bench, speak):
    return ["--speak", speak, *credentials_for(bench.server_binary, "private-bench")]


# Row s: row a along both axes, with fewer rounds: for the picture.
def row_s(bench):
    rows = []
    for receivers, frames in bench.plan.of({10: (1, 2)}, SWEEP).items():
        rows += fanout_rows(bench, f"s: {receivers} subscribers", dict.fromkeys(frames), receivers, bench.plan.of(3, 7))
    return rows


def fanout_rows(bench, name, targets, receivers=None, rounds=None, environment=None, options=()):
    plan = bench.plan
    receivers, rounds = receivers or plan.of(200, 10_000), rounds or plan.rounds
    with ExitStack() as stack:
        counters = stack.enter_context(tempfile.NamedTemporaryFile(prefix="carillon_bench_"))
        counters.truncate(STUB_BYTES)
        server, port = bench.server(environment, (bench.tools / "libbench_stub.so", counters.name))
        stack.enter_context(server)
        load = stack.enter_context(bench.load("fanout", receivers, server, port, "--stub", counters.name, *options))
        opened = load.report(90)
        say(f"{name}: {opened['connections']} connections open in {opened['open_seconds']:.2f} s")
        reports = {frames: [] for frames in targets}
        end = time.monotonic() + plan.of(20, 40)
        while len(reports[min(reports)]) < rounds and time.monotonic() < end:
            for frames, each in reports.items():
                load.tell(f"round {frames} {plan.of(50, 1_100)}")
                each.append(load.report(90))
    return [fanout_row(bench, name, frames, targets[frames], opened, each) for frames, each in reports.items()]


def fanout_row(bench, name, frames, target, opened, reports):
    exact = all(report["exact"] for report in reports)
    detail = {"opened": opened, "exact": exact, "bottleneck": bottleneck(reports), "reports": reports}
    for wrong in [report for report in reports if not report["exact"]][:1]:
        text = (f"{name}: not one send of {frames} frames per receiver and flush: {wrong['calls']} calls for "
                f"{wrong['calls_expected']}, {wrong['bytes']} bytes for {wrong['bytes_expected']}")
        if bench.plan.quick:
            raise BenchError(text)  # no noise explains this, so it is fit for a test
        say(text)
    values = [report["cpu_ns_per_delivery"] for report in reports]
    return row(f"{name}, {frames} per flush", values, "ns CPU/delivery", bench.plan.target(target), detail, exact)


ROWS = {"a": row_a, "i": row_i, "s": row_s}
