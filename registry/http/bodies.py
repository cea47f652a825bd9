"""The one body reader: counted, bounded, and never an empty or short body by mistake (PEP 3333, RFC 9112 section 6)."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from registry.core.gunzip import iter_gunzip
from registry.core.strict_json import parse_json
from registry.errors import Invalid, LengthRequired, RegistryError, TooLarge, TruncatedBody

CHUNK = 1024 * 1024
DRAINED = 64 * CHUNK


class Body:
    """The body of a request. It can be read once."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self._taken = False
        self._rest: Iterator[bytes] | None = None

    @property
    def length(self) -> int | None:
        """The announced length, or None for a chunked body. Raises Invalid when it is no number."""
        text = self._environ.get("CONTENT_LENGTH") or ""
        if text and not (text.isascii() and text.isdecimal() and len(text) < 20):
            raise Invalid("Content-Length is not a number of bytes")
        return int(text) if text else None

    @property
    def encoding(self) -> str:
        """The content coding, in lower case; empty for none."""
        coding = str(self._environ.get("HTTP_CONTENT_ENCODING", "")).strip().lower()
        return "" if coding == "identity" else coding

    def chunks(self, limit: int | None = None) -> Iterator[bytes]:
        """The bytes as sent, up to 1 MiB at a time.

        Raises TooLarge past `limit` bytes, TruncatedBody when the client stops early, LengthRequired when the host
        cannot tell where the body ends.
        """
        if self._taken:
            raise Invalid("the body was read already")
        self._taken = True
        length = self.length
        if limit is not None and length is not None and length > limit:
            raise TooLarge(limit)
        self._rest = self._read_all(length)
        yield from _bounded(self._rest, limit)

    def read(self, limit: int) -> bytes:
        """The whole body, decoded when it is gzipped, at most `limit` bytes. Raises what `chunks` raises."""
        if not self.encoding:
            return b"".join(self.chunks(limit))
        if self.encoding not in ("gzip", "x-gzip"):
            raise Invalid(f"content coding {self.encoding} is not understood", headers={"Accept-Encoding": "gzip"})
        return b"".join(_bounded(iter_gunzip(self.chunks(limit), max_output=limit + 1), limit))

    def json(self, limit: int) -> Any:
        """The body as strictly parsed JSON. Raises Invalid, and what `read` raises."""
        return parse_json(self.read(limit))

    def json_object(self, limit: int) -> dict[str, Any]:
        """The body as a JSON object. Raises Invalid, and what `read` raises."""
        value = self.json(limit)
        if not isinstance(value, dict):
            raise Invalid("the body is not a JSON object")
        return value

    def settle(self) -> None:
        """Take in what was left unread, 64 MiB at most."""
        with suppress(RegistryError):
            for _ in _bounded(self._rest or self._read_all(self.length), DRAINED):
                pass

    def _read_all(self, length: int | None) -> Iterator[bytes]:
        environ = self._environ
        terminated = environ.get("wsgi.input_terminated", False)
        chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if length is not None:
            # nginx's uwsgi_pass sends the length of a body it has de-chunked, and the old header with it.
            if chunked and terminated:
                raise Invalid("both Content-Length and Transfer-Encoding are given")
            return _read_exactly(environ["wsgi.input"], length)
        if not chunked:
            return iter(())
        if terminated:
            return _read_to_end(environ["wsgi.input"].read)
        return _read_to_end(_uwsgi_reader())


def _bounded(chunks: Iterator[bytes], limit: int | None) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if limit is not None and size > limit:
            raise TooLarge(limit)
        yield chunk


def _read_exactly(stream: Any, length: int) -> Iterator[bytes]:
    """`length` bytes of a host that answers a vanished client with an early end, or with an error of its own."""
    left = length
    while left:
        chunk = _guarded(stream.read, min(CHUNK, left))
        if not chunk:
            raise TruncatedBody(f"the body ends after {length - left} of {length} bytes")
        left -= len(chunk)
        yield chunk


def _read_to_end(read: Any) -> Iterator[bytes]:
    while chunk := _guarded(read, CHUNK):
        yield chunk


def _guarded(read: Any, size: int) -> bytes:
    try:
        return read(size)  # type: ignore[no-any-return]
    except RegistryError:
        raise
    except Exception as error:
        raise TruncatedBody("the body was cut off") from error


def _uwsgi_reader() -> Any:
    """uWSGI hands out chunked bodies through its own module only. Raises LengthRequired elsewhere."""
    try:
        import uwsgi
    except ImportError:
        raise LengthRequired("send a Content-Length: this host does not pass chunked bodies on") from None
    return lambda size: uwsgi.chunked_read()
