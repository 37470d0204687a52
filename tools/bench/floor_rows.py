"""Rows where the server really sends, beside a floor that does the same with nothing but the kernel (and OpenSSL)."""
from contextlib import ExitStack
from typing import NamedTuple

from bench import ask, ask_and_count, bottleneck, say
from certificate import certificate, tls_environment
from fanout_rows import THREE, speaking
from figures import median, row
from processes import BenchError
from tokens import shared_app

PUBLISH_TARGET = 1.10
BURST_TARGET = 1.15

# receivers -> publishes per round, their period in ms (longer than a publish takes, so that each finds an idle server), and
# the seconds after which no further round is begun. Many short rounds: the machine's moods change within seconds.
PACES = {10_000: (20, 120, 130), 1_000: (40, 20, 50), 100: (200, 4, 45)}


class Burst(NamedTuple):
    """Client events in one write, so many per round, at a period that is no multiple of the kernel's tick: the tick is what
    samples user and system time."""

    name: str
    frames: int
    channels: int
    data_bytes: int
    floor: str  # how it puts the frames together
    bursts: int
    period: float  # ms
    target: float = BURST_TARGET
    tls: bool = False


SMALL = Burst("c: 32 x 128 B per flush", 32, 1, 128, "joined", 40, 23.7)
LARGE = Burst("c: 32 x 1 KB per flush", 32, 1, 1024, "joined", 30, 31.7)
PAIRS = Burst("d: two dirty channels per session", 2, 2, 128, "copied", 60, 13.7)
THREE_FORMATS = Burst("j: one frame in three formats", 1, 1, 128, "joined", 60, 13.7, PUBLISH_TARGET)
TLS_ONE = Burst("q: TLS, 1 x 128 B per flush", 1, 1, 128, "joined", 40, 17.7, PUBLISH_TARGET, True)
TLS_MANY = Burst("q: TLS, 32 x 128 B per flush", 32, 1, 128, "joined", 25, 33.7, PUBLISH_TARGET, True)


# Row b: a paced HTTP publish to everyone.
def row_b(bench):
    paces = bench.plan.of({200: (5, 10, 20)}, PACES)
    return [each for receivers, pace in paces.items() for each in publish_rows(bench, receivers, *pace)]


def publish_rows(bench, receivers, publishes, period, seconds):
    with ExitStack() as stack:
        server, port = bench.server()
        stack.enter_context(server)
        server_load = stack.enter_context(bench.load("publish", receivers, server, port))
        opened = server_load.report(90)
        frame_bytes = opened["frame_bytes"]
        floor = stack.enter_context(bench.floor("frames", frame_bytes))
        floor_load = stack.enter_context(bench.load("publish", receivers, floor, floor.line(5), "--raw", "--frame-bytes", frame_bytes))
        floor_load.report(90)
        say(f"b: {receivers} connections open in {opened['open_seconds']:.2f} s, then as many to the floor")
        command = f"round {publishes} {period}"
        pairs = bench.take_turns(lambda: ask(server_load, command), lambda: ask(floor_load, command), seconds)
        return rows_of_publishes(bench, receivers, opened, *zip(*pairs))


def rows_of_publishes(bench, receivers, opened, ours, floors):
    cpu = [report["cpu_ns_per_delivery"] for report in ours]
    floor_cpu = [report["cpu_ns_per_delivery"] for report in floors]
    walls = [report["wall_ms_median"] for report in ours]
    floor_wall = median(report["wall_ms_median"] for report in floors)
    detail = {
        "opened": opened,
        "bottleneck": bottleneck(ours + floors),
        "server_ns_per_delivery": median(cpu),
        "floor_ns_per_delivery": median(floor_cpu),
        "floor_wall_ms": floor_wall,
        "reports": ours,
        "floor_reports": floors,
    }
    say(f"b: {receivers} receivers: {median(cpu):.0f} ns CPU per delivery, floor {median(floor_cpu):.0f} ns; "
        f"last receiver after {median(walls):.2f} ms, floor {floor_wall:.2f} ms")
    ratios = [mine / theirs for mine, theirs in zip(cpu, floor_cpu)]
    return [
        row(f"b: publish to {receivers}", ratios, "x floor's CPU", bench.plan.target(PUBLISH_TARGET), detail),
        row(f"b: last of {receivers} hears", walls, "ms", None, {"bottleneck": detail["bottleneck"], "floor_wall_ms": floor_wall}),
    ]


# Rows c and d: several client events for everyone in one flush, against the same bytes with nothing but the kernel.
def row_c(bench):
    return [burst_row(bench, SMALL), burst_row(bench, LARGE)]


def row_d(bench):
    return [burst_row(bench, PAIRS)]


# Row j: three wire formats at once, really sent.
def row_j(bench):
    return [burst_row(bench, THREE_FORMATS, shared_app(bench.server_binary), speaking(bench, THREE))]


# Row q: row c under TLS, against a loop of SSL_write.
def row_q(bench):
    return [burst_row(bench, TLS_ONE), burst_row(bench, TLS_MANY)]


def burst_row(bench, burst, environment=None, options=()):
    receivers = bench.plan.of(100, 1_000)
    shape = ["--frames", burst.frames, "--channels", burst.channels, "--data-bytes", burst.data_bytes]
    floor_options = ()
    if burst.tls:
        files = certificate(bench.directory)
        environment, options, floor_options = tls_environment(files), ["--tls"], ["--tls", *files]
    with ExitStack() as stack:
        server, port = bench.server(environment)
        stack.enter_context(server)
        server_load = stack.enter_context(bench.load("burst", receivers, server, port, *shape, *options))
        opened = server_load.report(90)
        sizes = [opened["frame_bytes"], burst.frames, opened["burst_bytes"]]
        floor = stack.enter_context(bench.floor(*floor_options, "bursts", *sizes, burst.floor))
        raw = ["--raw", "--frame-bytes", opened["frame_bytes"]]
        raw += ["--tls"] if burst.tls else []
        floor_load = stack.enter_context(bench.load("burst", receivers, floor, floor.line(5), *shape, *raw))
        floor_load.report(90)
        command = "round {} {}".format(*bench.plan.of((5, 10), (burst.bursts, burst.period)))
        pairs = bench.take_turns(
            lambda: ask_and_count(server_load, command, server), lambda: ask(floor_load, command), bench.plan.of(10, 60))
        return row_of_bursts(bench, burst, opened, pairs)


def row_of_bursts(bench, burst, opened, pairs):
    counted = [pair for pair in pairs if is_as_planned(*pair)]
    if not counted:
        ours = pairs[0][0]
        raise BenchError(f"{burst.name}: no round had one send per receiver and flush: {ours['sends']} sends for "
                         f"{ours['sends_expected']}, {ours['bytes']} bytes for {ours['bytes_expected']}")
    ours, floors = zip(*counted)
    detail = {"opened": opened, "not_counted": len(pairs) - len(counted), "bottleneck": bottleneck(ours + floors)}
    for name, reports in ("server", ours), ("floor", floors):
        detail[f"{name}_ns_per_send"] = burst.frames * median(report["cpu_ns_per_delivery"] for report in reports)
        detail[f"{name}_user_ns_per_send"] = user_ns_per_send(reports)
        detail[f"{name}_wall_ms"] = median(report["wall_ms_median"] for report in reports)
    say("{}: {server_ns_per_send:.0f} ns CPU per send, of it {server_user_ns_per_send:.0f} in user space; floor "
        "{floor_ns_per_send:.0f}, of it {floor_user_ns_per_send:.0f}; last receiver after {server_wall_ms:.2f} ms, floor "
        "{floor_wall_ms:.2f} ms".format(burst.name, **detail))
    if detail["not_counted"]:
        say(f"{burst.name}: {detail['not_counted']} of {len(pairs)} rounds not counted: not one send per receiver and flush")
    ratios = [mine["cpu_ns_per_delivery"] / theirs["cpu_ns_per_delivery"] for mine, theirs in counted]
    detail.update(reports=[mine for mine, _ in pairs], floor_reports=[theirs for _, theirs in pairs])
    return row(burst.name, ratios, "x floor's CPU", bench.plan.target(burst.target), detail)


def is_as_planned(ours, floors):
    """All the bytes and not one more, and each burst in one send per receiver (the floor knows no other way)."""
    return ours["exact"] and floors["exact"] and ours["sends"] == ours["sends_expected"]


def user_ns_per_send(reports):
    """Of all rounds together: one alone has too few ticks."""
    sends = sum(report["bursts"] * report["receivers"] for report in reports)
    return 1e9 * sum(report["user_seconds"] for report in reports) / sends


ROWS = {"b": row_b, "c": row_c, "d": row_d, "j": row_j, "q": row_q}
