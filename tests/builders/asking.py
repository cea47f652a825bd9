"""Requests as values: sent to an application in this process, or to a server through a socket."""

import base64
import http.client
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import WSGIApplication
from wsgiref.validate import validator

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; `path` is percent-encoded and may have a query, `body` None is none at all."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def having(self, headers: Mapping[str, str] | None = None, **changed: Any) -> Self:
        """The same with other headers or parts."""
        return replace(self, headers={**self.headers, **(headers or {})}, **changed)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response read whole; header names are in lower case, and those that came twice joined."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def everything(self) -> str:
        """All that the client can see, as one text."""
        lines = [self.reason, *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join([*lines, "", self.body.decode("utf-8", "replace")])


def basic(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def as_token(secret: str | None) -> dict[str, str]:
    """The headers of a caller with this token, or of an anonymous one: Basic is what every protocol takes."""
    return {} if secret is None else {"Authorization": basic("__token__", secret)}


def environ_of(ask: Ask, peer: str = "127.0.0.1") -> dict[str, Any]:
    """The WSGI environment of a request as gunicorn makes it."""
    path, _, query = ask.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": ask.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": peer,
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(ask.body or b""),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if ask.body is not None:
        environ["CONTENT_LENGTH"] = str(len(ask.body))
    for name, value in ask.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def call(application: WSGIApplication, environ: dict[str, Any]) -> Answer:
    """The answer of an application, which is held to PEP 3333 meanwhile."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started[:] = [(status, headers)]
        return lambda data: None

    usual = environ["REQUEST_METHOD"] in METHODS and environ.get("CONTENT_LENGTH", "0").isdecimal()
    checked = validator(application) if usual else application
    result = checked(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        getattr(result, "close", lambda: None)()
    ((status, headers),) = started
    code, _, reason = status.partition(" ")
    return Answer(int(code), reason, _joined(headers), body)


def send(url: str, ask: Ask, timeout: float = 60) -> Answer:
    """The answer of a server; an iterable body is sent chunked."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request(ask.method, parts.path + ask.path, ask.body, dict(ask.headers))
        response = connection.getresponse()
        return Answer(response.status, response.reason, _joined(response.getheaders()), response.read())
    finally:
        connection.close()


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined
