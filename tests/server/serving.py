"""The odd application in a server of its own, and a client that sees every byte."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """One connection, on which bytes are sent as they are given and answers are read one by one."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._file = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a request and read its answer; header names are written with underscores."""
        fields = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body:
            fields["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        return self.answer(bodiless=method == "HEAD")

    def answer(self, *, bodiless: bool = False) -> Answer:
        """The next answer, interim ones included. Raises EOFError when the connection ends before its end."""
        _, status, reason = self._line().split(" ", 2)
        headers = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        interim = status.startswith("1")
        return Answer(int(status), reason, headers, b"" if bodiless or interim else self._body(headers))

    def close(self) -> None:
        """The connection ends at once: nothing else refers to the socket."""
        self._file.close()
        self.sock.close()

    def is_closed(self) -> bool:
        """Whether the server ends the connection now; waits for it."""
        return self._file.read(1) == b""

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return self._exactly(int(headers["content-length"]))
        body = b""
        while size := int(self._line(), 16):
            body += self._exactly(size)
            assert self._line() == ""
        assert self._line() == ""
        return body

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError(f"{len(data)} of {size} bytes")
        return data

    def _line(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("no more lines")
        return line[:-2].decode("latin-1")


@dataclass
class Server:
    port: int
    process: subprocess.Popen[str]

    @contextmanager
    def connect(self) -> Iterator[Client]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as sock:
            client = Client(sock)
            try:
                yield client
            finally:
                client.close()

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        with self.connect() as client:
            return client.ask(method, path, body, **headers)

    def worker(self) -> int:
        """The process id of a worker, as soon as there is one."""
        while not (children := self._children()):
            time.sleep(0.02)
        return children[0]

    def _children(self) -> list[int]:
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in listing.read_text().split()]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> str:
        """End the server and return what it printed as errors."""
        self.process.send_signal(how)
        _, errors = self.process.communicate(timeout=20)
        return errors


@contextmanager
def started(workers: int = 1) -> Iterator[Server]:
    """A server that takes connections."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.server.application", f"127.0.0.1:{port}", str(workers)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", process.stderr and process.stderr.read()
        try:
            yield Server(port, process)
        finally:
            if process.poll() is None:
                process.kill()
