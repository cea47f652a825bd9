import io

import pytest

from registry.errors import Invalid, TooLarge, TruncatedBody, UnsupportedMediaType
from registry.http.multipart import MAX_FIELD, MAX_PARTS, iter_parts
from registry.http.request import Request
from tests.builders.asking import Ask, environ_of

BOUNDARY = "boundary"


def make_form(*parts: tuple[str, bytes], end: bytes = b"--boundary--\r\n") -> bytes:
    """A form; each part is what stands behind form-data, and its content."""
    pieces = [
        b"--boundary\r\nContent-Disposition: form-data%b\r\n\r\n%b\r\n" % (head.encode(), body) for head, body in parts
    ]
    return b"".join(pieces) + end


def make_request(body: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}") -> Request:
    return Request(environ_of(Ask("POST", "/", body, {"Content-Type": content_type})))


def read_all(request: Request, limit: int = 1 << 30) -> list[tuple[str, str | None, bytes]]:
    return [(part.name, part.filename, b"".join(part.chunks())) for part in iter_parts(request, limit)]


def texts(form: bytes) -> list[str]:
    return [part.text() for part in iter_parts(make_request(form), 1 << 30)]


def test_parts_come_in_the_order_sent() -> None:
    body = make_form(
        ('; name="a"', b"1"), ('; name="content"; filename="x.whl"', b"\r\n--bound\x00ary"), ('; name="a"', b"")
    )
    expected = [("a", None, b"1"), ("content", "x.whl", b"\r\n--bound\x00ary"), ("a", None, b"")]
    assert read_all(make_request(body)) == expected


def test_a_large_part_comes_in_pieces_and_what_is_not_read_is_skipped() -> None:
    body = make_form(('; name="content"; filename="x"', bytes(5 << 20)), ('; name="b"', b"2"))
    request = make_request(body)
    names = []
    for part in iter_parts(request, 1 << 30):
        names.append(part.name)
        if part.filename:
            assert len(next(part.chunks())) <= 1 << 20
    assert names == ["content", "b"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "", "text/plain; boundary=x", "multipart/mixed; boundary=boundary"]
)
def test_another_body_is_not_read(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_all(make_request(make_form(('; name="a"', b"1")), content_type))


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 71, "; boundary=\xe9"])
def test_a_boundary_that_cannot_be_is_refused(boundary: str) -> None:
    with pytest.raises(Invalid):
        read_all(make_request(b"", f"multipart/form-data{boundary}"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        make_form(('; name="a"', b"1"), end=b""),
        make_form(('; name="a"', b"1"))[:-8],
        b"--boundary\r\n",
        b"--boundary\r\nContent-Disposition: form-data; name=a",
        b"\r" * 100_000,
        b'--boundary\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n1\r\n--boundary--\r\n',
        b"--boundary\r\n" + b"x" * 100_000 + b"\r\n\r\n\r\n--boundary--\r\n",
    ],
)
def test_a_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        read_all(make_request(body))


def test_a_form_that_is_cut_short_is_refused() -> None:
    body = make_form(('; name="a"; filename="x"', bytes(1000)))
    with pytest.raises(TruncatedBody):
        read_all(Request({**make_request(body).env, "wsgi.input": io.BytesIO(body[:500])}))


def test_there_is_an_end_to_parts_and_fields() -> None:
    with pytest.raises(Invalid):
        read_all(make_request(make_form(*[('; name="a"', b"1")] * (MAX_PARTS + 1))))
    assert len(read_all(make_request(make_form(*[('; name="a"', b"1")] * 500)))) == 500
    with pytest.raises(TooLarge):
        texts(make_form(('; name="a"', bytes(MAX_FIELD + 1))))
    with pytest.raises(TooLarge):
        read_all(make_request(make_form(('; name="a"; filename="x"', bytes(5000)))), limit=4000)


def test_a_field_that_is_no_text_is_refused() -> None:
    assert texts(make_form(('; name="a"', "é".encode()))) == ["é"]
    with pytest.raises(Invalid):
        texts(make_form(('; name="a"', b"\xff")))
