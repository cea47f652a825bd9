"""Clients that vanish: in the middle of an upload, of a download, and with the server that they talk to."""

import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders.asking import Answer, Ask, as_token, send
from tests.clients.server import Server, serving
from tests.contracts.adapter import Adapter
from tests.faults.processes import children, kill, open_files

CONTENT = bytes(range(256)) * 4000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def read(server: Server) -> Callable[[str], Answer]:
    return lambda path: ask(server, Ask("GET", path))


def ask(server: Server, request: Ask) -> Answer:
    return send(server.url, request.having(as_token(server.token)))


@contextmanager
def begun(server: Server, request: Ask, **headers: str) -> Iterator[socket.socket]:
    """A connection on which everything of a request but its body was sent."""
    fields = {"Host": server.host, **as_token(server.token), **request.headers, **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(f"{request.method} {request.path} HTTP/1.1\r\n{head}\r\n".encode())
        yield connection


def status_of(connection: socket.socket) -> int:
    """The status of the answer; the connection ends with it."""
    answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(answer.split(b" ", 2)[1])


def check_nothing_is_left(server: Server, adapter: Adapter, read: Callable[[str], Answer], package: str) -> None:
    assert adapter.offers(read, package) == {}
    assert package not in adapter.listed(read)
    deadline = time.monotonic() + 10
    while left := list((server.directory / "store" / "scratch").iterdir()):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_an_upload_that_ends_early_is_refused(server: Server, adapter: Adapter, read: Callable[[str], Answer]) -> None:
    *first, last = adapter.publish(content=CONTENT, package="cut-short")
    for request in first:
        assert ask(server, request).is_success
    body = last.body or b""
    for sent in (b"", body[:1], body[: len(body) // 2], body[:-1]):
        with begun(server, last, Content_Length=str(len(body))) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert status_of(connection) == 400
    check_nothing_is_left(server, adapter, read, "cut-short")
    assert ask(server, last).is_success


def test_a_chunked_upload_without_its_end_is_refused(
    server: Server, adapter: Adapter, read: Callable[[str], Answer]
) -> None:
    *first, last = adapter.publish(content=CONTENT, package="cut-chunks")
    for request in first:
        assert ask(server, request).is_success
    body = last.body or b""
    whole = b"%x\r\n%b\r\n" % (len(body), body)
    for sent in (
        b"",
        whole[:10],
        whole[:-2],
        whole,
        whole + b"0\r\n",
        b"zz\r\n",
        b"-1\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
    ):
        with begun(server, last, Transfer_Encoding="chunked") as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert status_of(connection) == 400, sent[:20]
    check_nothing_is_left(server, adapter, read, "cut-chunks")


def test_a_client_that_is_reset_leaves_nothing(server: Server, adapter: Adapter, read: Callable[[str], Answer]) -> None:
    *first, last = adapter.publish(content=CONTENT, package="reset")
    for request in first:
        assert ask(server, request).is_success
    body = last.body or b""
    for _ in range(5):
        with begun(server, last, Content_Length=str(len(body))) as connection:
            connection.sendall(body[: len(body) // 2])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    check_nothing_is_left(server, adapter, read, "reset")


def test_downloads_that_nobody_takes_leave_nothing_open(
    server: Server, adapter: Adapter, read: Callable[[str], Answer]
) -> None:
    content = bytes(8 << 20)
    for request in adapter.publish(content=content + bytes(range(256)) * 8000, package="large"):
        assert ask(server, request).is_success
    offer = adapter.offers(read, "large")["1.0.0"]
    before = files_of(server)
    for _ in range(40):
        with begun(server, Ask("GET", offer.path)) as connection:
            connection.recv(1000)
    assert offer.fits(read(offer.path).body)
    deadline = time.monotonic() + 20
    while files_of(server) > before + 6:
        assert time.monotonic() < deadline, (before, files_of(server))
        time.sleep(0.1)


def files_of(server: Server) -> int:
    assert server.process
    return sum(open_files(pid) for pid in children(server.process.pid))


def test_a_server_that_is_killed_during_an_upload_takes_it_after_its_restart(tmp_path: Path, adapter: Adapter) -> None:
    with serving(tmp_path) as server:
        *first, last = adapter.publish(content=CONTENT)
        for request in first:
            assert ask(server, request).is_success
        body = last.body or b""
        with begun(server, last, Content_Length=str(len(body))) as connection:
            connection.sendall(body[: len(body) // 2])
            time.sleep(0.2)
            assert server.process
            workers = children(server.process.pid)
            server.stop(signal.SIGKILL)
            for pid in workers:
                kill(pid)
        server.start()
        assert adapter.offers(lambda path: ask(server, Ask("GET", path))) == {}
        assert ask(server, last).is_success
        offer = adapter.offers(lambda path: ask(server, Ask("GET", path)))["1.0.0"]
        assert offer.fits(ask(server, Ask("GET", offer.path)).body)


def test_an_upload_and_a_download_outlive_the_replacement_of_the_workers(tmp_path: Path, adapter: Adapter) -> None:
    with serving(tmp_path) as server:
        for request in adapter.publish("0.1.0", CONTENT * 20):
            assert ask(server, request).is_success
        offer = adapter.offers(lambda path: ask(server, Ask("GET", path)))["0.1.0"]
        *first, last = adapter.publish("1.0.0", CONTENT)
        for request in first:
            assert ask(server, request).is_success
        body = last.body or b""
        with (
            begun(server, last, Content_Length=str(len(body)), Connection="close") as sending,
            begun(server, Ask("GET", offer.path), Connection="close") as receiving,
        ):
            sending.sendall(body[: len(body) // 2])
            taken = receiving.recv(100)
            assert server.process
            workers = children(server.process.pid)
            server.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 20
            while len(set(children(server.process.pid)) - set(workers)) < len(workers):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            time.sleep(0.5)
            sending.sendall(body[len(body) // 2 :])
            assert status_of(sending) in (200, 201)
            whole = taken + b"".join(iter(lambda: receiving.recv(1 << 20), b""))
            assert offer.fits(whole.partition(b"\r\n\r\n")[2])
        assert set(adapter.offers(lambda path: ask(server, Ask("GET", path)))) == {"0.1.0", "1.0.0"}
