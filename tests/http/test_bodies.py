import gzip
import io
from typing import Any

import pytest

from registry.errors import Invalid, LengthRequired, TooLarge, TruncatedBody
from registry.http.bodies import CHUNK, DRAINED, Body


def body(data: bytes = b"{}", **odd: Any) -> Body:
    """A body with a right Content-Length, as gunicorn hands it over."""
    environ = {
        "wsgi.input": io.BytesIO(data),
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": str(len(data)),
    }
    return Body({key: value for key, value in (environ | odd).items() if value is not None})


CHUNKED = {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"}


def test_a_body_arrives_whole_and_in_bounded_chunks() -> None:
    data = bytes(3 * CHUNK + 7)
    sizes = [len(chunk) for chunk in body(data).chunks()]
    assert sum(sizes) == len(data)
    assert max(sizes) <= CHUNK


def test_a_body_shorter_than_announced_is_truncated() -> None:
    with pytest.raises(TruncatedBody):
        body(b"abc", CONTENT_LENGTH="10").read(100)


def test_an_error_of_the_host_means_a_truncated_body() -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise OSError("the host's own words")

    with pytest.raises(TruncatedBody):
        body(b"", **CHUNKED, **{"wsgi.input": Broken()}).read(100)


def test_a_chunked_body_is_read_to_its_end() -> None:
    assert body(b"abc", **CHUNKED).read(100) == b"abc"


def test_a_chunked_body_on_a_host_that_hides_it_is_refused_rather_than_taken_as_empty() -> None:
    with pytest.raises(LengthRequired):
        body(b"", **CHUNKED, **{"wsgi.input_terminated": None}).read(100)


def test_a_length_beside_chunks_is_refused_where_the_host_de_chunks() -> None:
    with pytest.raises(Invalid):
        body(HTTP_TRANSFER_ENCODING="chunked").read(100)


def test_a_length_beside_chunks_counts_behind_nginx_and_uwsgi() -> None:
    assert body(b"abc", HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input_terminated": None}).read(100) == b"abc"


def test_no_length_and_no_chunks_is_an_empty_body() -> None:
    assert body(b"rest of the connection", CONTENT_LENGTH="").read(100) == b""


@pytest.mark.parametrize("odd", [{}, CHUNKED])
def test_a_body_over_the_limit_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(TooLarge):
        body(bytes(101), **odd).read(100)


@pytest.mark.parametrize("length", ["+1", "1_0", "ten", "-1", "²", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    with pytest.raises(Invalid):
        body(CONTENT_LENGTH=length).read(100)


def test_a_gzipped_body_is_inflated() -> None:
    assert body(gzip.compress(b'{"a": 1}'), HTTP_CONTENT_ENCODING="gzip").json(100) == {"a": 1}


def test_a_gzip_bomb_is_refused_at_the_limit() -> None:
    with pytest.raises((TooLarge, Invalid)):
        body(gzip.compress(bytes(10_000_000)), HTTP_CONTENT_ENCODING="gzip").read(100_000)


def test_an_unknown_coding_is_refused() -> None:
    with pytest.raises(Invalid):
        body(HTTP_CONTENT_ENCODING="br").read(100)


def test_a_body_is_read_once() -> None:
    once = body()
    once.read(100)
    with pytest.raises(Invalid):
        once.read(100)


@pytest.mark.parametrize("odd", [{}, CHUNKED])
def test_a_body_is_taken_in_whether_it_was_read_in_part_or_not_at_all(odd: dict[str, Any]) -> None:
    for read in (0, 1, 2, 3):
        stream = io.BytesIO(bytes(3 * CHUNK))
        some = body(bytes(3 * CHUNK), **odd, **{"wsgi.input": stream})
        for _ in zip(range(read), some.chunks(), strict=False):
            pass
        some.settle()
        assert stream.read() == b""


def test_a_body_that_is_cut_short_is_taken_in_without_a_word() -> None:
    body(b"abc", CONTENT_LENGTH="10").settle()
    body(b"abc", CONTENT_LENGTH="ten").settle()


def test_of_a_body_without_end_only_so_much_is_taken_in() -> None:
    class Endless:
        size = 0

        def read(self, size: int) -> bytes:
            self.size += size
            return bytes(size)

    stream = Endless()
    body(b"", **CHUNKED, **{"wsgi.input": stream}).settle()
    assert DRAINED <= stream.size <= DRAINED + CHUNK
