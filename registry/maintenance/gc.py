"""Garbage collection beside running servers: one mark, then one look at every blob; nothing waits.

A run condemns the blobs that nobody names and buries those that an earlier run condemned; docs/decisions/0005 tells why
no push can lose a blob to it. Killed at any point, it is continued by the next run.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from registry.core.digests import Digest
from registry.maintenance.lease import hold_lease
from registry.storage.blobs import Blobs, Plot
from registry.storage.storage import Storage
from registry.storage.tombstones import State, Tombstone

LEASE: Final = "_maintenance/gc"
STRAY: Final = 7 * 24 * 3600.0
"""Seconds after which an upload that became an object will not become a blob."""


@dataclass(frozen=True, slots=True)
class Ages:
    """In seconds: how old an unnamed blob must be to be condemned, and how long it stays condemned.

    `grace` must be longer than a client takes between uploading a blob and naming it; `wait` longer than any request
    takes between looking for a blob and naming it.
    """

    grace: float = 24 * 3600.0
    wait: float = 3600.0


class Verdict(StrEnum):
    """What becomes of a blob."""

    CONDEMNED = "condemned"
    REVIVED = "revived"
    DELETED = "deleted"
    KEPT = "kept"


@dataclass(slots=True)
class Tally:
    """How many blobs, and their bytes."""

    blobs: int = 0
    size: int = 0


@dataclass(slots=True)
class Report:
    """What became of the blobs, and how many `strays` were removed: uploads that never became blobs."""

    tallies: Mapping[Verdict, Tally] = field(default_factory=lambda: {verdict: Tally() for verdict in Verdict})
    strays: int = 0


Forget = Callable[[Digest], object]


def collect(
    storage: Storage,
    references: Iterable[Digest],
    ages: Ages,
    *,
    forget: Forget = lambda digest: None,
    clock: Callable[[], float] = time.time,
) -> Report:
    """What became of the blobs, given all that are named.

    `forget` removes what else there is of a blob that was deleted; it may be called again. Deletes nothing when reading
    the references, which happens first and under the lease, raises. Raises Leased when another run is under way, or
    took over.
    """
    with hold_lease(storage, LEASE, clock) as lease:
        sexton = _Sexton(storage, forget)
        report, pointed = _look(storage.blobs, references, ages, lease.began, sexton.act, lease.keep)
        for key in storage.blobs.strays(pointed, lease.began - STRAY):
            lease.keep()
            report.strays += storage.delete(key)
        return report


def foretell(
    storage: Storage, references: Iterable[Digest], ages: Ages, clock: Callable[[], float] = time.time
) -> Report:
    """What would become of the blobs; nothing is changed, and no lease taken."""
    return _look(storage.blobs, references, ages, clock(), lambda *_: True, lambda: None)[0]


def judge(plot: Plot, tombstone: Tombstone | None, *, named: bool, began: float, ages: Ages) -> Verdict:
    """What is due to a blob, when the mark that says whether it is named began at that time."""
    if tombstone is None or tombstone.state is State.SPARED:
        since = tombstone.stat if tombstone else plot.stat
        if named or since is None:
            return Verdict.REVIVED if tombstone else Verdict.KEPT
        return Verdict.CONDEMNED if since.modified <= began - ages.grace else Verdict.KEPT
    if tombstone.stat.modified <= began - ages.wait:
        return Verdict.REVIVED if named else Verdict.DELETED
    return Verdict.REVIVED if named and tombstone.state is State.CONDEMNED else Verdict.KEPT


def _look(
    blobs: Blobs,
    references: Iterable[Digest],
    ages: Ages,
    began: float,
    act: Callable[[Verdict, Plot, Tombstone | None], bool],
    keep_lease: Callable[[], None],
) -> tuple[Report, set[str]]:
    """What became of each blob by `act`, which tells whether it was done; and the keys that pointers lead to."""
    named, pointed, report = set(), set(), Report()
    for digest in references:
        keep_lease()
        named.add(blobs.resolve(digest))
    for plot in blobs.plots():
        keep_lease()
        pointed.add(plot.pointed)
        tombstone = blobs.tombstones.read(plot.digest) if plot.marked else None
        verdict = judge(plot, tombstone, named=plot.digest in named, began=began, ages=ages)
        done = verdict is Verdict.KEPT or act(verdict, plot, tombstone)
        if plot.stat:
            tally = report.tallies[verdict if done else Verdict.KEPT]
            tally.blobs += 1
            tally.size += plot.stat.size
    return report, pointed


class _Sexton:
    """Does what is due."""

    def __init__(self, storage: Storage, forget: Forget) -> None:
        self._blobs = storage.blobs
        self._erase = storage.enforced().delete
        self._forget = forget

    def act(self, verdict: Verdict, plot: Plot, tombstone: Tombstone | None) -> bool:
        """Whether it was done; not when a push was faster."""
        if verdict is Verdict.CONDEMNED:
            return self._blobs.tombstones.write(plot.digest, State.CONDEMNED, tombstone) is not None
        if tombstone is None:
            return False
        if verdict is Verdict.REVIVED:
            return self._blobs.tombstones.remove(tombstone)
        burial = self._blobs.bury(tombstone, erase=self._erase)
        if burial is None:
            return False
        self._forget(plot.digest)
        self._blobs.tombstones.remove(burial)
        return True
