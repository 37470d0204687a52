"""The tokens of the load tool's Turbine and notiflux clients, minted by `carillon token` with the demonstration's keys."""
import os
import subprocess

from processes import BenchError


def token(binary, *arguments):
    environment = {"PATH": os.environ.get("PATH", "")}
    done = subprocess.run([str(binary), "token", *arguments], capture_output=True, text=True, timeout=10, env=environment)
    if done.returncode != 0:
        raise BenchError(f"carillon token ended with code {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip().splitlines()[0]


def shared_app(binary):
    """The environment of a server whose three protocols speak for the app of the load tool."""
    return {
        "TURBINE_APP": "demo-app",
        "TURBINE_JWT_SECRET": "devsecret",
        "TURBINE_API_KEY": "devkey",
        "NOTIFLUX_APP": "demo-app",
        "JWT_PUBLIC_KEY_B64": token(binary, "notiflux", "--public-key"),
    }


def credentials_for(binary, channel):
    """Options of the load tool."""
    turbine = token(binary, "turbine", "--sub", "bench", "--channel", channel, "--expires", "86400")
    notiflux = token(binary, "notiflux", "--scope", "subscribe", "--topic", channel, "--expires", "86400")
    return ["--turbine-token", turbine, "--notiflux-token", notiflux]
