"""Passwords as scrypt hashes (RFC 7914), of which only a few are computed at once."""

import base64
import hashlib
import hmac
import os
import unicodedata
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Final

from registry.errors import Internal, Invalid, Unavailable
from registry.offload import offload

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 1024

_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """The parameters of scrypt; it takes 128 * n * r bytes of memory."""

    n: int = 2**15
    r: int = 8
    p: int = 1


DEFAULT_COST: Final = Cost()


class Passwords:
    """Hashes passwords and compares them, `slots` at once; who waits longer than `patience` seconds is sent away."""

    def __init__(self, cost: Cost = DEFAULT_COST, *, slots: int = 2, patience: float = 5.0) -> None:
        self._cost = cost
        self._slots = BoundedSemaphore(slots)
        self._patience = patience
        self._decoy = os.urandom(16)

    def hash(self, password: str) -> str:
        """The text to keep of a new password. Raises Invalid for one of less than 8 or more than 1024 characters."""
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise Invalid(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
        salt = os.urandom(16)
        digest = self._scrypt(password, salt, self._cost)
        packed = (base64.b64encode(part).decode() for part in (salt, digest))
        return ":".join(["scrypt", str(self._cost.n), str(self._cost.r), str(self._cost.p), *packed])

    def verify(self, password: str, kept: str | None) -> bool:
        """Whether it is the password of which `kept` was kept; takes as long when there is none.

        Raises Unavailable when too many are waiting.
        """
        if len(password) > MAX_LENGTH:
            return False
        if not kept:
            self._scrypt(password, self._decoy, self._cost)
            return False
        cost, salt, digest = _parse(kept)
        return hmac.compare_digest(self._scrypt(password, salt, cost), digest)

    def _scrypt(self, password: str, salt: bytes, cost: Cost) -> bytes:
        secret = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
        if not self._slots.acquire(timeout=self._patience):
            raise Unavailable("too many logins at once", retry_after=2)
        try:
            return offload(_scrypt, secret, salt, cost)
        finally:
            self._slots.release()


def _scrypt(secret: bytes, salt: bytes, cost: Cost) -> bytes:
    memory = 128 * cost.r * (cost.n + cost.p + 2)
    return hashlib.scrypt(secret, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=_LENGTH)


def _parse(kept: str) -> tuple[Cost, bytes, bytes]:
    try:
        method, n, r, p, salt, digest = kept.split(":")
        cost = Cost(int(n), int(r), int(p))
        packed = base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)
    except ValueError:
        raise Internal("the record of a user is damaged") from None
    if method != "scrypt" or len(packed[1]) != _LENGTH:
        raise Internal("the record of a user is damaged")
    return cost, *packed
