"""A server, those who only want to hear, and what is seen of both."""
import http.client
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack
from statistics import median

from figures import interval
from processes import LOOPBACK, BenchError, Process, start_server

SUBSCRIBERS, RATE = 50, 200
MIB = 1024 * 1024
TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, flush=True)


class Stage:
    """One server with one loop on a core of its own, and its healthy clients on the other. Attackers share that one, but
    only run when nobody else there wants to."""

    def __init__(self, plan, tls=False):
        self.plan = plan
        self.stack = ExitStack()
        self.tools = plan.build / "tools" / "abuse"
        for needed in (plan.build / "carillon", self.tools / "attack", self.tools / "healthy", self.tools / "timing"):
            if not needed.exists():
                raise BenchError(f"{needed} is missing; `make abuse` builds it first")
        self.tls = ["tls"] if tls else []
        with self.stack:  # taken down if it cannot be set up
            environment = self.certificate() if tls else None
            self.server, self.port = start_server(plan.build / "carillon", plan.server_core, more_environment=environment)
            self.stack.enter_context(self.server)
            self.healthy = self.stack.enter_context(self.newcomers())
            self.measure(0.2)
            self.stack = self.stack.pop_all()
        self.at_rest = self.counter('carillon_connections{lane="0"}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    # Those who only want to hear; in by the time that they answer.
    def newcomers(self):
        return Process("healthy", [self.tools / "healthy", self.port, SUBSCRIBERS, RATE, *self.tls], self.plan.load_core, peer=self.server)

    def certificate(self):
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="carillon_abuse_"))
        key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
                        "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)
        return {"SSL_ENABLED": "true", "SSL_CERT_PATH": certificate, "SSL_KEY_PATH": key}

    def attacker(self, name, port=None):
        process = Process(name, [self.tools / "attack", name, port or self.port], self.plan.load_core, peer=self.server)
        if not self.plan.quick:
            os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
        return process

    # What they heard, how late, and how busy the server was meanwhile.
    def measure(self, seconds):
        cpu, start = self.cpu_seconds(), time.monotonic()
        self.healthy.tell(f"measure {seconds}")
        report = self.healthy.report(60)
        report["busy"] = (self.cpu_seconds() - cpu) / (time.monotonic() - start)
        return report

    def cpu_seconds(self):
        fields = self.proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def proc(self, name):
        try:
            with open(f"/proc/{self.server.pid}/{name}", encoding="utf-8") as file:
                return file.read()
        except OSError:
            raise self.server.failure("has gone") from None

    def memory_mib(self, name):
        for line in self.proc("status").splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        raise BenchError(f"no {name} in /proc")

    def begin_memory(self):
        with open(f"/proc/{self.server.pid}/clear_refs", "w", encoding="utf-8") as file:
            file.write("5")  # the peak begins anew
        self.rss_before = self.memory_mib("VmRSS")

    def memory_growth_mib(self):
        return self.memory_mib("VmHWM") - self.rss_before

    def scrape(self):
        connection = http.client.HTTPConnection(LOOPBACK, self.server.metrics_port, timeout=30)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise self.server.failure(f"does not answer /metrics: {error}") from None
        finally:
            connection.close()
        return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

    def counter(self, name):
        if not name:
            return 0
        page = self.scrape()
        if name not in page:
            raise BenchError(f"no {name} at the server's /metrics")
        return float(page[name])

    def reaches(self, claim, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if claim():
                return True
            time.sleep(0.02)
        return False

    # Nobody is connected but the healthy. A scrape is a connection, too, and the one before may not be buried.
    def empties(self):
        return self.reaches(lambda: self.counter('carillon_connections{lane="0"}') <= self.at_rest)

    def balances(self):
        return all(float(value) == 0 for name, value in self.scrape().items() if name.startswith("carillon_conservation_difference"))


class Verdict:
    """What was seen of one attack."""

    def __init__(self, name):
        self.name = name
        self.faults, self.notes, self.outcomes = [], [], {}
        self.counted = self.growth = self.bound = self.ratio = self.ramp = None
        self.resolved = ""

    def fault(self, text):
        self.faults.append(text)

    def note(self, text):
        self.notes.append(text)

    def memory(self, growth, bound):
        self.growth, self.bound = max(growth, self.growth or 0), bound
        if growth > bound:
            self.fault(f"grew by {growth:.1f} MiB, more than {bound:g}")

    def judge(self, pairs, rate, harm, busy_max):
        quiet, attacked = ([report[key] for report in reports] for key, reports in (("p99_ms", [a for a, _ in pairs]), ("p99_ms", [b for _,
                b in pairs])))
        ratios = [b / a for a, b in zip(quiet, attacked)]
        self.quiet_ms, self.attacked_ms, self.ratio = median(quiet), median(attacked), median(ratios)
        self.echo_ms = tuple(median(report["echo_p99_ms"] for report in side) for side in zip(*pairs))
        self.busy = median(b["busy"] for _, b in pairs)
        self.rate = median(b["rate"] for _, b in pairs)
        low, high = interval(ratios)
        self.resolved = "met" if high <= harm else "not met" if low > harm else "not resolved"
        if self.rate < 0.9 * rate:
            self.resolved = "not resolved"
            self.note(f"only {self.rate:.0f} of {rate} a second")
        if self.busy > busy_max:
            self.note("the server is over 80 % busy")

    def figures(self):
        parts = []
        if self.ratio is not None:
            parts.append(f"at {self.rate:,.0f}/s: p99 {self.quiet_ms:.2f} → {self.attacked_ms:.2f} ms, "
                         f"× {self.ratio:.2f} ({self.resolved}), "
                         f"core {100 * self.busy:.0f} % busy, echo {self.echo_ms[0]:.2f} → {self.echo_ms[1]:.2f} ms")
        if self.ramp:
            rate, busy, harmed = self.ramp
            parts.append(f"{'over' if harmed else 'still under'} × 2 at {rate:,.0f}/s ({100 * busy:.0f} % busy)")
        if self.growth is not None:
            parts.append(f"memory + {self.growth:.1f} of {self.bound:g} MiB")
        if self.counted is not None:
            parts.append(f"counted {self.counted:,.0f}")
        return "; ".join(parts + self.notes)

    def line(self):
        outcomes = ", ".join(f"{count} × {outcome}" for outcome, count in self.outcomes.items())
        state = "NOT AS IT SHOULD BE: " + "; ".join(self.faults) if self.faults else "as it should be"
        return f"{self.name}: {state}\n    {outcomes or '-'}\n    {self.figures()}"
