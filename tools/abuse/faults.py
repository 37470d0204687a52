"""What is no steady rate: storms, and memory and descriptors at their bounds."""
import json
import resource
import subprocess
import time
from contextlib import ExitStack
from typing import Callable, NamedTuple

from stage import SUBSCRIBERS, Stage, Verdict

LANE_MIB = 256  # limits::lane_batch_bytes_max
TURN_MIB = 32  # that thousands at once may be answered before the bound is looked at again
INBOX_MIB = 64  # limits::inbox_bytes_max
DESCRIPTORS = 1_000
MEMORY_DROPS = 'carillon_dropped_total{lane="0",reason="memory"}'
MEMORY_CLOSES = 'carillon_closes_total{lane="0",reason="memory"}'
REFUSED_DESCRIPTORS = 'carillon_refused_descriptors_total{lane="0"}'
SESSIONS = 'carillon_sessions{lane="0"}'
LIVE_BYTES = 'carillon_batch_live_bytes{lane="0"}'
MIB = 1024 * 1024
NOW = 1e9  # a second: as fast as it goes
MINUTE = 60


def outcomes_of(report):
    return ", ".join(f"{count} × {outcome}" for outcome, count in report["outcomes"].items())


class Scene:
    """A stage, and whoever is called onto it."""

    def __init__(self, name, plan):
        self.stack = ExitStack()
        self.stage = self.stack.enter_context(Stage(plan))
        self.verdict = Verdict(name)
        self.cast = {}
        self.stage.begin_memory()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def begin(self, name, rate, seconds, patience, most=0):
        if name not in self.cast:
            self.cast[name] = self.stack.enter_context(self.stage.attacker(name))
        self.cast[name].tell(f"run {rate} {seconds} {patience} {most}")

    def end(self, name):
        return self.cast[name].report(2 * MINUTE)

    def all_do(self, name, count, answer):
        """So many at once; how long it took until all were answered as they must be."""
        self.begin(name, NOW, MINUTE, MINUTE, count)
        return self.see_all(name, count, answer)

    def see_all(self, name, count, answer):
        report = self.end(name)
        self.expect(report["outcomes"].get(answer) == count, f"{count} should be told {answer}: {report['outcomes']}")
        return report["seconds"]

    def drop(self, name):
        self.cast[name].tell("drop")
        self.end(name)

    def expect(self, claim, text):
        if not claim:
            self.verdict.fault(text)

    def calm(self, seconds=0.5):
        return self.stage.measure(seconds)["p99_ms"]

    def note(self, text, calm_ms, felt_ms):
        self.verdict.note(f"{text}; meanwhile p99 {calm_ms:.2f} → {felt_ms:.2f} ms")

    def finish(self, bound_mib):
        self.expect(self.stage.balances(), "the books do not balance")
        self.verdict.memory(self.stage.memory_growth_mib(), bound_mib)
        return self.verdict


def million_channels(plan):
    count = 20_000 if plan.quick else 1_000_000
    with Scene("million_channels", plan) as scene:
        before = scene.stage.counter("carillon_channels")
        calm = scene.calm()
        scene.begin("channels", NOW, MINUTE, MINUTE, count)
        felt = scene.stage.measure(2)
        seconds = scene.see_all("channels", count, "joined")
        there = scene.stage.counter("carillon_channels") - before
        scene.expect(there == count, f"{there:.0f} channels of {count}")
        growth = scene.stage.memory_growth_mib()
        scene.note(f"{count:,} in {seconds:.1f} s, {growth * MIB / count:.0f} bytes each", calm, felt["p99_ms"])
        scene.drop("channels")
        scene.expect(scene.stage.reaches(lambda: scene.stage.counter("carillon_channels") == before), "channels remain when all have gone")
        scene.verdict.counted = there
        return scene.finish(count / 1024 + 8)


def storm(plan):
    count = 1_000 if plan.quick else 15_000
    with Scene("reconnect_storm", plan) as scene:
        calm = scene.calm()
        first = scene.all_do("crowd", count, "joined")
        scene.drop("crowd")
        scene.begin("crowd", NOW, MINUTE, MINUTE, count)  # while the last are still being buried
        felt = scene.stage.measure(2)
        again = scene.see_all("crowd", count, "joined")
        there = scene.stage.counter(SESSIONS)
        scene.expect(there == count + SUBSCRIBERS, f"{there:.0f} sessions where {count + SUBSCRIBERS} are")
        scene.verdict.counted = there
        scene.note(f"{count:,} in {first:.2f} s, back in {again:.2f} s", calm, felt["p99_ms"])
        return scene.finish(count * 4 / 1024 + 8)


def mass_leave(plan):
    count = 1_000 if plan.quick else 15_000
    with Scene("mass_leave", plan) as scene:
        scene.all_do("crowd", count, "joined")
        calm = scene.calm()
        scene.begin("reconnects", 300, 2, 10)
        scene.drop("crowd")
        felt = scene.stage.measure(2)
        report = scene.end("reconnects")
        joined = report["outcomes"].get("joined", 0)
        scene.expect(joined == report["said"] and joined > 0, f"of {report['said']} who came meanwhile: {report['outcomes']}")
        scene.expect(scene.stage.reaches(lambda: scene.stage.counter(SESSIONS) == SUBSCRIBERS), "sessions remain of who has gone")
        scene.verdict.counted = scene.stage.counter('carillon_closes_total{lane="0",reason="peer"}')
        scene.expect(scene.verdict.counted == count + joined, f"{scene.verdict.counted:.0f} closes of {count + joined}")
        scene.note(f"{count:,} went while {joined:,} came", calm, felt["p99_ms"])
        return scene.finish(count * 4 / 1024 + 8)


def never_read(plan):
    deaf, little = 400, 100
    with Scene("never_read", plan) as scene:
        scene.all_do("deaf", deaf, "joined")
        scene.all_do("deaf_little", little, "joined")
        scene.all_do("flood_little", 20, "HTTP 200")
        calm, live, dropped, worst = scene.calm(), 0, 0, 0
        end = time.monotonic() + 90
        while time.monotonic() < end:
            scene.begin("flood", 400, MINUTE, MINUTE, 40)
            worst = max(worst, scene.calm(0.1))
            scene.see_all("flood", 40, "HTTP 200")
            live, dropped = max(live, scene.stage.counter(LIVE_BYTES)), scene.stage.counter(MEMORY_DROPS)
            if dropped > 0:
                break
        scene.expect(dropped > 0, f"nothing was dropped though {live / MIB:.0f} MiB wait")
        scene.expect(live <= LANE_MIB * MIB, f"{live / MIB:.0f} MiB wait")
        scene.drop("deaf")
        scene.expect(scene.stage.reaches(lambda: scene.stage.counter(SESSIONS) <= SUBSCRIBERS + little), "the deaf remain")
        there, closes = scene.stage.counter(SESSIONS), scene.stage.counter(MEMORY_CLOSES)
        scene.expect(0 < closes < deaf, f"{closes:.0f} of {deaf} were closed")
        scene.verdict.counted = closes
        scene.note(f"up to {live / MIB:.0f} MiB waited, {closes:.0f} of {deaf} closed", calm, worst)
        scene.expect(there == SUBSCRIBERS + little, f"{SUBSCRIBERS + little - there:.0f} of those who owe little were closed")
        return scene.finish(LANE_MIB + INBOX_MIB + 64)


# Each owes a little; all together too much.
def unread_answers(plan):
    count = 9_000
    with Scene("unread_answers", plan) as scene:
        calm = scene.calm()
        accepted, connected = 'carillon_accepted_total{lane="0"}', 'carillon_connections{lane="0"}'
        before = scene.stage.counter(accepted)
        scene.begin("unread_answers", NOW, MINUTE, 0, count)
        felt = scene.stage.measure(2)
        said = scene.end("unread_answers")["said"]
        scene.expect(said == count, f"{said} came of {count}")
        scene.expect(scene.stage.reaches(lambda: scene.stage.counter(accepted) >= before + count, 30), "not all were accepted")
        scene.expect(scene.stage.reaches(lambda: scene.stage.counter(connected) < scene.stage.at_rest + count, 30), "nobody was closed")
        felt = max(felt, scene.stage.measure(1), key=lambda report: report["p99_ms"])
        live, there = scene.stage.counter(LIVE_BYTES), scene.stage.counter(SESSIONS)
        scene.expect(there == SUBSCRIBERS, f"{SUBSCRIBERS - there:.0f} WebSocket clients who owe nothing were closed")
        scene.expect(live <= (LANE_MIB + TURN_MIB) * MIB, f"{live / MIB:.0f} MiB wait")
        connections = scene.stage.counter(connected) - scene.stage.at_rest
        scene.verdict.counted = count - connections
        scene.note(f"{live / MIB:.0f} MiB wait for {connections:.0f} of {count}", calm, felt["p99_ms"])
        scene.drop("unread_answers")
        return scene.finish(LANE_MIB + INBOX_MIB + 64)


# Sent but for the last byte, by strangers: whether there is a key is asked when a request is whole.
def unfinished_bodies(plan):
    count = 100
    with Scene("unfinished_bodies", plan) as scene:
        calm = scene.calm()
        scene.begin("unfinished_bodies", NOW, MINUTE, 15, count)
        felt = scene.stage.measure(5)
        report = scene.end("unfinished_bodies")
        answered = {word: number for word, number in report["outcomes"].items() if word not in ("HTTP 408", "HTTP 503", "reset", "end")}
        scene.expect(not answered, f"answered with {answered}")
        scene.verdict.counted = scene.stage.counter('carillon_http_refused_total{lane="0"}')
        scene.expect(scene.verdict.counted == count, f"{scene.verdict.counted:.0f} counted of {count}")
        scene.note(f"{outcomes_of(report)}", calm, felt["p99_ms"])
        scene.drop("unfinished_bodies")
        return scene.finish(LANE_MIB + 64)


def descriptors(plan):
    with Scene("descriptors", plan) as scene:
        calm = scene.calm()
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.prlimit(scene.stage.server.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, most))
        wanted = DESCRIPTORS + 500
        scene.begin("crowd", NOW, MINUTE, 5, wanted)
        felt = scene.stage.measure(1)
        outcomes = scene.end("crowd")["outcomes"]
        joined = outcomes.pop("joined", 0)
        refused = sum(outcomes.get(word, 0) for word in ("end", "reset"))
        scene.expect(DESCRIPTORS - 200 < joined < DESCRIPTORS, f"{joined} got in")
        scene.expect(joined + refused == wanted and sum(outcomes.values()) == refused, f"of the others: {outcomes}")
        scene.drop("crowd")
        scene.expect(scene.stage.reaches(scene.stage.empties), "connections remain")
        scene.verdict.counted = scene.stage.counter(REFUSED_DESCRIPTORS)
        scene.expect(scene.verdict.counted == refused, f"{scene.verdict.counted:.0f} counted of {refused}")
        scene.all_do("crowd", 500, "joined")
        scene.note(f"{joined} of {wanted} got in, the others saw the end at once", calm, felt["p99_ms"])
        return scene.finish(12)


def signature_timing(plan):
    verdict = Verdict("signature_timing")
    text = subprocess.run([plan.build / "tools" / "abuse" / "timing"], capture_output=True, check=True, timeout=MINUTE).stdout
    seen = json.loads(text)
    if not plan.quick:
        if seen["t"] > 4.5:
            verdict.fault(f"the first and the last wrong byte differ: t = {seen['t']}")
        if seen["plain_t"] <= 4.5:
            verdict.fault("a plain comparison was not told apart: nothing is shown")
    ours, plain = f"{seen['t']:.1f} ({seen['difference_ns']:+.2f} ns)", f"{seen['plain_t']:.0f} ({seen['plain_difference_ns']:+.1f} ns)"
    verdict.note(f"t = {ours}; of a plain loop {plain}")
    return verdict


class Fault(NamedTuple):
    what: str
    happens: str
    counter: str
    test: str
    play: Callable
    in_quick: bool = True


FAULTS = {
    "million_channels": Fault("1,000,000 joins of as many channels",
            "all joined, and forgotten when their clients go; memory: 1 KiB each, and 8 MiB",
                              "carillon_channels", "", million_channels),
    "reconnect_storm": Fault("15,000 come at once, go at once, and come back at once", "all are in; memory: 4 KiB each, and 8 MiB",
            SESSIONS,
                             "", storm),
    "mass_leave": Fault("15,000 go at once while 300 a second come", "who comes gets in; nothing remains of who went",
                        'carillon_closes_total{lane="0",reason="peer"}', "", mass_leave),
    "never_read": Fault("400 who never read are sent 100 KB again and again",
            "at 256 MiB whoever owes most is closed; who owes little stays; "
                        "memory: 256 MiB, the inbox's 64 and 64 MiB", MEMORY_CLOSES,
                                "Lane.closes_the_worst_debtors_until_its_frames_fit_in_memory", never_read, in_quick=False),
    "unread_answers": Fault("9,000 who ask over HTTP for 40 files each and read none",
            "64 KiB are kept for each; at 256 MiB in all whoever owes most is closed",
                            'carillon_connections{lane="0"}', "", unread_answers, in_quick=False),
    "unfinished_bodies": Fault("100 strangers who send 10 MB but for the last byte", "408 after 10 s; memory: 256 MiB, and 64",
                               'carillon_http_refused_total{lane="0"}', "", unfinished_bodies, in_quick=False),
    "descriptors": Fault("1,500 come to a server with 1,000 descriptors",
            "accepted and closed at once; who is in stays; when others go, there is room again",
                         REFUSED_DESCRIPTORS, "ListenerTest.closes_clients_it_has_no_descriptor_for_and_goes_on_when_there_are_some",
                                 descriptors),
    "signature_timing": Fault("the time to compare a signature",
            "does not tell how much of it is right: t stays below 4.5 of 200,000 samples", "",
                              "EqualConstantTime.is_equality", signature_timing),
}
