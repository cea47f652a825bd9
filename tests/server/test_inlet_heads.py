import socket
from collections.abc import Iterator

import pytest

from registry.server.inlet import Inlet


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def test_what_arrived_is_looked_at_without_being_read(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    inlet = Inlet(near)
    far.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert inlet.arrive()
    assert inlet.holds(b"\r\n\r\n")
    assert inlet.read() == b"GET / HTTP/1.1\r\n\r\n"
    assert not inlet.holds(b"\r\n\r\n")


def test_what_was_read_already_is_not_held(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    inlet = Inlet(near)
    far.sendall(b"5\r\n\r\nrest")
    assert inlet.read_line(10) == b"5"
    assert not inlet.holds(b"5")
    assert inlet.holds(b"rest")
