"""Responses: the head goes out together with the first bytes of the body, files go out by `sendfile(2)`."""

import socket
import time
from email.utils import formatdate
from typing import BinaryIO

from gunicorn.http import wsgi

from registry.server.files import send_file

JOINED = 64 * 1024
DRAINED = 256 * 1024
_MORE = getattr(socket, "MSG_MORE", 0)

_date = (0, "")


def http_date() -> str:
    """The current time for a Date field, formatted once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, formatdate(now, usegmt=True))
    return _date[1]


class Response(wsgi.Response):
    """gunicorn's response with its checks, bookkeeping and chunks; `started` once a byte may have been sent."""

    started = False
    _head = b""

    def should_close(self) -> bool:
        """Whether the connection ends with this response; so it does when much of the request was left unread."""
        return bool(super().should_close()) or not self.req.body.can_drain(DRAINED)

    def send_headers(self) -> None:
        """Render the head; it leaves with the first bytes of the body, or at the end when there are none."""
        if self.headers_sent:
            return
        major, minor = self.req.version
        connection = "close" if self.should_close() else "keep-alive"
        lines = [
            f"HTTP/{major}.{minor} {self.status}",
            f"Server: registry\r\nDate: {http_date()}\r\nConnection: {connection}",
            *(["Transfer-Encoding: chunked"] if self.chunked else []),
            *[f"{name}: {value}" for name, value in self.headers],
            "\r\n",
        ]
        self._head = "\r\n".join(lines).encode("latin-1")
        self.headers_sent = True

    def send_range(self, file: BinaryIO, offset: int, count: int) -> None:
        """Let the body be `count` bytes of the file; a Content-Length of the application's may make it shorter."""
        if self.response_length is None and not self.headers_sent:
            self.headers.append(("Content-Length", str(count)))
            self.response_length, self.chunked = count, False
        count = min(count, (self.response_length or 0) - self.sent)
        self.send_headers()
        if self._omits_body or count <= 0:
            return
        self._flush(_MORE)
        send_file(self.sock, file.fileno(), offset, count)
        self.sent += count

    def close(self) -> None:
        """Send what is left to send."""
        self.send_headers()
        if self.chunked:
            self._emit_body(b"")
        self._flush()

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        if len(data) > JOINED:
            self._flush(_MORE)
        head, self._head = self._head, b""
        self.started = True
        self.sock.sendall(head + data if head else data)

    def _flush(self, flags: int = 0) -> None:
        head, self._head = self._head, b""
        if head:
            self.started = True
            self.sock.sendall(head, flags)
