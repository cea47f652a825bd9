"""Files on their way to a socket by `sendfile(2)`, without standing in the way of other greenlets."""

import os
import socket
import stat
from collections.abc import Iterator
from typing import BinaryIO

import gevent
from gevent.socket import wait_write

from registry.offload import offload

STEP = 1024 * 1024


class FileWrapper:
    """`wsgi.file_wrapper` of PEP 3333: the rest of a file from where it stands."""

    def __init__(self, file: BinaryIO, size: int = STEP) -> None:
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
    end = offset + count
    while offset < end:
        step = min(STEP, end - offset)
        try:
            if _is_cached(file, offset, step):
                sent = os.sendfile(sock.fileno(), file, offset, step)
            else:
                sent = offload(os.sendfile, sock.fileno(), file, offset, step)
        except BlockingIOError:
            wait_write(sock.fileno(), timeout=sock.gettimeout(), timeout_exc=TimeoutError("the peer takes nothing"))
            continue
        if not sent:
            raise EOFError(f"the file ends {end - offset} bytes early")
        offset += sent
        gevent.sleep(0)


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
