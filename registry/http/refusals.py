"""The one place that renders errors: whatever was raised becomes a refusal in the dialect of the mount."""

import logging
import re
from typing import Any, cast

import falcon

from registry.core.strict_json import render_json
from registry.errors import Internal, Invalid, MethodNotAllowed, NotFound, RegistryError, TooLarge, Unauthenticated
from registry.http.mount import ErrorBody
from registry.http.request import Request

log = logging.getLogger(__name__)


def render_plain(error: RegistryError, req: Request) -> ErrorBody:
    """The dialect of paths outside all mounts: `{"error": …}`."""
    headers = dict(error.headers)
    if isinstance(error, Unauthenticated):
        headers.setdefault("WWW-Authenticate", 'Basic realm="registry"')
    return ErrorBody(
        error.status, "application/json", render_json({"error": error.message, "code": error.code}), headers
    )


def handle_error(req: falcon.Request, resp: falcon.Response, error: Exception, params: dict[str, Any]) -> None:
    """Let `resp` be the refusal; what is our fault is logged with its traceback and told to nobody."""
    request = cast("Request", req)
    refusal = as_refusal(error)
    if refusal.status == Internal.status:
        log.error("request %s failed", request.id, exc_info=error)
    elif refusal.status > Internal.status:
        log.warning("request %s: %s", request.id, refusal.message)
    body = request.mount.dialect(refusal, request)
    close = getattr(resp.stream, "close", None)
    if close:
        close()
    resp.stream, resp.text, resp.data = None, None, body.body
    for name in ("Content-Length", "Content-Range", "Content-Encoding", "ETag", "Last-Modified", "Content-Disposition"):
        resp.delete_header(name)
    resp.status = f"{body.status} {_reason(body.reason)}" if body.reason else falcon.code_to_http_status(body.status)
    resp.content_type = body.content_type
    resp.set_header("Cache-Control", "no-store")
    resp.set_headers(dict(body.headers))


def as_refusal(error: Exception) -> RegistryError:
    """`error` in our vocabulary: falcon's own errors by their status, anything unknown as Internal."""
    if isinstance(error, RegistryError):
        return error
    if isinstance(error, falcon.HTTPRouteNotFound | falcon.HTTPNotFound):
        return NotFound("there is nothing at this path")
    if isinstance(error, falcon.HTTPMethodNotAllowed):
        return MethodNotAllowed(("GET", "HEAD"))
    if isinstance(error, falcon.HTTPContentTooLarge):
        return TooLarge(0)
    if isinstance(error, falcon.HTTPError) and error.status_code < Internal.status:
        return Invalid(error.description or error.title)
    return Internal("something went wrong here; the log knows more")


def _reason(text: str) -> str:
    """A reason phrase that fits into a status line: printable latin-1, at most 200 characters (RFC 9112 section 4)."""
    return re.sub(r"[^\x20-\x7e\xa0-\xff]+", " ", text)[:200].strip() or "Error"
