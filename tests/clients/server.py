"""A real registry in a process of its own, for tests that drive real clients."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 30.0


@dataclass
class Server:
    """A running registry; `token` is the admin's. It is started by `registry serve`, or by another `command`."""

    directory: Path
    port: int
    environ: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return (self.directory / "admin-token").read_text().strip()

    @property
    def log(self) -> str:
        return (self.directory / "server.log").read_text()

    def run(self, *arguments: str, stdin: str = "") -> str:
        """What the `registry` command prints, for this server's data."""
        done = subprocess.run(
            [sys.executable, "-m", "registry", *arguments],
            env=self._environ(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_user(self, name: str, password: str = "correct horse") -> str:
        """Add a user and return a token of the user."""
        self.run("user", "add", name, "--password-stdin", "--email", f"{name}@example.com", stdin=password + "\n")
        return self.run("token", "create", "--user", name).strip()

    def start(self) -> None:
        usual = [sys.executable, "-m", "registry", "serve", "--bind", self.host, "--workers", "2"]
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(self.command or usual, env=self._environ(), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _environ(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("REGISTRY_")}
        return {**kept, "REGISTRY_DATA": str(self.directory), "PYTHONWARNINGS": "ignore", **self.environ}

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(directory: Path, **environ: str) -> Iterator[Server]:
    """A server on `directory`, set up by REGISTRY_… variables, stopped at the end."""
    server = Server(directory, free_port(), environ)
    server.start()
    try:
        yield server
    finally:
        server.stop()
