"""Rows that need no `carillon serve`: who comes back (tools/bench/recovery), the hub without a socket (hub_bench), tokens
(auth_bench) and frames (decoder_bench)."""
import json
import subprocess

from bench import say
from figures import median, row
from processes import BenchError

PUBLISH_TARGET_NS = 1000  # a million publishes a second
CHANNEL_TARGET_BYTES = 512
TOKEN_TARGET = 1.25
FRAME_TARGET_NS = 25


def reports_of(command, seconds):
    """The JSON lines that a tool prints before it ends."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=seconds, cwd="/")
    except subprocess.TimeoutExpired:
        raise BenchError(f"{command[0]} did not end within {seconds} s") from None
    if done.returncode != 0:
        raise BenchError(f"{command[0]} ended with code {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


# Row e: a thousand recover 500 messages each, all at once, beside a stream of a thousand messages a second to fifty others.
def row_e(bench):
    clients, rounds = bench.plan.of((20, 3), (1000, 15))
    reports = reports_of([bench.tools / "recovery", clients, rounds], 180)
    say(f"e: {clients} clients caught up in {median(r['caught_up_ms'] for r in reports):.1f} ms, "
        f"the floor sent the same bytes in {median(r['floor_ms'] for r in reports):.1f} ms; "
        f"the others' p99 before: {reports[0]['others_p99_alone_ms']:.2f} ms, "
        f"beside the floor: {median(r['others_p99_beside_floor_ms'] for r in reports):.2f} ms")
    ratios = [each["caught_up_ms"] / each["floor_ms"] for each in reports]
    return [
        row(f"e: {clients} recover 500 each", [each["caught_up_ms"] for each in reports], "ms", None, {"reports": reports}),
        row("e: the same", ratios, "x floor's time", None, {}),
        row("e: others' p99 meanwhile", [each["others_p99_ms"] for each in reports], "ms", None, {}),
    ]


# Row f: one hot channel, published from two loops that both hear it.
def row_f(bench):
    count, rounds = bench.plan.of((20_000, 3), (1_000_000, 11))
    reports = [reports_of([bench.build / "hub_bench", "publish", count], 60)[0] for _ in range(rounds)]
    nanoseconds = [each["ns_per_publish"] for each in reports]
    say(f"f: {1000 / median(nanoseconds):.2f} million publishes a second, each heard on two loops")
    ratios = [each["ns_per_publish"] / each["floor_ns"] for each in reports]
    return [
        row("f: hot channel, two loops", nanoseconds, "ns/publish", bench.plan.target(PUBLISH_TARGET_NS), {"reports": reports}),
        row("f: the same", ratios, "x two locked queues", None, {}),
    ]


# Row g: channels of one subscriber each, names of 24 bytes.
def row_g(bench):
    count, rounds = bench.plan.of((20_000, 3), (1_000_000, 6))
    reports = [reports_of([bench.build / "hub_bench", "channels", count], 60)[0] for _ in range(rounds)]
    values = [each["bytes_per_channel"] for each in reports]
    return [row(f"g: one of {count} channels", values, "bytes", bench.plan.target(CHANNEL_TARGET_BYTES), {})]


# Row h: a JSON Web Token verified, divided by what OpenSSL alone takes for its signature.
def row_h(bench):
    rows = []
    for algorithm, count in {"hs256": 1_000_000, "es256": 10_000}.items():
        each_round, rounds = bench.plan.of((count // 50, 3), (count, 15))
        reports = [reports_of([bench.build / "auth_bench", algorithm, each_round], 60)[0] for _ in range(rounds)]
        ratios = [each["ns_per_token"] / each["bare_ns"] for each in reports]
        say(f"h: {algorithm.upper()}: {median(r['ns_per_token'] for r in reports):.0f} ns a token, "
            f"its signature alone {median(r['bare_ns'] for r in reports):.0f} ns")
        rows.append(row(f"h: token, {algorithm.upper()}", ratios, "x OpenSSL alone", bench.plan.target(TOKEN_TARGET), {"reports": reports}))
    return rows


# For row k: a client's frame taken apart, and nothing else.
def decoder_rows(bench):
    count, rounds = bench.plan.of((100_000, 3), (10_000_000, 11))
    reports = [reports_of([bench.build / "decoder_bench", count], 60)[0] for _ in range(rounds)]
    values = [each["ns_per_frame"] for each in reports]
    return [row("k: frame parsed and unmasked", values, "ns CPU/frame", bench.plan.target(FRAME_TARGET_NS), {})]


ROWS = {"e": row_e, "f": row_f, "g": row_g, "h": row_h}
