"""What the benchmarks share: helper programs, certificates, and a private etcd."""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "Benchmarks"
BUILT = ROOT / ".build" / "bench"


class Failure(Exception):
    """Something could not be run, or gave a wrong answer."""


# --- programs --------------------------------------------------------------------------------------------------------


def run(*command, **options):
    """Runs a helper program to its end; its output appears only when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)} failed with status {done.returncode}:\n{done.stdout}")
    return done.stdout


def build_release(product):
    print(f"building {product} (release) ...", file=sys.stderr)
    run("scripts/build-release", product, cwd=ROOT)
    return ROOT / ".build" / "release" / product


def build_helper(name, *libraries, called=None):
    """Compiles Benchmarks/NAME.c. `called` is the program's name if it is another."""
    BUILT.mkdir(parents=True, exist_ok=True)
    source, program = SOURCES / f"{name}.c", BUILT / (called or name)
    run("cc", "-O2", "-Wall", "-o", program, source, *libraries)
    return program


def build_static_baseline():
    """The bare program with libcurl linked in; None where libcurl's source is not to be had."""
    done = subprocess.run([ROOT / "scripts" / "build-libcurl"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 2:
        return None
    if done.returncode != 0:
        raise Failure(f"scripts/build-libcurl failed with status {done.returncode}")
    folder = done.stdout.strip()
    return build_helper("baseline", f"-I{folder}/include", f"-L{folder}/lib", "-l:libcurl.a", "-l:libssl.a",
                        "-l:libcrypto.a", "-l:libnghttp2.a", called="baseline-static")


# --- etcd ------------------------------------------------------------------------------------------------------------


def free_ports(count):
    """Ports that nothing listens on, below the range that outgoing connections take theirs from."""
    held = []
    try:
        while len(held) < count:
            candidate = socket.socket()
            try:
                candidate.bind(("127.0.0.1", random.randrange(10_000, 32_000)))
            except OSError:
                candidate.close()
                continue
            held.append(candidate)
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


class Certificates:
    """A CA and, signed by it, a server's and a client's certificate; all keys are of one kind."""

    KINDS = {"ECDSA": ("ecparam", "-name", "prime256v1", "-genkey", "-noout"), "RSA": ("genrsa", "-traditional")}

    def __init__(self, folder, kind="ECDSA"):
        self.folder, self.kind = folder, kind
        folder.mkdir()
        self.ca = folder / "ca.pem"
        self.key("ca")
        run("openssl", "req", "-x509", "-new", "-key", folder / "ca.key", "-days", "2", "-subj", "/CN=bench ca",
            "-out", self.ca)
        self.server = self.signed("server", "subjectAltName=DNS:localhost,IP:127.0.0.1\n"
                                            "extendedKeyUsage=serverAuth,clientAuth\n")
        self.client = self.signed("client", "extendedKeyUsage=clientAuth\n")

    def key(self, name):
        path = self.folder / f"{name}.key"
        # The size of an RSA key comes last.
        run("openssl", *self.KINDS[self.kind], "-out", path, *(["2048"] if self.kind == "RSA" else []))
        return path

    def signed(self, name, extensions):
        """The paths of a new certificate and of its key."""
        key, request, certificate = self.key(name), self.folder / f"{name}.csr", self.folder / f"{name}.pem"
        (self.folder / f"{name}.ext").write_text(extensions)
        run("openssl", "req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request)
        run("openssl", "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.folder / "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", self.folder / f"{name}.ext", "-out", certificate)
        return certificate, key


class Etcd:
    """A private etcd in a folder of its own, ended with this process whatever ends it."""

    def __init__(self, program, folder, certificates=None):
        folder.mkdir()
        self.certificates = certificates
        client, peer, metrics = free_ports(3)
        scheme = "https" if certificates else "http"
        self.metrics = f"http://127.0.0.1:{metrics}"
        self.url = f"{scheme}://127.0.0.1:{client}"
        self.log = folder / "etcd.log"
        arguments = [
            # PDEATHSIG: even when this process is killed outright, its etcd does not stay.
            "setpriv", "--pdeathsig", "KILL", "--", program, "--data-dir", folder / "data",
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--listen-metrics-urls", self.metrics,
            "--logger", "zap", "--log-outputs", "stderr", "--log-level", "warn", "--quota-backend-bytes", str(8 << 30),
        ]
        if certificates:
            arguments += ["--cert-file", certificates.server[0], "--key-file", certificates.server[1],
                          "--trusted-ca-file", certificates.ca, "--client-cert-auth"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(word) for word in arguments], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env={"PATH": os.environ["PATH"]})
        try:
            self.wait_until_healthy(f"{self.metrics}/health")
        except BaseException:
            self.stop()
            raise

    def wait_until_healthy(self, url):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if json.load(answer).get("health") == "true":
                        return
            time.sleep(0.02)
        raise Failure(f"etcd did not become healthy; its log:\n{self.log.read_text()}")

    def metric(self, name):
        """The value of a metric without labels."""
        with urllib.request.urlopen(f"{self.metrics}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.rpartition(" ")[2])
        raise Failure(f"etcd has no metric {name}")

    def resident_megabytes(self):
        """What etcd has in memory, in MB. setpriv replaced itself with etcd, so it is the process started here."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self):
        """Ends etcd and waits for it; its data is not kept, so it is not asked politely."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
