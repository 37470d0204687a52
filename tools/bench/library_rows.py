"""Rows about the library: a message inside one process, with a counting hook (tools/bench/inproc), and the patterns' index
(pattern_bench)."""
import subprocess

from bench import say
from core_rows import reports_of
from figures import median, row
from processes import BenchError

ONE_HANDLER_TARGET = 5e6  # deliveries a second
MANY_HANDLERS_TARGET_NS = 15
THREADS_TARGET = 2
PATTERN_TARGET_NS = 1000
LOAD = 0.7  # of the highest rate


def inproc(bench, *words):
    return reports_of([bench.tools / "inproc", *words], 120)[0]


# Row t: one handler on the caller's loop, 64 bytes, a thousand published and then one run.
def row_t(bench):
    count, rounds = bench.plan.of((20_000, 3), (2_000_000, 15))
    reports = [inproc(bench, "handlers", 1, count) for _ in range(rounds)]
    say(f"t: {median(r['ns_per_delivery'] for r in reports):.0f} ns from publish to handler; a locked vector and a function "
        f"{median(r['floor_ns'] for r in reports):.1f} ns")
    values = [1e9 / each["ns_per_delivery"] for each in reports]
    return [row("t: one handler, caller's loop", values, "deliveries/s", bench.plan.target(ONE_HANDLER_TARGET), {"reports": reports},
                at_least=True)]


# Row u: the same with a thousand handlers.
def row_u(bench):
    count, rounds = bench.plan.of((1_000, 3), (20_000, 15))
    reports = [inproc(bench, "handlers", 1000, count) for _ in range(rounds)]
    say(f"u: a vector and a thousand functions take {median(r['floor_ns'] for r in reports):.2f} ns")
    values = [each["ns_per_delivery"] for each in reports]
    return [row("u: 1000 handlers", values, "ns/delivery", bench.plan.target(MANY_HANDLERS_TARGET_NS), {"reports": reports})]


# Row v: from one thread to another, nothing lost, beside ZeroMQ; and how late at part of the highest rate.
def row_v(bench):
    count, rounds = bench.plan.of((20_000, 3), (2_000_000, 11))
    reports = [inproc(bench, "threads", count) for _ in range(rounds)]
    ratios = [each["per_second"] / each["zeromq_pub_sub"] for each in reports]
    rate = median(each["per_second"] for each in reports)
    say(f"v: {rate / 1e6:.2f} million messages a second; ZeroMQ, PUB to SUB: "
        f"{median(r['zeromq_pub_sub'] for r in reports) / 1e6:.2f}, PUSH to PULL: "
        f"{median(r['zeromq_push_pull'] for r in reports) / 1e6:.2f}")
    late = [inproc(bench, "latency", max(1000, int(rate * LOAD * bench.plan.of(0.02, 1))), int(rate * LOAD)) for _ in range(rounds)]
    say(f"v: ZeroMQ's p99 at the same rate: {median(r['zeromq_p99_us'] for r in late):.0f} us")
    return [
        row("v: thread to thread, over ZeroMQ", ratios, "x messages/s", bench.plan.target(THREADS_TARGET), {"reports": reports},
            at_least=True),
        row("v: the same", [each["per_second"] for each in reports], "messages/s", None, {}),
        row("v: p99 at 70 % of that", [each["p99_us"] for each in late], "us", None, {"reports": late}),
    ]


# Row w: names looked up among patterns of levels.
def row_w(bench):
    count, rounds = bench.plan.of((1_000, 3), (100_000, 7))
    values, floors = [], []
    for _ in range(rounds):
        try:
            done = subprocess.run([str(bench.build / "pattern_bench"), str(count)], capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            raise BenchError("pattern_bench did not end within 60 s") from None
        if done.returncode != 0:
            raise BenchError(f"pattern_bench ended with code {done.returncode}: {done.stderr.strip()}")
        found = {words[0]: float(words[2]) for words in map(str.split, done.stdout.splitlines())}
        values.append(found["match"])
        floors.append(found["floor"])
    say(f"w: a hash look-up for each level of the same names takes {median(floors):.0f} ns")
    return [row(f"w: a name among {count} patterns", values, "ns/match", bench.plan.target(PATTERN_TARGET_NS), {"floors": floors})]


ROWS = {"t": row_t, "u": row_u, "v": row_v, "w": row_w}
