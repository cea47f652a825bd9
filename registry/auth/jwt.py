"""The signed tokens of the OCI registry: HS256 JWTs (RFC 7519) that live some minutes and list what they allow."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from registry.auth.oci_access import Access, read_claim
from registry.auth.store import TokenStore, create
from registry.errors import ConfigError, Internal

ISSUER: Final = "registry"
AUDIENCE: Final = "registry"
MIN_KEY: Final = 32
MAX_TOKEN: Final = 8192
LEEWAY: Final = 30  # clocks of two nodes

_HEADER: Final = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."  # {"alg":"HS256","typ":"JWT"}
_REQUIRED: Final = ["exp", "iat", "aud", "iss", "sub", "jti"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OciClaims:
    """What an OCI token says; `user` is empty for an anonymous one, `token_id` names the token it was issued for."""

    id: str
    user: str
    epoch: str
    mount: str
    access: tuple[Access, ...]
    issued: int
    expires: int
    token_id: str = ""
    cidrs: tuple[str, ...] = ()


class OciSigner:
    """Signs and verifies; `key` is asked once, when it is first needed."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._ask = key
        self._key: bytes | None = None

    def sign(self, claims: OciClaims) -> str:
        """The token."""
        import jwt

        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.user,
            "jti": claims.id,
            "iat": claims.issued,
            "nbf": claims.issued,
            "exp": claims.expires,
            "access": [each.to_claim() for each in claims.access],
            "mount": claims.mount,
            "epoch": claims.epoch,
            "token": claims.token_id,
            "cidrs": list(claims.cidrs),
        }
        return jwt.encode(payload, self._secret(), algorithm="HS256")

    def verify(self, text: str) -> OciClaims | None:
        """The claims of a token that this registry signed and whose time is not over, else None.

        The header has to be the one that `sign` writes: no key of its own, no algorithm of its own, no extension.
        """
        import jwt

        if len(text) > MAX_TOKEN or not text.startswith(_HEADER):
            return None
        try:
            payload = jwt.decode(
                text,
                self._secret(),
                algorithms=["HS256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": _REQUIRED, "strict_aud": True, "enforce_minimum_key_length": True},
            )
        except jwt.InvalidTokenError:
            return None
        return _read_claims(payload)

    def _secret(self) -> bytes:
        if self._key is None:
            self._key = self._ask()
        return self._key


def signing_key(configured: str, store: TokenStore) -> bytes:
    """The configured key, else the one in the store, made by whichever node comes first.

    Raises ConfigError for a configured key of less than 32 bytes.
    """
    if configured:
        key = configured.encode()
        if len(key) < MIN_KEY:
            raise ConfigError(f"auth.jwt_secret has at least {MIN_KEY} bytes")
        return key
    record = create(store, "jwt-secret", {"key": secrets.token_hex(MIN_KEY)})
    key = bytes.fromhex(record["key"])
    if len(key) < MIN_KEY:
        raise Internal("the record jwt-secret is damaged")
    return key


def _read_claims(payload: dict[str, Any]) -> OciClaims | None:
    """The claims, None where one has not the type that `sign` gave it (PyJWT takes a text for a number)."""
    match payload:
        case {
            "sub": str(user),
            "jti": str(jti),
            "iat": int(issued),
            "exp": int(expires),
            "access": [*access],
            "mount": str(mount),
            "epoch": str(epoch),
            "token": str(token_id),
            "cidrs": [*cidrs],
        }:
            known = [read_claim(each) for each in access]
            return OciClaims(
                id=jti,
                user=user,
                epoch=epoch,
                mount=mount,
                access=tuple(each for each in known if each),
                issued=issued,
                expires=expires,
                token_id=token_id,
                cidrs=tuple(str(cidr) for cidr in cidrs),
            )
    return None
