"""Refusals as the upload clients show them: twine, hatch and flit print the reason phrase, uv and poetry the body."""

from registry.core.strict_json import render_json
from registry.errors import AlreadyExists, RegistryError, Unauthenticated
from registry.http.mount import ErrorBody
from registry.http.negotiation import best_match
from registry.http.request import Request

_TYPES = ("text/plain", "application/json")


def render_error(error: RegistryError, req: Request) -> ErrorBody:
    """The refusal as one line of text, or as JSON for who asks for it; the same line is the reason phrase.

    A file that exists with other bytes is refused with 400, as on pypi.org: all clients that can skip such a file
    understand that, and flit prints anything else as a traceback.
    """
    status = 400 if isinstance(error, AlreadyExists) else error.status
    headers = dict(error.headers)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Basic realm="registry"'
    if best_match(req.get_header("Accept"), _TYPES) == "application/json":
        # uv prints `code`.
        body = render_json({"code": f"{status} {error.message}", "message": error.message})
        return ErrorBody(status, "application/json", body, headers, error.message)
    return ErrorBody(status, "text/plain; charset=utf-8", f"{error.message}\n".encode(), headers, error.message)
