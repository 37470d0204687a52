"""Starting, pinning, talking to and stopping the processes of a benchmark. Everything started is stopped by its own pid."""
import ctypes
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time

LOOPBACK = "127.0.0.1"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class BenchError(Exception):
    """The benchmark could not be run; the text says why, in full."""


def free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


class Process:
    """A child pinned to one core, its stderr kept for the case that something goes wrong. One that `speaks` does so on stdout
    and ends when its stdin is closed or its peers have gone; any other is told to by SIGTERM."""

    def __init__(self, name, command, core, environment=None, speaks=True, peer=None):
        def before_exec():  # after fork: pinned like `taskset -c`, and never outliving this driver
            os.sched_setaffinity(0, {core})
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

        self.name, self.peer = name, peer
        self.errors = tempfile.TemporaryFile()
        self.received = b""
        self.child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if speaks else self.errors,
            stderr=self.errors,
            env=environment,
            cwd="/",  # no configuration file is found by accident
            preexec_fn=before_exec,
        )

    @property
    def pid(self):
        return self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        if not self.child.stdout:
            self.child.terminate()
        try:
            self.child.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        if self.child.stdout:
            self.child.stdout.close()
        self.errors.close()

    def tell(self, command):
        try:
            self.child.stdin.write(command.encode() + b"\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            raise self.failure("has ended") from None

    def line(self, seconds):
        """The next line of its stdout."""
        end = time.monotonic() + seconds
        while b"\n" not in self.received:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                raise self.failure(f"said nothing for {seconds} s")
            fresh = os.read(self.child.stdout.fileno(), 65536)
            if not fresh:
                raise self.failure("has ended")
            self.received += fresh
        line, self.received = self.received.split(b"\n", 1)
        return line.decode()

    def report(self, seconds):
        return json.loads(self.line(seconds))

    def failure(self, what):
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        text = "\n  ".join([f"{self.name} {what}", *said[-8:]])
        if self.peer and self.peer.child.poll() is not None:  # whom it talked to: more likely the cause
            text = f"{self.peer.failure(f'ended with code {self.peer.child.returncode}')}\n{text}"
        return BenchError(text)


def server_environment(port, metrics_port):
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOST": LOOPBACK,
        "PORT": str(port),
        "METRICS_PORT": str(metrics_port),
        "SOCKUDO_DEFAULT_APP_ID": "demo-app",
        "SOCKUDO_DEFAULT_APP_KEY": "demo-key",
        "SOCKUDO_DEFAULT_APP_SECRET": "demo-secret",
        "SOCKUDO_ENABLE_CLIENT_MESSAGES": "true",
        "SOCKUDO_DEFAULT_APP_MAX_CONNECTIONS": "0",
        "SOCKUDO_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SECOND": "0",
        "SOCKUDO_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SECOND": "0",
        "RATE_LIMITER_ENABLED": "false",
    }


def start_server(binary, core, stub=None, more_environment=None):
    """`carillon serve` with one loop, listening; (process, port). `stub` is (library, counter file)."""
    for attempt in range(3):  # another process may take a free port before the server does
        port, metrics_port = free_port(), free_port()
        environment = {**server_environment(port, metrics_port), **(more_environment or {})}
        if stub:
            environment.update(LD_PRELOAD=str(stub[0]), CARILLON_BENCH_STUB=str(stub[1]))
        server = Process("server", [binary, "serve", "--threads", "1"], core, environment, speaks=False)
        server.metrics_port = metrics_port
        if wait_until_listening(server, port):
            return server, port
        error = server.failure("ended before it listened")
        server.__exit__()
    raise error


def counter(server, name):
    """A counter at the server's /metrics, summed over its lanes if it has such."""
    connection = http.client.HTTPConnection(LOOPBACK, server.metrics_port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    except (OSError, http.client.HTTPException) as error:
        raise server.failure(f"does not answer /metrics: {error}") from None
    finally:
        connection.close()
    values = [int(line.split()[-1]) for line in lines if line.startswith((name + "{", name + " "))]
    if not values:
        raise BenchError(f"no {name} at the server's /metrics")
    return sum(values)


def wait_until_listening(server, port):
    end = time.monotonic() + 10
    while server.child.poll() is None:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return True
        except OSError:
            if time.monotonic() > end:
                error = server.failure(f"does not listen on {LOOPBACK}:{port} after 10 s")
                server.__exit__()
                raise error from None
            time.sleep(0.02)
    return False
