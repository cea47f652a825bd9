import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import TruncatedBody
from registry.server.body import Body
from registry.server.inlet import Inlet


@contextmanager
def sent(data: bytes) -> Iterator[Inlet]:
    """The receiving side of a connection on which `data` came, and the end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        yield Inlet(ours)


def rest(inlet: Inlet) -> bytes:
    return b"".join(iter(inlet.read, b""))


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=300), max_size=8),
    ahead=st.integers(0, 300),
    sizes=st.lists(st.integers(1, 500), min_size=1, max_size=5),
)
def test_a_chunked_body_is_the_same_however_it_is_cut(chunks: list[bytes], ahead: int, sizes: list[int]) -> None:
    wire = b"".join(b"%X\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\nNEXT"
    with sent(wire[ahead:]) as inlet:
        inlet.unread(wire[:ahead])
        body = Body(inlet, None)
        received = b""
        for size in sizes * 1000:
            piece = body.read(size)
            received += piece
            if len(piece) < size:
                break
        assert received == b"".join(chunks)
        assert body.ended
        assert rest(inlet) == b"NEXT"


@given(data=st.binary(max_size=400), ahead=st.integers(0, 400), size=st.integers(1, 100))
def test_a_counted_body_ends_where_it_says(data: bytes, ahead: int, size: int) -> None:
    with sent(data[ahead:] + b"NEXT") as inlet:
        inlet.unread(data[:ahead])
        body = Body(inlet, len(data))
        buffer = bytearray(size)
        received = b""
        while count := body.readinto(buffer):
            received += buffer[:count]
        assert received == data
        assert rest(inlet) == b"NEXT"


def test_lines_are_read_as_pep_3333_asks() -> None:
    with sent(b"one\ntwo\nthree") as inlet:
        body = Body(inlet, 13)
        assert body.readline() == b"one\n"
        assert body.readline(2) == b"tw"
        assert body.readlines() == [b"o\n", b"three"]
        assert body.readline() == b""


def test_a_body_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 5))
    monkeypatch.setattr("registry.server.body.time.monotonic", lambda: float(next(clock)))
    with sent(b"") as inlet:
        monkeypatch.setattr(inlet, "readinto", lambda view: 1)
        with pytest.raises(TruncatedBody, match="too slow"):
            Body(inlet, 1000).read()


def test_the_time_the_application_takes_is_not_held_against_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with sent(b"ab") as inlet:
        body = Body(inlet, 2)
        assert body.read(1) == b"a"
        monkeypatch.setattr("registry.server.body.time.monotonic", lambda: 1e9)
        assert body.read(1) == b"b"
