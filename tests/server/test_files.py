import os
import socket
import threading
from pathlib import Path

import pytest

from registry.server import files


def received(sock: socket.socket) -> bytes:
    with sock.makefile("rb") as file:
        return file.read()


@pytest.mark.parametrize("cached", [True, False])
def test_a_file_reaches_a_peer_that_reads_late(
    big_file: Path, monkeypatch: pytest.MonkeyPatch, *, cached: bool
) -> None:
    monkeypatch.setattr(files, "_is_cached", lambda *_: cached)
    ours, theirs = socket.socketpair()
    results: list[bytes] = []
    reader = threading.Thread(target=lambda: results.append(received(theirs)))
    ours.settimeout(10)
    with ours, theirs, big_file.open("rb") as file:
        threading.Timer(0.2, reader.start).start()
        files.send_file(ours, file.fileno(), 7, big_file.stat().st_size - 7)
        ours.shutdown(socket.SHUT_WR)
        reader.join()
    assert results == [big_file.read_bytes()[7:]]


def test_a_peer_that_takes_nothing_is_given_up(big_file: Path) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.1)
    with ours, theirs, big_file.open("rb") as file, pytest.raises(TimeoutError):
        files.send_file(ours, file.fileno(), 0, big_file.stat().st_size)


def test_what_was_just_written_is_cached(big_file: Path) -> None:
    with big_file.open("rb") as file:
        assert files._is_cached(file.fileno(), 0, big_file.stat().st_size)


def test_a_pipe_has_no_range() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"piped")
    os.close(writing)
    wrapper = files.FileWrapper(os.fdopen(reading, "rb"))
    assert wrapper.sendfile_range is None
    assert b"".join(wrapper) == b"piped"
    wrapper.close()
