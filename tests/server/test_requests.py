import hashlib
import json

import pytest

from tests.server.serving import Server


def described(body: bytes) -> str:
    return f"{len(body)} {hashlib.sha256(body).hexdigest()}"


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    body = b"p" * 20_000
    with server.connect() as client:
        client.send(b"PUT /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + body)
        client.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.answer().text == described(body)
        assert client.answer().text == "hello"


def test_a_large_body_arrives_whole(server: Server) -> None:
    body = bytes(range(256)) * 20_000
    assert server.ask("PUT", "/digest", body).text == described(body)


def test_a_truncated_body_raises(server: Server) -> None:
    with server.connect() as client:
        client.send(b"PUT /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        client.sock.shutdown(1)
        answer = client.answer()
        assert (answer.status, answer.reason) == (400, "TruncatedBody")
        assert client.is_closed()


@pytest.mark.parametrize("piece", [b"5\r\nab", b"5\r\nabcde\r\n", b"5\r\nabcde\r\n0\r\n", b"5"])
def test_a_truncated_chunked_body_raises(server: Server, piece: bytes) -> None:
    with server.connect() as client:
        client.send(b"PUT /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + piece)
        client.sock.shutdown(1)
        answer = client.answer()
        assert (answer.status, answer.reason) == (400, "TruncatedBody")
        assert client.is_closed()


@pytest.mark.parametrize("piece", [b"g\r\n", b"-5\r\nabcde\r\n", b"5\nabcde\n", b"5\r\nabcdefg\r\n", b"5" * 9000])
def test_broken_chunks_are_refused_and_end_the_connection(server: Server, piece: bytes) -> None:
    with server.connect() as client:
        client.send(b"PUT /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + piece)
        answer = client.answer()
        assert (answer.status, answer.reason) == (400, "Invalid")
        assert answer.headers["connection"] == "close"
        assert client.is_closed()


def test_chunked_bodies_of_all_sizes_arrive_whole_and_leave_the_next_request_alone(server: Server) -> None:
    chunks = [b"a", b"b" * 10_000, b"c" * 3_000_000, b"d" * 65_536]
    with server.connect() as client:
        for _ in range(2):
            client.send(b"PUT /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(*chunks))
            assert client.answer().text == described(b"".join(chunks))


def test_chunk_extensions_and_trailers_are_skipped(server: Server) -> None:
    with server.connect() as client:
        client.send(b"PUT /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b'5 ; a="b"\r\nabcde\r\n0\r\nTrailer: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n')
        assert client.answer().text == described(b"abcde")
        assert client.answer().text == "hello"


def test_a_short_body_left_unread_is_drained(server: Server) -> None:
    with server.connect() as client:
        answer = client.ask("POST", "/refuse", b"x" * 20_000)
        assert (answer.status, answer.headers["connection"]) == (405, "keep-alive")
        assert client.ask("GET", "/hello").text == "hello"


def test_a_long_body_left_unread_ends_the_connection_after_the_answer_was_read(server: Server) -> None:
    with server.connect() as client:
        answer = client.ask("POST", "/refuse", b"x" * 30_000_000)
        assert (answer.status, answer.headers["connection"]) == (405, "close")
        assert client.is_closed()


def test_the_body_is_invited_when_the_application_reads_it(server: Server) -> None:
    with server.connect() as client:
        client.send(b"PUT /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.answer().status == 100
        client.send(b"abc")
        assert client.answer().text == described(b"abc")
        assert client.ask("GET", "/hello").text == "hello"


def test_the_body_is_not_invited_when_the_application_refuses_it_unread(server: Server) -> None:
    with server.connect() as client:
        client.send(b"PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        answer = client.answer()
        assert (answer.status, answer.headers["connection"]) == (405, "close")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nBroken\r\n\r\n", 400),
        (b"PUT /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400),
        (b"PUT /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET /hello HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417),
        (b"PUT /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: zip\r\n\r\n", 501),
    ],
)
def test_what_is_no_request_is_refused_in_plain_text(server: Server, request_bytes: bytes, status: int) -> None:
    with server.connect() as client:
        client.send(request_bytes)
        answer = client.answer()
        assert answer.status == status
        assert answer.headers["content-type"] == "text/plain"
        client.sock.shutdown(1)
        assert client.is_closed()


def test_what_a_proxy_claims_is_left_to_the_application(server: Server) -> None:
    shown = json.loads(server.ask("GET", "/show", X_Forwarded_Proto="https", Path_Info="/evil").text)
    assert (shown["wsgi.url_scheme"], shown["PATH_INFO"]) == ("http", "/show")
    assert shown["HTTP_X_FORWARDED_PROTO"] == "https"
    assert shown["REMOTE_ADDR"] == "127.0.0.1"


def test_a_client_of_http_1_0_gets_its_answer_and_the_end(server: Server) -> None:
    with server.connect() as client:
        client.send(b"GET /hello HTTP/1.0\r\n\r\n")
        assert client.answer().text == "hello"
        assert client.is_closed()
