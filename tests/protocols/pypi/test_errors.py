import json

import pytest
from falcon import testing

from registry.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Internal,
    NotFound,
    RangeNotSatisfiable,
    RegistryError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from registry.http.mount import ErrorBody
from registry.http.request import Request
from registry.protocols.pypi.errors import render_error

PIP = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
UV = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"


def render(error: RegistryError, accept: str = "*/*") -> ErrorBody:
    return render_error(error, Request(testing.create_environ(headers={"Accept": accept})))


@pytest.mark.parametrize(
    "error", [Forbidden("no"), NotFound("no"), Conflict("no"), TooLarge(1), Internal("no"), Unavailable("no")]
)
def test_a_refusal_keeps_its_status_and_says_why_twice(error: RegistryError) -> None:
    body = render(error)
    assert (body.status, body.reason) == (error.status, error.message)
    assert body.body.decode() == f"{error.message}\n"


def test_a_file_that_exists_is_refused_as_pypi_org_does() -> None:
    body = render(AlreadyExists("File already exists (demo-1.0.tar.gz)"))
    assert (body.status, body.reason) == (400, "File already exists (demo-1.0.tar.gz)")


@pytest.mark.parametrize("accept", ["", "*/*", PIP, "text/html", "image/png"])
def test_text_is_for_everybody(accept: str) -> None:
    assert render(NotFound("no"), accept).content_type == "text/plain; charset=utf-8"


def test_uv_reads_the_status_and_the_words_in_json() -> None:
    body = render(Forbidden("not yours"), UV)
    assert body.content_type == "application/json"
    assert json.loads(body.body) == {"code": "403 not yours", "message": "not yours"}


def test_credentials_are_asked_for_and_headers_are_kept() -> None:
    assert render(Unauthenticated("who?")).headers == {"WWW-Authenticate": 'Basic realm="registry"'}
    assert render(RangeNotSatisfiable(7)).headers == {"Content-Range": "bytes */7"}
    assert render(Unavailable(retry_after=3)).headers == {"Retry-After": "3"}
