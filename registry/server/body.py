"""The body of a request, `wsgi.input`: counted, strict about its end, received into the caller's buffer."""

import re
import sys
import time
from collections.abc import Iterator

from registry.errors import Invalid, RegistryError, TruncatedBody
from registry.server.inlet import Inlet

STEP = 1024 * 1024
LINE_LIMIT = 4096
TRAILER_LIMIT = 100
LEAST_RATE = 1024
GRACE_SECONDS = 30.0

# RFC 9112 section 7.1.1; what an extension says is not looked at, only that it hides no line end.
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")


class Body:
    """The bytes of one request body, `length` of them, or chunked when that is None.

    Reading raises TruncatedBody when the client stops early, or sends less than LEAST_RATE bytes a second after
    GRACE_SECONDS of waiting for it, and Invalid for broken chunks. A client that waits for `100 Continue` gets it at
    the first read, so that one who is refused unread sends nothing.
    """

    def __init__(self, inlet: Inlet, length: int | None, *, awaited: bool = False) -> None:
        self.ended = length == 0
        self.failed = False
        self._inlet = inlet
        self._chunked = length is None
        self._left = length or 0
        self._awaited = awaited
        self._received = 0
        self._waited = 0.0

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill `buffer` and return its size, or less where the body ends."""
        view = memoryview(buffer)
        filled = 0
        while filled < len(view) and not self.ended:
            filled += self._receive(view[filled:])
        return filled

    def read(self, size: int | None = -1) -> bytes:
        """The next `size` bytes, less where the body ends; all that is left for a negative size."""
        wanted = sys.maxsize if size is None or size < 0 else size
        pieces = []
        while wanted and not self.ended:
            buffer = bytearray(min(wanted, STEP if self._chunked else min(STEP, self._left)))
            count = self.readinto(buffer)
            pieces.append(bytes(memoryview(buffer)[:count]))
            wanted -= count
        return b"".join(pieces)

    def readline(self, size: int | None = -1) -> bytes:
        """The bytes up to and with the next newline; slow, for PEP 3333's sake."""
        line = bytearray()
        while len(line) != size and (byte := self.read(1)):
            line += byte
            if byte == b"\n":
                break
        return bytes(line)

    def readlines(self, hint: int | None = None) -> list[bytes]:
        """All lines that are left."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def can_drain(self, limit: int) -> bool:
        """Whether the end of the body is known to be at most `limit` bytes away."""
        if self.failed or (self._awaited and not self.ended):
            return False
        return self.ended or (not self._chunked and self._left <= limit)

    def drain(self, limit: int) -> bool:
        """Read what was left unread; False, and little is read, unless the next request can follow at once."""
        if not self.can_drain(limit):
            return False
        try:
            self.read()
        except RegistryError:
            return False
        return True

    def _receive(self, view: memoryview) -> int:
        try:
            if self._awaited:
                self._inlet.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                self._awaited = False
            if self._chunked and not self._left:
                self._open_chunk()
            return 0 if self.ended else self._take(view[: self._left])
        except OSError as error:
            self.failed = True
            raise TruncatedBody("the client stopped sending") from error
        except RegistryError:
            self.failed = True
            raise

    def _take(self, view: memoryview) -> int:
        started = time.monotonic()
        count = self._inlet.readinto(view)
        self._waited += time.monotonic() - started
        self._received += count
        self._left -= count
        if not count:
            raise TruncatedBody(f"the body ends after {self._received} bytes, {self._left} short")
        if self._waited > GRACE_SECONDS and self._received < LEAST_RATE * self._waited:
            raise TruncatedBody(f"{self._received} bytes came in {self._waited:.0f} seconds, which is too slow")
        if not self._left:
            self._close_chunk()
        return count

    def _open_chunk(self) -> None:
        line = self._inlet.read_line(LINE_LIMIT)
        match = _CHUNK.fullmatch(line)
        if match is None:
            raise Invalid("the size of a chunk is malformed")
        self._left = int(match[1], 16)
        if not self._left:
            self._skip_trailers()
            self.ended = True

    def _close_chunk(self) -> None:
        if self._chunked:
            self._inlet.read_line(0)
        else:
            self.ended = True

    def _skip_trailers(self) -> None:
        for _ in range(TRAILER_LIMIT):
            if not self._inlet.read_line(LINE_LIMIT):
                return
        raise Invalid("the chunked body has too many trailers")
