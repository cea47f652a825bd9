"""What arrives on a connection, received as late and copied as little as possible."""

import socket

from registry.errors import Invalid, TruncatedBody

HEAD_RECEIVE = 8192
LINE_RECEIVE = 64 * 1024


class Inlet:
    """The receiving side of a socket; takes the place of gunicorn's unreader in its parser of request heads."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._held = b""
        self._at = 0

    def arrive(self) -> bool:
        """Wait until there is something to read; False when the client has closed its side."""
        if self._at == len(self._held):
            self._held, self._at = self.sock.recv(HEAD_RECEIVE), 0
        return bool(self._held)

    def holds(self, text: bytes) -> bool:
        """Whether the text is in what has arrived and was not read yet."""
        return self._held.find(text, self._at) >= 0

    def read(self) -> bytes:
        """Some bytes, as soon as there are any; none at the end."""
        if self._at == len(self._held):
            return self.sock.recv(HEAD_RECEIVE)
        data = self._held[self._at :]
        self._held, self._at = b"", 0
        return data

    def unread(self, data: bytes) -> None:
        """`data` is read again, before what is held."""
        self._held, self._at = data + self._held[self._at :], 0

    def readinto(self, view: memoryview) -> int:
        """Put some bytes into `view`, as soon as there are any, and return their number; 0 at the end."""
        if self._at == len(self._held):
            return self.sock.recv_into(view)
        data = memoryview(self._held)[self._at : self._at + len(view)]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def read_line(self, limit: int) -> bytes:
        """The bytes up to the next CRLF, which is consumed.

        Raises Invalid when they are more than `limit` or end with a bare LF, TruncatedBody when no end comes.
        """
        while (end := self._held.find(b"\n", self._at, self._at + limit + 2)) < 0:
            if len(self._held) - self._at >= limit + 2:
                raise Invalid("a line of the chunked body is malformed")
            more = self.sock.recv(LINE_RECEIVE)
            if not more:
                raise TruncatedBody("the chunked body was cut off")
            self._held, self._at = self._held[self._at :] + more, 0
        line = self._held[self._at : end]
        self._at = end + 1
        if not line.endswith(b"\r"):
            raise Invalid("a line of the chunked body ends without a carriage return")
        return line[:-1]
