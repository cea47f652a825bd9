"""A WSGI application whose paths do one odd thing each, and the program that serves it."""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from registry.errors import RegistryError

Environ = dict[str, Any]
Start = Callable[..., Any]


class FileRange:
    """A body that a host may send with sendfile(2), and no other way."""

    def __init__(self, path: str, offset: int, count: int) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115
        self.sendfile_range = (self._file, offset, count)

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("the host iterates over what it could send")

    def close(self) -> None:
        self._file.close()
        print("closed", file=sys.stderr, flush=True)


def hello(environ: Environ, start: Start) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", "5")])
    return [b"hello"]


def digest(environ: Environ, start: Start) -> Iterable[bytes]:
    """The size and sha256 of the body, read by blocks."""
    size, sha256 = 0, hashlib.sha256()
    try:
        while block := environ["wsgi.input"].read(1 << 20):
            size += len(block)
            sha256.update(block)
    except RegistryError as error:
        return _text(start, f"400 {type(error).__name__}", str(error))
    return _text(start, "200 OK", f"{size} {sha256.hexdigest()}")


def refuse(environ: Environ, start: Start) -> Iterable[bytes]:
    """A refusal that leaves the body unread."""
    return _text(start, "405 Method Not Allowed", "no")


def fail(environ: Environ, start: Start) -> Iterable[bytes]:
    raise RuntimeError("on purpose")


def fail_late(environ: Environ, start: Start) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", "10")])

    def body() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("on purpose, late")

    return body()


def stream(environ: Environ, start: Start) -> Iterable[bytes]:
    """A body of unknown length."""
    start("200 OK", [])
    return iter([b"one ", b"", b"x" * 100_000, b" two"])


def file_range(environ: Environ, start: Start) -> Iterable[bytes]:
    query = {key: values[0] for key, values in parse_qs(environ["QUERY_STRING"]).items()}
    offset, count = int(query["offset"]), int(query["count"])
    start("200 OK", [] if "unsized" in query else [("Content-Length", query.get("length", str(count)))])
    return FileRange(query["path"], offset, count)


def wrapped(environ: Environ, start: Start) -> Iterable[bytes]:
    """The rest of a file after its first ten bytes, by the host's file wrapper."""
    file = Path(parse_qs(environ["QUERY_STRING"])["path"][0]).open("rb")  # noqa: SIM115
    file.seek(10)
    start("200 OK", [])
    result: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
    return result


def show(environ: Environ, start: Start) -> Iterable[bytes]:
    """What the host tells of the request."""
    return _text(start, "200 OK", json.dumps({key: str(value) for key, value in environ.items()}))


def slow(environ: Environ, start: Start) -> Iterable[bytes]:
    time.sleep(1.0)
    return _text(start, "200 OK", "at last")


PATHS = {
    "/hello": hello,
    "/digest": digest,
    "/refuse": refuse,
    "/fail": fail,
    "/fail-late": fail_late,
    "/stream": stream,
    "/file": file_range,
    "/wrapped": wrapped,
    "/show": show,
    "/slow": slow,
}


def application(environ: Environ, start: Start) -> Iterable[bytes]:
    return PATHS[environ["PATH_INFO"]](environ, start)


def _text(start: Start, status: str, text: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(text.encode())))])
    return [text.encode()]


if __name__ == "__main__":
    from registry.server.patching import patch

    patch()
    from registry.server.gunicorn import serve

    serve(
        lambda: application,
        bind=sys.argv[1],
        workers=int(sys.argv[2]),
        graceful_timeout=5,
        on_ready=lambda: print("ready", flush=True),
    )
