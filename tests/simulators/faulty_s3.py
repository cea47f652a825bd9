"""A proxy in front of an S3 server that does to chosen requests what networks and large stores do to some."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from tests.simulators.s3_servers import S3Server


class Fault(Enum):
    """What happens to a request: whether it is carried out, and what the client learns."""

    SLOW_DOWN = auto()
    """Not carried out; 503."""
    INTERNAL_ERROR = auto()
    """Not carried out; 500."""
    CONFLICT = auto()
    """Not carried out; 409, another conditional request is under way."""
    DENIED = auto()
    """Not carried out; 403."""
    NOT_IMPLEMENTED = auto()
    """Not carried out; 501."""
    FULL = auto()
    """Not carried out; 507."""
    ERROR_IN_200 = auto()
    """Not carried out; 200 with <Error> in the body."""
    RESET = auto()
    """Not carried out; the connection is reset."""
    LOST = auto()
    """Carried out; the connection is reset before the answer."""
    DONE_BUT_500 = auto()
    """Carried out; 500."""
    LATE = auto()
    """Carried out; the answer comes after two seconds."""
    CUT = auto()
    """Carried out; the connection is reset in the middle of the answer's body."""
    UNCONDITIONAL = auto()
    """Carried out without its conditions, as by a store that does not know them."""


REFUSALS = {
    Fault.SLOW_DOWN: (503, "SlowDown"),
    Fault.INTERNAL_ERROR: (500, "InternalError"),
    Fault.DONE_BUT_500: (500, "InternalError"),
    Fault.CONFLICT: (409, "ConditionalRequestConflict"),
    Fault.DENIED: (403, "AccessDenied"),
    Fault.NOT_IMPLEMENTED: (501, "NotImplemented"),
    Fault.FULL: (507, "InsufficientStorage"),
    Fault.ERROR_IN_200: (200, "InternalError"),
}
CARRIED_OUT = {Fault.LOST, Fault.DONE_BUT_500, Fault.LATE, Fault.CUT, Fault.UNCONDITIONAL}


@dataclass
class FaultyS3:
    """What is to go wrong, and what was asked."""

    server: S3Server
    asked: list[str] = field(default_factory=list)
    _planned: list[tuple[str, Fault, int]] = field(default_factory=list)

    def plan(self, operation: str, fault: Fault, times: int = 1) -> None:
        """The next `times` requests of that operation (`*`: of any) meet the fault, behind those planned before."""
        self._planned.append((operation, fault, times))

    def calm(self) -> None:
        """Nothing more goes wrong, and nothing was asked yet."""
        self._planned.clear()
        self.asked.clear()

    def fate(self, operation: str) -> Fault | None:
        self.asked.append(operation)
        for index, (wanted, fault, times) in enumerate(self._planned):
            if wanted in ("*", operation):
                self._planned[index : index + 1] = [(wanted, fault, times - 1)] if times > 1 else []
                return fault
        return None


@contextmanager
def run_faulty(upstream: S3Server) -> Iterator[FaultyS3]:
    """The proxy as long as the context lasts; `server` of what it yields is the address to use."""

    class Handler(_Handler):
        behind = upstream.port

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        Handler.plan = FaultyS3(S3Server(listener.server_port))
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Handler.plan
        finally:
            listener.shutdown()
            thread.join()


def operation_of(method: str, target: str) -> str:
    """The name that S3 gives to a request."""
    url = urlsplit(target)
    query = parse_qs(url.query, keep_blank_values=True)
    if "uploads" in query:
        return "CreateMultipartUpload" if method == "POST" else "ListMultipartUploads"
    if "partNumber" in query:
        return "UploadPart"
    if "uploadId" in query:
        return "CompleteMultipartUpload" if method == "POST" else "AbortMultipartUpload"
    if "list-type" in query:
        return "ListObjectsV2"
    return f"{method.title()}{'Object' if url.path.strip('/').count('/') else 'Bucket'}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    plan: FaultyS3
    behind: int

    def log_message(self, *_: object) -> None:
        pass

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.plan.fate(operation_of(self.command, self.path))
        if fault is None or fault in CARRIED_OUT:
            response, data = self.forward(body, conditional=fault is not Fault.UNCONDITIONAL)
        if fault in (Fault.RESET, Fault.LOST):
            self.reset()
        elif fault in REFUSALS:
            self.refuse(*REFUSALS[fault])
        else:
            if fault is Fault.LATE:
                time.sleep(2)
            self.send(response, data, cut=fault is Fault.CUT)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

    def forward(self, body: bytes, *, conditional: bool) -> tuple[HTTPResponse, bytes]:
        left_out = {"expect", "connection"} | (set() if conditional else {"if-match", "if-none-match"})
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        connection = HTTPConnection("127.0.0.1", self.behind)
        try:
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def refuse(self, status: int, code: str) -> None:
        data = b"" if self.command == "HEAD" else f"<Error><Code>{code}</Code></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send(self, response: HTTPResponse, data: bytes, *, cut: bool) -> None:
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = response.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        if length is not None and response.status not in (204, 304):
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.wfile.flush()
            time.sleep(0.05)
            self.reset()

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())
        self.close_connection = True
