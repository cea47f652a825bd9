"""Digests written as OCI writes them, `algorithm:hex` (image-spec, descriptor.md), and several hashes in one pass."""

import hashlib
import re
from collections.abc import Iterable
from typing import Final, NewType, Protocol

from registry.errors import Invalid

Digest = NewType("Digest", str)

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def parse_digest(text: str) -> Digest:
    """The text as a Digest: sha256 or sha512 with all of its hex in lower case. Raises Invalid."""
    if not _DIGEST.fullmatch(text):
        raise Invalid("a digest is sha256: or sha512: and the full hash in lower-case hex")
    return Digest(text)


def algorithm_of(digest: Digest) -> str:
    """The part before the colon."""
    return digest.partition(":")[0]


def hex_of(digest: Digest) -> str:
    """The part after the colon."""
    return digest.partition(":")[2]


def sha256_digest(data: bytes) -> Digest:
    """The sha256 Digest of the bytes."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


def _new_hash(algorithm: str) -> _Hash:
    if algorithm == "blake2b_256":
        return hashlib.blake2b(digest_size=32)
    return hashlib.new(algorithm, usedforsecurity=False)


class MultiHash:
    """Hashes and counts one stream of bytes under several algorithms at once.

    Algorithms are hashlib's names, and `blake2b_256` for the 32 byte BLAKE2b that PyPI publishes. Raises ValueError
    for any other.
    """

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._hashes = {algorithm: _new_hash(algorithm) for algorithm in algorithms}
        self.size = 0

    def update(self, data: bytes | memoryview) -> None:
        """The bytes are hashed and counted in `size`."""
        for each in self._hashes.values():
            each.update(data)
        self.size += memoryview(data).nbytes

    def hexdigests(self) -> dict[str, str]:
        """The lower-case hex of all that was hashed so far, by algorithm, in the order they were asked for."""
        return {algorithm: each.hexdigest() for algorithm, each in self._hashes.items()}
