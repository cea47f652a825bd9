"""Files on their way to a socket by `sendfile(2)`, without standing in the way of other greenlets."""

import os
import socket
import stat
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import gevent
from gevent.socket import wait_write

from registry.offload import offload

# One round over all files being sent moves about this much, so that a small answer waits no longer for many of them.
ROUND = 1024 * 1024
STEP = 64 * 1024

_sending = 0


class FileWrapper:
    """`wsgi.file_wrapper` of PEP 3333: the rest of a file from where it stands."""

    def __init__(self, file: BinaryIO, size: int = ROUND) -> None:
        self._file = file
        self._size = size

    @property
    def sendfile_range(self) -> tuple[BinaryIO, int, int] | None:
        """The file, the offset and the count of bytes that are left; None when that cannot be known."""
        try:
            status = os.fstat(self._file.fileno())
            offset = self._file.tell()
        except (AttributeError, OSError):
            return None
        # Files of /proc say that they are empty.
        known = stat.S_ISREG(status.st_mode) and status.st_size > offset
        return (self._file, offset, status.st_size - offset) if known else None

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(self._size), b"")

    def close(self) -> None:
        """Close the file if it can be closed."""
        close = getattr(self._file, "close", None)
        if close is not None:
            close()


def send_file(sock: socket.socket, file: int, offset: int, count: int) -> None:
    """Send `count` bytes of the descriptor `file` from `offset`.

    Raises EOFError when the file is shorter, TimeoutError when the peer takes nothing for the socket's timeout.
    """
    global _sending
    end = offset + count
    _sending += 1
    try:
        while offset < end:
            offset += _send_some(sock, file, offset, min(end - offset, max(ROUND // _sending, STEP)))
            gevent.sleep(0)
    finally:
        _sending -= 1


def _send_some(sock: socket.socket, file: int, offset: int, count: int) -> int:
    send = partial(_send_now, sock.fileno(), file, offset, count)
    while (sent := send() if _is_cached(file, offset, count) else offload(send)) is None:
        wait_write(sock.fileno(), timeout=sock.gettimeout(), timeout_exc=TimeoutError("the peer takes nothing"))
    if not sent:
        raise EOFError("the file is shorter than it was")
    return sent


def _send_now(sock: int, file: int, offset: int, count: int) -> int | None:
    """The number of bytes sent, None when the socket takes none; that is no error, which the threadpool would print."""
    try:
        return os.sendfile(sock, file, offset, count)
    except BlockingIOError:
        return None


def _is_cached(file: int, offset: int, count: int) -> bool:
    """Whether the first and the last byte can be read without waiting for the disk."""
    try:
        for position in (offset, offset + count - 1):
            os.preadv(file, [bytearray(1)], position, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except (OSError, AttributeError):
        # A file system or a kernel that cannot tell is taken at its fastest.
        return True
    return True
