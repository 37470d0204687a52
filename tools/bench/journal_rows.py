"""Rows about journals: what it costs to keep things for good (tools/bench/journal), beside the bare system calls."""
import shutil

from bench import say
from core_rows import reports_of
from figures import median, row

GROUPS_TARGET = 0.8  # of write() and fdatasync()
REPLAY_TARGET = 2e6  # messages a second
PUBLISH_TARGET = 1.5  # times the cost without a journal
RESTART_TARGET_S = 2


def journal(bench, scenario, count, rounds):
    """Each round in a directory of its own, which is gone afterwards: ten million messages are 2 GB."""
    reports = []
    for _ in range(rounds):
        directory = bench.directory / "journal"
        try:
            reports.append(reports_of([bench.tools / "journal", scenario, count, directory], 300)[0])
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    return reports


# Row x: a hundred messages of 200 bytes, stored before the next hundred.
def row_x(bench):
    count, rounds = bench.plan.of((20, 2), (300, 11))
    reports = journal(bench, "groups", count, rounds)
    say(f"x: {median(r['messages_per_second'] for r in reports):.0f} messages a second; write and fdatasync "
        f"{median(r['floor_per_second'] for r in reports):.0f}")
    ratios = [r["messages_per_second"] / r["floor_per_second"] for r in reports]
    return [row("x: groups of 100 stored, over write and fdatasync", ratios, "x", bench.plan.target(GROUPS_TARGET), {"reports": reports},
                at_least=True)]


# Row y: one message, stored before the next.
def row_y(bench):
    count, rounds = bench.plan.of((20, 2), (500, 11))
    reports = journal(bench, "single", count, rounds)
    say(f"y: write and fdatasync of one message take {median(r['floor_us'] for r in reports):.0f} us")
    return [
        row("y: one message until it is stored", [r["us"] for r in reports], "us", None, {"reports": reports}),
        row("y: the same, over write and fdatasync", [r["us"] / r["floor_us"] for r in reports], "x", None, {}),
    ]


# Row z: read back, by the journal's reader and by a subscriber of the library.
def row_z(bench):
    count, rounds = bench.plan.of((20_000, 2), (2_000_000, 11))
    reports = journal(bench, "replay", count, rounds)
    return [
        row("z: replay, a journal's reader", [r["reader_per_second"] for r in reports], "messages/s", None, {"reports": reports}),
        row("z: replay, a subscriber from the beginning", [r["library_per_second"] for r in reports], "messages/s",
            bench.plan.target(REPLAY_TARGET), {}, at_least=True),
    ]


# Row aa: from publish() to a handler, with a journal that syncs every 10 ms, and without.
def row_aa(bench):
    count, rounds = bench.plan.of((20_000, 2), (2_000_000, 11))
    reports = journal(bench, "publish", count, rounds)
    say(f"aa: {median(r['ns'] for r in reports):.0f} ns with a journal, {median(r['floor_ns'] for r in reports):.0f} without")
    return [row("aa: publish with a journal, over without", [r["ns"] / r["floor_ns"] for r in reports], "x",
                bench.plan.target(PUBLISH_TARGET), {"reports": reports})]


# Row ab: ten thousand channels.
def row_ab(bench):
    count, rounds = bench.plan.of((100, 2), (10_000, 5))
    reports = journal(bench, "channels", count, rounds)
    say(f"ab: {median(r['bytes'] for r in reports) / 1e6:.1f} MB in memory, {median(r['disk_bytes'] for r in reports) / 1e6:.1f} on disk")
    return [
        row(f"ab: a journalled channel of {count}", [r["bytes_per_channel"] for r in reports], "bytes", None, {"reports": reports}),
        row("ab: descriptors for all of them", [r["descriptors"] for r in reports], "", None, {}),
    ]


# Row ac: until a journal of ten million messages is ready.
def row_ac(bench):
    count, rounds = bench.plan.of((20_000, 2), (10_000_000, 7))
    reports = journal(bench, "restart", count, rounds)
    return [
        row(f"ac: start with {count} messages", [r["seconds"] for r in reports], "s", bench.plan.target(RESTART_TARGET_S),
            {"reports": reports}),
        row("ac: the same, not closed", [r["crashed_seconds"] for r in reports], "s", bench.plan.target(RESTART_TARGET_S), {}),
    ]


# Row ad: heard by a subscription with a name.
def row_ad(bench):
    count, rounds = bench.plan.of((2_000, 2), (200_000, 7))
    reports = journal(bench, "named", count, rounds)
    return [
        row("ad: a name, at least once", [r["at_least_once_per_second"] for r in reports], "messages/s", None, {"reports": reports}),
        row("ad: a name, exactly once", [r["exactly_once_per_second"] for r in reports], "messages/s", None, {}),
    ]


ROWS = {"x": row_x, "y": row_y, "z": row_z, "aa": row_aa, "ab": row_ab, "ac": row_ac, "ad": row_ad}
