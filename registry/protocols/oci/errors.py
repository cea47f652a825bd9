"""Refusals as the distribution specification words them, and the challenges of Docker's token authentication."""

from typing import Any, Final

from registry.core.strict_json import render_json
from registry.errors import (
    Conflict,
    Forbidden,
    Invalid,
    MethodNotAllowed,
    NotFound,
    RangeNotSatisfiable,
    RegistryError,
    TooLarge,
    TooManyRequests,
    TruncatedBody,
    Unauthenticated,
)
from registry.http.mount import ErrorBody
from registry.http.request import Request
from registry.protocols.oci.names import API_VERSION, SERVICE, TOKEN_PATH
from registry.protocols.oci.store.refusals import InsufficientScope, ReferencesUnknown

OWN_CODES: Final = frozenset(
    {
        "blob_unknown",
        "blob_upload_invalid",
        "blob_upload_unknown",
        "denied",
        "digest_invalid",
        "manifest_blob_unknown",
        "manifest_invalid",
        "manifest_unknown",
        "name_invalid",
        "name_unknown",
        "pagination_number_invalid",
        "tag_invalid",
    }
)

CODES: Final = {
    Unauthenticated: "UNAUTHORIZED",
    Forbidden: "DENIED",
    Conflict: "DENIED",
    MethodNotAllowed: "UNSUPPORTED",
    TooManyRequests: "TOOMANYREQUESTS",
    NotFound: "NAME_UNKNOWN",
    TooLarge: "SIZE_INVALID",
    TruncatedBody: "SIZE_INVALID",
    RangeNotSatisfiable: "SIZE_INVALID",
}

_BASIC: Final = 'Basic realm="registry"'


def render_error(error: RegistryError, req: Request) -> ErrorBody:
    """The refusal as a list of errors, one for each missing reference of a manifest."""
    headers = {**error.headers}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = _challenge(req, error)
        headers["Docker-Distribution-Api-Version"] = API_VERSION
    body = render_json({"errors": _entries(error)})
    return ErrorBody(error.status, "application/json", body, headers)


def _entries(error: RegistryError) -> list[dict[str, Any]]:
    details = [{"digest": each} for each in error.digests] if isinstance(error, ReferencesUnknown) else [error.detail]
    entry = {"code": _code(error), "message": error.message}
    return [entry if detail is None else {**entry, "detail": detail} for detail in details]


def _code(error: RegistryError) -> str:
    if error.code in OWN_CODES:
        return error.code.upper()
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), "UNKNOWN")


def _challenge(req: Request, error: Unauthenticated) -> str:
    """How to come back: with a token for what was asked. One scheme only, since clients take the first they see.

    Basic is left where the registry does not know its own URL, and at the token endpoint itself.
    """
    if req.path == TOKEN_PATH:
        return _BASIC
    try:
        base = req.root_url if req.mount.root_paths else req.base_url
    except Invalid:
        return _BASIC
    parts = [f'realm="{base}{TOKEN_PATH}"', f'service="{SERVICE}"']
    scope = getattr(req.context, "scope", "")
    if scope:
        parts.append(f'scope="{scope}"')
    if isinstance(error, InsufficientScope):
        parts.append('error="insufficient_scope"')
    return f"Bearer {','.join(parts)}"
