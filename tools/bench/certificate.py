"""A certificate for this run, signed by itself (P-256), and the server's environment that names it."""
import subprocess

from processes import BenchError


def certificate(directory):
    """(certificate, key) in the run's own directory, which goes when it ends."""
    files = directory / "certificate.pem", directory / "key.pem"
    if files[0].exists():
        return files
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
               "-subj", "/CN=localhost", "-out", str(files[0]), "-keyout", str(files[1])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise BenchError(f"openssl made no certificate: {done.stderr.strip()}")
    return files


def tls_environment(files):
    return {"SSL_ENABLED": "true", "SSL_CERT_PATH": str(files[0]), "SSL_KEY_PATH": str(files[1])}
