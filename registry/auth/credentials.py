"""The Authorization header of every client: Basic, Bearer, or a bare token (cargo, gem)."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from registry.errors import Invalid

MAX_HEADER: Final = 16 * 1024

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class BasicCredentials:
    """A user name and a password; either may be a token."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token by itself."""

    token: str = field(repr=False)


Credentials = BasicCredentials | BearerToken


def parse_authorization(header: str | None) -> Credentials | None:
    """The credentials in the header (RFC 7617, RFC 6750), None when it is missing or blank. Raises Invalid."""
    text = (header or "").strip(" \t")
    if not text:
        return None
    if len(text) > MAX_HEADER:
        raise Invalid("the Authorization header is too long")
    scheme, _, rest = text.partition(" ")
    value = rest.strip(" \t")
    match scheme.lower():
        case "basic" if value:
            return _parse_basic(value)
        case "bearer" if _TOKEN.fullmatch(value):
            return BearerToken(value)
        case word if not rest and word not in ("basic", "bearer") and _TOKEN.fullmatch(text):
            return BearerToken(text)
    raise Invalid("the Authorization header is neither Basic, nor Bearer, nor a bare token")


def _parse_basic(value: str) -> BasicCredentials:
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("the Basic credentials are not base64") from None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # Maven before 3.9 and older curls send the bytes of their locale
    user, colon, password = text.partition(":")
    if not colon or _CONTROL.search(text):
        raise Invalid("the Basic credentials are not user:password")
    return BasicCredentials(user, password)
