from pathlib import Path

import pytest

from tests.server.serving import Server, started


def test_a_small_answer_leaves_in_one_piece(server: Server) -> None:
    with server.connect() as client:
        client.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        received = client.sock.recv(65536)
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert received.endswith(b"\r\n\r\nhello")


def test_head_is_answered_without_a_body(server: Server, big_file: Path) -> None:
    with server.connect() as client:
        for path in ("/hello", f"/file?path={big_file}&offset=0&count=5"):
            answer = client.ask("HEAD", path)
            assert (answer.status, answer.headers["content-length"]) == (200, "5")
        assert client.ask("GET", "/hello").text == "hello"


def test_a_body_of_unknown_length_is_chunked(server: Server) -> None:
    with server.connect() as client:
        assert client.ask("GET", "/stream").body == b"one " + b"x" * 100_000 + b" two"
        assert client.ask("GET", "/hello").text == "hello"


def test_a_file_is_sent_whole(server: Server, big_file: Path) -> None:
    data = big_file.read_bytes()
    with server.connect() as client:
        assert client.ask("GET", f"/file?path={big_file}&offset=0&count={len(data)}").body == data
        assert client.ask("GET", "/hello").text == "hello"


@pytest.mark.parametrize(("offset", "count"), [(0, 1), (3_000_001, 2_000_003), (5, 0)])
def test_a_range_of_a_file_is_sent(server: Server, big_file: Path, offset: int, count: int) -> None:
    expected = big_file.read_bytes()[offset : offset + count]
    with server.connect() as client:
        assert client.ask("GET", f"/file?path={big_file}&offset={offset}&count={count}").body == expected
        assert client.ask("GET", f"/file?path={big_file}&offset={offset}&count={count}&unsized=1").body == expected
        assert client.ask("GET", "/hello").text == "hello"


def test_a_file_is_cut_at_the_length_that_was_announced(server: Server, big_file: Path) -> None:
    answer = server.ask("GET", f"/file?path={big_file}&offset=8&count=1000&length=16")
    assert answer.body == big_file.read_bytes()[8:24]


def test_a_file_that_is_shorter_than_announced_cuts_the_connection(server: Server, big_file: Path) -> None:
    size = big_file.stat().st_size
    with server.connect() as client, pytest.raises(EOFError):
        client.ask("GET", f"/file?path={big_file}&offset=0&count={size + 1}")


def test_the_file_wrapper_sends_the_rest_of_a_file(server: Server, big_file: Path) -> None:
    assert server.ask("GET", f"/wrapped?path={big_file}").body == big_file.read_bytes()[10:]


def test_the_file_wrapper_reads_what_is_no_regular_file(server: Server) -> None:
    expected = Path("/proc/version").read_bytes()[10:]
    assert server.ask("GET", "/wrapped?path=/proc/version").body == expected


def test_a_slow_reader_holds_up_nobody(server: Server, big_file: Path) -> None:
    size = big_file.stat().st_size
    with server.connect() as reader:
        reader.send(f"GET /file?path={big_file}&offset=0&count={size} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert server.ask("GET", "/hello").text == "hello"
        assert reader.answer().body == big_file.read_bytes()


def test_an_application_that_fails_is_answered_for(server: Server) -> None:
    with server.connect() as client:
        answer = client.ask("GET", "/fail")
        assert (answer.status, answer.headers["connection"]) == (500, "close")
        assert "on purpose" not in answer.text


def test_an_application_that_fails_late_cuts_the_connection(server: Server) -> None:
    with server.connect() as client, pytest.raises(EOFError, match="4 of 10"):
        client.ask("GET", "/fail-late")


def test_a_body_is_closed_when_the_client_goes_away(big_file: Path) -> None:
    size = big_file.stat().st_size
    with started() as own:
        with own.connect() as client:
            client.send(f"GET /file?path={big_file}&offset=0&count={size} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            client.sock.recv(1000)
        assert own.ask("GET", "/hello").text == "hello"
        assert own.stop() == "closed\n"
