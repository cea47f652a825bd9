"""Tombstones: the records by which garbage collection and those who push agree on a blob without waiting.

A tombstone lies beside its blob. Every change of one is a compare-and-swap, and no two versions are equal:

- *condemned*: nobody named the blob when it was looked for. Whoever wants it spares it.
- *burying*: the blob is being deleted. Whoever has its bytes puts them elsewhere, then spares it.
- *spared*: the blob was wanted again. It counts as having no tombstone, and as new.

The collector condemns, buries and removes tombstones; a push only ever spares.
"""

import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.core.digests import Digest
from registry.errors import Contention, Internal
from registry.storage.driver import ABSENT, ConditionFailed, Object, Stat, matching
from registry.storage.keying import TOMBSTONE, blob_key
from registry.storage.objects import Objects

ATTEMPTS: Final = 5


class State(StrEnum):
    """What a tombstone says."""

    CONDEMNED = "condemned"
    BURYING = "burying"
    SPARED = "spared"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The tombstone of the sha256 `digest` as it is now; `stat.modified` is when it came to say so."""

    digest: Digest
    state: State
    stat: Stat


class TombstoneDamaged(Internal):
    """The record beside a blob cannot be read."""

    code = "tombstone_damaged"


class Tombstones:
    """The tombstones of a store."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def read(self, digest: Digest) -> Tombstone | None:
        """The blob's tombstone, or None. Raises TombstoneDamaged."""
        found = self._objects.read(blob_key(digest) + TOMBSTONE)
        if not isinstance(found, Object):
            return None
        try:
            return Tombstone(digest, State(json.loads(found.data)["state"]), found.stat)
        except (ValueError, KeyError, TypeError) as error:
            raise TombstoneDamaged(f"the tombstone of {digest} cannot be read") from error

    def write(self, digest: Digest, state: State, before: Tombstone | None) -> Tombstone | None:
        """The blob's tombstone, which says this from now on; None when `before` was no longer the one there."""
        record = json.dumps({"state": state, "writer": secrets.token_hex(16)}).encode()
        condition = matching(before.stat) if before else ABSENT
        try:
            return Tombstone(digest, state, self._objects.put(blob_key(digest) + TOMBSTONE, record, condition))
        except ConditionFailed:
            return None

    def remove(self, tombstone: Tombstone) -> bool:
        """Whether this tombstone was the one there, and is gone."""
        try:
            return self._objects.delete(tombstone.stat.key, matching(tombstone.stat))
        except ConditionFailed:
            return False

    def spare(self, digest: Digest) -> Tombstone | None:
        """The tombstone of a blob that is being buried, or None: then the blob stays, if it is there.

        It stays for as long as the collector waits between condemning and burying, from the time of this call on; the
        caller looks for the blob afterwards, and names it in a ledger or manifest before that time is over.
        Raises TombstoneDamaged, Contention.
        """
        for _ in range(ATTEMPTS):
            found = self.read(digest)
            if found is None or found.state is State.SPARED:
                return None
            if found.state is State.BURYING:
                return found
            if self.write(digest, State.SPARED, found):
                return None
        raise Contention("the blob is condemned and spared in turn")
