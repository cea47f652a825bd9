"""Load on loopback, bounded in count and time: many small requests by wrk, uploads and large downloads one by one."""

import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

BLOCK = 1 << 20
PATIENCE = 60.0

_DONE = re.compile(r"(\d+) requests in ([\d.]+)(ms|s|m)\b")
_FAILED = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.+)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Load:
    """What was done: so many requests with so many bytes of body, in so many seconds."""

    requests: int
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Request:
    """One request; a body may be made while it is sent, and is `length` bytes then."""

    method: str
    url: str
    headers: Headers = field(default_factory=dict)
    body: bytes | Callable[[], Iterator[bytes]] = b""
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, less a body that was asked to be thrown away."""

    status: int
    headers: Headers
    body: bytes
    size: int


class Client:
    """One kept connection, which is made anew when the server has closed it."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
        self._buffer = bytearray(BLOCK)

    def ask(self, request: Request, *, keep_body: bool = True) -> Answer:
        """The answer, whatever its status."""
        body = request.body if isinstance(request.body, bytes) else request.body()
        headers = dict(request.headers)
        if request.length is not None:
            headers["Content-Length"] = str(request.length)
        split = urlsplit(request.url)
        target = f"{split.path}?{split.query}" if split.query else split.path
        self._connection.request(request.method, target, body or None, headers)
        response = self._connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        if keep_body:
            data = response.read()
            return Answer(response.status, found, data, len(data))
        size = 0
        while count := response.readinto(self._buffer):
            size += count
        return Answer(response.status, found, b"", size)

    def close(self) -> None:
        """The connection is closed."""
        self._connection.close()


def ask(request: Request) -> Answer:
    """The answer to a single request."""
    client = Client(request.url)
    try:
        return client.ask(request)
    finally:
        client.close()


def hammer(url: str, headers: Headers, *, seconds: int, connections: int = 8) -> Load:
    """GET the same thing again and again over kept connections. Raises RuntimeError when an answer is an error."""
    options = [f"-H{name}: {value}" for name, value in headers.items()]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={PATIENCE:g}s", *options, url]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 2 * PATIENCE).stdout
    done, failed = _DONE.search(text), _FAILED.search(text)
    if done is None or failed:
        raise RuntimeError(f"{url}: {failed[0] if failed else text}")
    return Load(int(done[1]), 0, float(done[2]) * _SECONDS[done[3]])


def run_through(requests: Iterable[Request], *, seconds: float) -> Load:
    """Send the requests one after the other, not all of them when time is up. Raises RuntimeError at an error."""
    client, count, size = None, 0, 0
    started = time.perf_counter()
    for request in requests:
        client = client or Client(request.url)
        answer = client.ask(request, keep_body=False)
        if answer.status >= 400:
            raise RuntimeError(f"{request.method} {request.url}: {answer.status}")
        count, size = count + 1, size + answer.size + (request.length or len(request.body))  # type: ignore[arg-type]
        if time.perf_counter() - started > seconds:
            break
    elapsed = time.perf_counter() - started
    if client:
        client.close()
    return Load(count, size, elapsed)
