"""The one vocabulary of refusals. Raised anywhere, rendered by the dialect of the protocol that was asked."""

from collections.abc import Mapping
from typing import Any, ClassVar


class RegistryError(Exception):
    """A refusal that a client can act on; `message` is one plain English sentence without secrets."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, message: str = "", *, detail: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message or self.code)
        self.message = message or self.code.replace("_", " ")
        self.detail = detail
        self.headers: dict[str, str] = dict(headers or {})


class Invalid(RegistryError):
    """The request, or the artifact in it, breaks a rule."""

    status = 400
    code = "invalid"


class TruncatedBody(Invalid):
    """Fewer bytes arrived than were announced."""

    code = "truncated_body"


class DigestMismatch(Invalid):
    """The bytes received are not those that the client named."""

    code = "digest_mismatch"


class Unauthenticated(RegistryError):
    """No credentials, or wrong ones, where some are needed."""

    status = 401
    code = "unauthenticated"


class Forbidden(RegistryError):
    """Known caller, insufficient rights."""

    status = 403
    code = "forbidden"


class NotFound(RegistryError):
    """Nothing of that name is visible to the caller."""

    status = 404
    code = "not_found"


class MethodNotAllowed(RegistryError):
    """The path exists and takes only the methods in `allowed`."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, allowed: tuple[str, ...], message: str = "") -> None:
        super().__init__(message or f"use {' or '.join(allowed)}", headers={"Allow": ", ".join(allowed)})
        self.allowed = allowed


class NotAcceptable(RegistryError):
    """None of the representations on offer is acceptable to the client."""

    status = 406
    code = "not_acceptable"


class Conflict(RegistryError):
    """The state changed under the caller, or forbids the change."""

    status = 409
    code = "conflict"


class AlreadyExists(Conflict):
    """An immutable version or file is there with other bytes."""

    code = "already_exists"


class Gone(RegistryError):
    """It existed, was removed for good, and its name stays taken."""

    status = 410
    code = "gone"


class LengthRequired(RegistryError):
    """The host cannot tell where the body ends."""

    status = 411
    code = "length_required"


class PreconditionFailed(RegistryError):
    """An If-Match of the client no longer holds."""

    status = 412
    code = "precondition_failed"


class TooLarge(RegistryError):
    """The body, or a part of it, exceeds `limit` bytes."""

    status = 413
    code = "too_large"

    def __init__(self, limit: int, what: str = "the body") -> None:
        super().__init__(f"{what} exceeds {limit} bytes")
        self.limit = limit


class UnsupportedMediaType(RegistryError):
    """The body is of a type that this path does not read."""

    status = 415
    code = "unsupported_media_type"


class RangeNotSatisfiable(RegistryError):
    """The range asked for lies outside an object of `size` bytes."""

    status = 416
    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(f"the object has {size} bytes", headers={"Content-Range": f"bytes */{size}"})
        self.size = size


class Unprocessable(RegistryError):
    """Well-formed, and still meaningless."""

    status = 422
    code = "unprocessable"


class TooManyRequests(RegistryError):
    """The caller should come back after `retry_after` seconds."""

    status = 429
    code = "too_many_requests"

    def __init__(self, message: str = "", *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Internal(RegistryError):
    """Our fault; the log knows more under the request id."""

    status = 500
    code = "internal"


class Unavailable(RegistryError):
    """The store or an upstream does not answer now; the same request may succeed later."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str = "", *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Contention(Unavailable):
    """Too many writers changed the same record at once."""

    code = "contention"


class StorageFull(RegistryError):
    """No room left for what was sent; nothing of it was kept."""

    status = 507
    code = "storage_full"


class ConfigError(Exception):
    """The settings cannot be used; the message names the key and the mend."""
