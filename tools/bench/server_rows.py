"""Rows about what comes in: client events, signed requests, how soon a publication is heard, and how soon a server is there."""
from contextlib import ExitStack

from bench import ask, bottleneck, say
from core_rows import decoder_rows
from figures import histogram_text, median, row
from processes import BenchError, counter, free_port

EVENT_TARGET_NS = 400
THROUGHPUT_TARGET = 0.70
USER_TARGET_US = 5
START_TARGET_MS = 100

EVENT_BYTES = 64  # of JSON; with its header and mask 70 on the wire
EVENTS_PER_BLOCK = 800
# The app's limits and the server's are counted, and never reached.
LIMITS = {"SOCKUDO_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SECOND": "100000000", "RATE_LIMITER_ENABLED": "true"}
LIMITS |= {"RATE_LIMITER_API_MAX_REQUESTS": "100000000", "RATE_LIMITER_WS_MAX_REQUESTS": "100000000"}

# Subscribers -> publishes a second.
RATES = {1_000: 20, 100: 200}


# Row k: client events that come in, from the bytes alone to the lane's inbox.
def row_k(bench):
    return [*decoder_rows(bench), inbound_row(bench)]


def inbound_row(bench):
    connections = bench.plan.of(10, 100)
    shape = ["--data-bytes", EVENT_BYTES, "--frames", EVENTS_PER_BLOCK, "--alone"]
    with ExitStack() as stack:
        server, port = bench.server(LIMITS)
        stack.enter_context(server)
        server_load = stack.enter_context(bench.load("inbound", connections, server, port, *shape))
        opened = server_load.report(60)
        floor = stack.enter_context(bench.floor("blocks", EVENT_BYTES, opened["block_bytes"]))
        floor_load = stack.enter_context(
            bench.load("inbound", connections, floor, floor.line(5), *shape, "--raw", "--frame-bytes", EVENT_BYTES))
        floor_load.report(60)
        command = f"round {bench.plan.of(2, 20)}"
        pairs = bench.take_turns(lambda: ask_and_count_events(server_load, command, server), lambda: ask(floor_load, command), 60)
    ours, floors = zip(*pairs)
    values = [each["cpu_ns_per_delivery"] for each in ours]
    floor_ns = median(each["cpu_ns_per_delivery"] for each in floors)
    say(f"k: {median(values):.0f} ns CPU per client event of {opened['event_bytes']} bytes, all counted; "
        f"the floor takes the same bytes from the kernel in {floor_ns:.0f} ns")
    detail = {"opened": opened, "floor_ns": floor_ns, "reports": ours, "floor_reports": floors}
    return row("k: client event, to the inbox", values, "ns CPU/event", bench.plan.target(EVENT_TARGET_NS), detail)


def ask_and_count_events(load, command, server):
    before = counter(server, "carillon_published_total")
    report = ask(load, command)
    published = counter(server, "carillon_published_total") - before
    if published != report["events_in_all"]:
        raise BenchError(f"k: {report['events_in_all']} client events were sent, {published} published")
    return report


# Row m: signed publishes to one subscriber, many connections.
def row_m(bench):
    with ExitStack() as stack:
        server, port = bench.server()
        stack.enter_context(server)
        server_load = stack.enter_context(bench.load("requests", 64, server, port))
        opened = server_load.report(60)
        floor = stack.enter_context(bench.floor("signed", opened["frame_bytes"]))
        raw = ["--raw", "--frame-bytes", opened["frame_bytes"]]
        floor_load = stack.enter_context(bench.load("requests", 64, floor, floor.line(5), *raw))
        floor_load.report(60)
        command = f"round {bench.plan.of(640, 32_000)}"
        pairs = bench.take_turns(lambda: ask(server_load, command), lambda: ask(floor_load, command), 90)
    return rows_of_requests(bench, opened, *zip(*pairs))


def rows_of_requests(bench, opened, ours, floors):
    users = [user_us(each) for each in ours]
    detail = {
        "opened": opened,
        "bottleneck": bottleneck(ours + floors),
        "per_second": median(each["per_second"] for each in ours),
        "floor_per_second": median(each["per_second"] for each in floors),
        "cpu_us": median(each["cpu_ns_per_delivery"] for each in ours) / 1e3,
        "floor_cpu_us": median(each["cpu_ns_per_delivery"] for each in floors) / 1e3,
        "floor_user_us": median(user_us(each) for each in floors),
        "load_busy": median(each["load_busy"] for each in ours),
        "floor_load_busy": median(each["load_busy"] for each in floors),
        "reports": ours,
        "floor_reports": floors,
    }
    say("m: {per_second:.0f} publishes a second, floor {floor_per_second:.0f}; {cpu_us:.2f} us CPU each, floor {floor_cpu_us:.2f}; the "
        "load tool was busy {load_busy:.0%} and {floor_load_busy:.0%} of the time".format(**detail))
    throughput = [mine["per_second"] / theirs["per_second"] for mine, theirs in zip(ours, floors)]
    cpu = [theirs["cpu_ns_per_delivery"] / mine["cpu_ns_per_delivery"] for mine, theirs in zip(ours, floors)]
    target = bench.plan.target
    return [
        row("m: signed publishes a second", throughput, "x floor's rate", target(THROUGHPUT_TARGET), detail, at_least=True),
        row("m: the same by CPU time", cpu, "x floor's", None, {}),
        row("m: user space", users, "us/publish", target(USER_TARGET_US), {"floor": detail["floor_user_us"]}),
    ]


def user_us(report):
    """The CPU clock is exact, the tick only says how to divide it."""
    ticks = report["user_seconds"] + report["system_seconds"]
    share = report["user_seconds"] / ticks if ticks else 0
    return report["cpu_ns_per_delivery"] * share / 1e3


# Row n: from publish to receive, open loop.
def row_n(bench):
    rates = bench.plan.of({20: 20}, RATES)
    return [each for subscribers, rate in rates.items() for each in latency_rows(bench, subscribers, rate)]


def latency_rows(bench, subscribers, rate):
    with ExitStack() as stack:
        server, port = bench.server()
        stack.enter_context(server)
        load = stack.enter_context(bench.load("latency", subscribers, server, port))
        load.report(60)
        seconds, rounds = bench.plan.of((0.5, 3), (3, 7))
        calm = [ask(load, f"round {rate} {seconds}") for _ in range(rounds)]
        highest = ask(load, f"search {rate} {bench.plan.of(0.5, 2)}")["highest_rate"]
        busy = [ask(load, f"round {0.7 * highest:.0f} {seconds}") for _ in range(rounds)]
    say(f"n: {subscribers} subscribers: {highest:.0f} publishes a second are held at most")
    return [
        *rows_of_latency(f"n: {rate}/s to {subscribers}", calm),
        *rows_of_latency(f"n: {0.7 * highest:.0f}/s to {subscribers} (70 %)", busy),
    ]


def rows_of_latency(name, reports):
    counts = [sum(each) for each in zip(*(report["counts"] for report in reports))]
    histogram = [*zip(reports[0]["buckets_us"], counts), (None, counts[-1])]
    say(histogram_text(name, histogram))
    detail = {"bottleneck": bottleneck(reports), "histogram_us": histogram, "reports": reports}
    return [
        row(f"{name}, {label}", [report[field] / 1e3 for report in reports], "ms", None, more)
        for label, field, more in (("p50", "p50_us", detail), ("p99", "p99_us", {}), ("p99.9", "p999_us", {}))
    ]


# Row o: how soon a server that is started has delivered something.
def row_o(bench):
    with bench.starter(free_port(), free_port()) as load:
        reports = [ask(load, "round 1") for _ in range(bench.plan.of(4, 22))][1:]  # the first reads the program from the disk
    values = [each["ms"] for each in reports]
    say(f"o: the port answers after {median(each['listening_ms'] for each in reports):.1f} ms, "
        f"the first publication is heard after {median(values):.1f} ms")
    return [row("o: exec to first delivery", values, "ms", bench.plan.target(START_TARGET_MS), {"reports": reports})]


ROWS = {"k": row_k, "m": row_m, "n": row_n, "o": row_o}
