"""Tokens: shown once, kept as the SHA-256 of the secret, listed and revoked by their user."""

import hashlib
import hmac
import ipaddress
import re
import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Final

from registry.auth.auth_token import AuthToken, Kind, TokenOptions, earliest, read_token
from registry.auth.store import Record, TokenStore, create
from registry.auth.users import User
from registry.core.keys import escape_segment
from registry.errors import Conflict, Internal, Invalid, RegistryError

MAX_TOKENS: Final = 1000
TOUCH_SECONDS: Final = 3600

_OPAQUE: Final = re.compile(r"reg_[A-Za-z0-9_-]{43}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_ID: Final = re.compile(r"[0-9a-f]{16}")
_PROTOCOL: Final = re.compile(r"[a-z0-9._ -]{0,64}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token with its secret, which nobody can read again."""

    secret: str = field(repr=False)
    token: AuthToken


def is_opaque(text: str) -> bool:
    """Whether it has the form of an opaque token, which is nobody's password."""
    return _OPAQUE.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Whether it has the form of a secret of ours; an npm token's is that of any UUID."""
    return is_opaque(text) or _UUID.fullmatch(text) is not None


def digest_of(secret: str) -> str:
    """The SHA-256 under which the token with this secret is kept."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Tokens:
    """The tokens of all users. `changed` is called with the name of the user whose token was revoked."""

    def __init__(
        self,
        store: TokenStore,
        *,
        changed: Callable[[str], None] = lambda user: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._changed = changed
        self._clock = clock

    def create(
        self,
        owner: User,
        protocol: str = "",
        options: TokenOptions | None = None,
        *,
        kind: Kind | None = None,
        secret: str | None = None,
    ) -> IssuedToken:
        """A token of the owner for one protocol (empty: any); an npm token is a UUID, all others are opaque.

        `secret` is one made before with `new_secret`; issuing it again changes nothing. Tokens of the kinds `refresh`
        and `session` end with the owner's password. Raises Invalid; Conflict beyond 1000 tokens.
        """
        kind = kind or ("npm" if protocol == "npm" else "opaque")
        secret = secret or new_secret(kind)
        checked = _checked(options or TokenOptions(), self._clock())
        if kind != "session":
            checked = replace(checked, latest=earliest(checked.latest, checked.expires))
        if not _PROTOCOL.fullmatch(protocol):
            raise Invalid("not a protocol")
        self._make_room(owner)
        digest = digest_of(secret)
        token = AuthToken(
            **{field.name: getattr(checked, field.name) for field in fields(TokenOptions)},
            id=digest[:16],
            user=owner.name,
            kind=kind,
            protocol=protocol,
            created=int(self._clock()),
            prefix=secret[:8],
            digest=digest,
            uid=owner.uid,
            epoch=owner.epoch if kind in ("refresh", "session") else "",
        )
        create(self._store, _issued_key(owner.name, digest), {})  # first, so that no valid token is unlisted
        create(self._store, _token_key(digest), token.to_record())
        return IssuedToken(secret, token)

    def find(self, secret: str) -> AuthToken | None:
        """The token with this secret, whether or not it is still good for anything."""
        return self._read(digest_of(secret)) if is_token(secret) else None

    def get(self, user: str, token_id: str) -> AuthToken | None:
        """The token of the user with this id."""
        known = user and _ID.fullmatch(token_id)
        return self._read(self._first(_issued_key(user, token_id))) if known else None

    def list(self, user: str) -> list[AuthToken]:
        """The tokens of the user, oldest first."""
        found = (self._read(digest) for digest in self._digests(user))
        return sorted((token for token in found if token), key=lambda token: (token.created, token.id))

    def revoke(self, reference: str, user: str | None = None) -> bool:
        """True when a token with this id or secret was there, and is the user's if one is named; it is gone now."""
        if is_token(reference):
            token = self.find(reference)
        elif user is None:
            token = self._read(self._first(f"tokens/{reference}")) if _ID.fullmatch(reference) else None
        else:
            token = self.get(user, reference)
        if token is None or user not in (None, token.user):
            return False
        self._delete(token.user, token.digest)
        return True

    def revoke_all(self, user: str) -> None:
        """The user has no tokens."""
        for digest in self._digests(user):
            self._delete(user, digest)

    def touch(self, token: AuthToken) -> None:
        """`last_used` is at most an hour old, if the store takes it."""
        now = int(self._clock())
        if token.last_used is None or now - token.last_used >= TOUCH_SECONDS:
            with suppress(RegistryError):
                self._store.update(
                    _token_key(token.digest), lambda record: {**record, "last_used": now} if record else None
                )

    def _read(self, digest: str) -> AuthToken | None:
        record: Record | None = self._store.read(_token_key(digest)) if digest else None
        if record is None:
            return None
        if not hmac.compare_digest(record["digest"], digest):
            raise Internal("the record of a token is damaged")
        return read_token(record)

    def _digests(self, user: str) -> tuple[str, ...]:
        return tuple(key.rpartition("/")[2] for key in self._store.keys(_issued_key(user, "")))

    def _first(self, prefix: str) -> str:
        """The digest that ends the first key with this prefix, or nothing."""
        return next(iter(self._store.keys(prefix)), "").rpartition("/")[2]

    def _delete(self, user: str, digest: str) -> None:
        self._store.delete(_token_key(digest))
        self._changed(user)
        self._store.delete(_issued_key(user, digest))

    def _make_room(self, owner: User) -> None:
        if len(self._digests(owner.name)) < MAX_TOKENS:
            return
        useless = [
            each for each in self.list(owner.name) if each.is_expired(self._clock()) or not each.belongs_to(owner)
        ]
        for token in useless:
            self._delete(owner.name, token.digest)
        if not useless:
            raise Conflict(f"{owner.name} has {MAX_TOKENS} tokens; revoke some first")


def new_secret(kind: Kind = "opaque") -> str:
    """A secret of 122 random bits (npm) or 256."""
    return str(uuid.uuid4()) if kind == "npm" else f"reg_{secrets.token_urlsafe(32)}"


def _token_key(digest: str) -> str:
    return f"tokens/{digest}"


def _issued_key(user: str, digest: str) -> str:
    return f"issued/{escape_segment(user)}/{digest}"


def _checked(options: TokenOptions, now: float) -> TokenOptions:
    """The options with their networks in normal form. Raises Invalid."""
    if options.is_expired(now):
        raise Invalid("a token cannot expire in the past")
    if len(options.name) > 128 or len(options.description) > 1024 or _CONTROL.search(options.name):
        raise Invalid("a token's name has at most 128 characters, its description 1024")
    if len(options.cidrs) > 100:
        raise Invalid("more than 100 networks")
    try:
        cidrs = tuple(str(ipaddress.ip_network(cidr, strict=False)) for cidr in options.cidrs)
    except ValueError:
        raise Invalid("a network is written as in 10.0.0.0/8 or 2001:db8::/32") from None
    return replace(options, cidrs=cidrs)
