"""Refusals as npm, pnpm, yarn and bun show them: they print `error`."""

from registry.core.strict_json import render_json
from registry.errors import RegistryError, Unauthenticated
from registry.http.mount import ErrorBody
from registry.http.request import Request

CHALLENGE = 'Bearer, Basic realm="registry"'
"""With this, npm says that the token seems to be invalid; with Basic alone, that the password is wrong."""


def render_error(error: RegistryError, req: Request) -> ErrorBody:
    """The refusal as `{"error": text}`, with a code for programs."""
    headers = dict(error.headers)
    if isinstance(error, Unauthenticated):
        headers.setdefault("WWW-Authenticate", CHALLENGE)
    body = render_json({"error": error.message, "code": error.code})
    return ErrorBody(error.status, "application/json", body, headers)
