"""Bytes of a blob on their way into the store: hashed once, and never more of them in memory than a block."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from registry.core.digests import Digest, algorithm_of, hex_of
from registry.core.running_hash import RunningHash
from registry.errors import TruncatedBody
from registry.offload import offload
from registry.protocols.oci.names import DigestInvalid
from registry.storage.driver import Upload
from registry.storage.staging import Hashes, Staged, StagedWriter
from registry.storage.storage import Storage

SHA256: Final = "sha256"


class Unhashed:
    """Stands for the hashes of an upload whose first bytes this process cannot hash."""

    def update(self, data: memoryview) -> None:
        """Nothing is hashed."""

    def hexdigests(self) -> dict[str, str]:
        """Nothing is known."""
        return {}


@dataclass(slots=True)
class Incoming:
    """A blob that is being received: `upload` has what was appended, `hashes` know all that was read."""

    upload: Upload
    hashes: Hashes

    @property
    def digests(self) -> Mapping[str, str]:
        """The digests of all that was read, by algorithm; empty when they are not known."""
        return self.hashes.hexdigests()


class Pieces:
    """A body, cut into files of the size in which the store wants to have it."""

    def __init__(self, storage: Storage, incoming: Incoming, chunks: Iterable[bytes]) -> None:
        self._storage = storage
        self._incoming = incoming
        self._chunks = iter(chunks)
        self._truncated: TruncatedBody | None = None
        self.ended = False

    def take(self, alive: Callable[[], None]) -> Staged:
        """The next piece, which may be empty; `alive` is called after each chunk. Raises what the chunks raise.

        When the client stops early this is the last piece, and `check` raises.
        """
        limit = self._storage.driver.append_limit(self._incoming.upload)
        with StagedWriter(self._storage.driver.scratch(), hashes=self._incoming.hashes) as writer:
            try:
                while not self.ended and (limit is None or writer.size < limit):
                    self._read(writer)
                    alive()
            except TruncatedBody as error:
                self._truncated = error
                self.ended = True
            return writer.finish()

    def append(self, piece: Staged) -> None:
        """The upload has the piece, durably."""
        self._incoming.upload = self._storage.append(self._incoming.upload, piece.path)

    def check(self) -> None:
        """The body came whole. Raises TruncatedBody."""
        if self._truncated:
            raise self._truncated

    def _read(self, writer: StagedWriter) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            self.ended = True
        else:
            writer.write(chunk)


def hash_stored(storage: Storage, key: str, algorithms: Iterable[str]) -> Mapping[str, str]:
    """The digests of the object's bytes, by algorithm."""
    hashes = RunningHash(algorithms)
    for chunk in storage.open(key):
        offload(hashes.update, chunk)
    return hashes.hexdigests()


def algorithms_for(digest: Digest) -> tuple[str, ...]:
    """What has to be computed for a blob that a client knows by this digest."""
    return tuple(dict.fromkeys((SHA256, algorithm_of(digest))))


def require_digest(digest: Digest, digests: Mapping[str, str]) -> None:
    """The digest, whose algorithm is among those computed, is the right one. Raises DigestInvalid."""
    found = digests[algorithm_of(digest)]
    if found != hex_of(digest):
        raise DigestInvalid("the bytes have another digest", detail={"digest": f"{algorithm_of(digest)}:{found}"})
