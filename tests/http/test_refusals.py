import io

import falcon
import pytest

from registry.config import ServerSettings
from registry.errors import Invalid, NotFound, TooLarge
from registry.http.mount import ErrorBody, Mount
from registry.http.refusals import as_refusal, handle_error, render_plain
from registry.http.request import Request
from tests.builders.asking import Ask, environ_of


def refused(error: Exception, body: ErrorBody | None = None) -> falcon.Response:
    """The response to a request that failed in the middle of an answer."""
    request, response = Request(environ_of(Ask("GET", "/"))), falcon.Response()
    request.id, request.server = "id", ServerSettings()
    dialect = render_plain if body is None else lambda error, req: body
    request.mount = Mount("x", "x", "/x", "x", dialect)
    response.data = b"half an answer"
    for name in ("ETag", "Content-Length", "Content-Encoding", "Content-Range", "Last-Modified"):
        response.set_header(name, "1")
    handle_error(request, response, error, {})
    return response


def test_nothing_of_an_answer_is_left_in_a_refusal() -> None:
    response = refused(NotFound("no such thing"))
    assert (response.status, response.data) == ("404 Not Found", b'{"error":"no such thing","code":"not_found"}')
    assert response.headers["cache-control"] == "no-store"
    assert not {"etag", "content-length", "content-encoding", "content-range", "last-modified"} & set(response.headers)


def test_a_stream_that_was_opened_is_closed() -> None:
    request, response = Request(environ_of(Ask("GET", "/"))), falcon.Response()
    request.id, request.mount = "id", Mount("x", "x", "/x", "x", render_plain)
    response.stream = stream = io.BytesIO()
    handle_error(request, response, NotFound(), {})
    assert stream.closed
    assert response.stream is None


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("File already exists", "400 File already exists"),
        ("two\r\nlines\x00", "400 two lines"),
        ("é", "400 é"),
        ("日本", "400 Error"),
        ("x" * 500, "400 " + "x" * 200),
        ("", "400 Bad Request"),
    ],
)
def test_a_reason_fits_into_the_status_line(reason: str, status: str) -> None:
    assert refused(Invalid(), ErrorBody(400, "text/plain", b"", reason=reason)).status == status


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (falcon.HTTPRouteNotFound(), 404, "not_found"),
        (falcon.HTTPNotFound(), 404, "not_found"),
        (falcon.HTTPMethodNotAllowed(["GET"]), 405, "method_not_allowed"),
        (falcon.HTTPContentTooLarge(), 413, "too_large"),
        (falcon.HTTPInvalidHeader("x", "Range"), 400, "invalid"),
        (falcon.HTTPInternalServerError(), 500, "internal"),
        (ValueError("details"), 500, "internal"),
        (TooLarge(5), 413, "too_large"),
    ],
)
def test_every_error_is_one_of_our_vocabulary(error: Exception, status: int, code: str) -> None:
    refusal = as_refusal(error)
    assert (refusal.status, refusal.code) == (status, code)
    assert "details" not in refusal.message
