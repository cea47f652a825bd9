"""Uploads of blobs. Spec: distribution-spec, pushing blobs.

A session lives in the store, so any process of any node goes on with it; see sessions. Commits move no bytes.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from threading import Lock
from typing import Final
from uuid import uuid4

from registry.core.digests import Digest, algorithm_of
from registry.core.running_hash import RunningHash, readable
from registry.errors import TooLarge
from registry.protocols.oci.names import DigestInvalid, Repository
from registry.protocols.oci.store.keys import UPLOADED, Keys
from registry.protocols.oci.store.memberships import Memberships
from registry.protocols.oci.store.receiving import (
    SHA256,
    Incoming,
    Pieces,
    Unhashed,
    algorithms_for,
    hash_stored,
    require_digest,
)
from registry.protocols.oci.store.refusals import RangeMismatch
from registry.protocols.oci.store.sessions import Held, Session, Sessions
from registry.storage.driver import KeyMissing, Upload
from registry.storage.storage import Storage

REMEMBERED: Final = 256


class Uploads:
    """The uploads of one mount; who may push was asked before. All methods raise what the store raises."""

    def __init__(
        self,
        storage: Storage,
        keys: Keys,
        members: Memberships,
        limit: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`limit` is the size of the largest blob."""
        self._storage = storage
        self._members = members
        self._limit = limit
        self._sessions = Sessions(storage, keys, clock)
        self._hashes: OrderedDict[tuple[str, int], RunningHash] = OrderedDict()
        self._lock = Lock()

    def open(self, repository: Repository, user: str, algorithm: str = SHA256) -> Session:
        """A new session; the blob will be known by a digest of that algorithm."""
        return self._sessions.open(repository, user, tuple(dict.fromkeys((SHA256, algorithm))))

    def find(self, repository: Repository, name: str, user: str) -> Session:
        """The session. Raises UploadUnknown."""
        return self._sessions.find(repository, name, user)

    def append(
        self, repository: Repository, name: str, user: str, chunks: Iterable[bytes], start: int | None = None
    ) -> Session:
        """The session after the chunks, which begin at the offset `start`, were appended.

        When the client stops early, what arrived is kept and TruncatedBody raised. Raises UploadUnknown,
        RangeMismatch, and what the chunks raise.
        """
        held = self._sessions.hold(repository, name, user, start)
        try:
            self._receive(held, chunks, last=True)
        finally:
            self._sessions.release(held)
        return held.session

    def finish(
        self,
        repository: Repository,
        name: str,
        user: str,
        digest: Digest,
        chunks: Iterable[bytes],
        start: int | None = None,
    ) -> None:
        """The repository has the blob, made of all that was appended and of the chunks; the session is over.

        So it is after bytes with another digest: raises DigestInvalid then, and what `append` raises.
        """
        session = self._sessions.find(repository, name, user)
        if start and not session.size:
            raise RangeMismatch(0)
        try:
            if session.size:
                self._finish(session, digest, chunks, start)
            else:
                self.push(repository, digest, chunks)
        except DigestInvalid:
            self._sessions.remove(session)
            raise
        self._sessions.remove(session)

    def push(self, repository: Repository, digest: Digest, chunks: Iterable[bytes]) -> None:
        """The repository has the blob, whose bytes are the chunks. Raises DigestInvalid, and what the chunks raise."""
        incoming = Incoming(Upload(f"{UPLOADED}/{uuid4()}"), RunningHash(algorithms_for(digest)))
        pieces = Pieces(self._storage, incoming, self._bounded(chunks, 0))
        try:
            with pieces.take(_nothing) as piece:
                if pieces.ended:
                    pieces.check()
                    require_digest(digest, incoming.digests)
                    self._storage.blobs.commit(piece)
                else:
                    pieces.append(piece)
            if not pieces.ended:
                self._push_rest(pieces, incoming, digest)
        except BaseException:
            self._storage.abort(incoming.upload)
            raise
        self._link(repository, digest, incoming.digests)

    def cancel(self, repository: Repository, name: str, user: str) -> None:
        """The session is over, and nothing is left of its bytes. Raises UploadUnknown."""
        self._give_up(self._sessions.find(repository, name, user))

    def sweep(self, seconds: float) -> int:
        """How many sessions that nobody went on with for so long were given up."""
        return sum(1 for _ in map(self._give_up, self._sessions.idle(seconds)))

    def _give_up(self, session: Session) -> None:
        self._sessions.remove(session)
        self._storage.abort(session.upload)

    def _push_rest(self, pieces: Pieces, incoming: Incoming, digest: Digest) -> None:
        while not pieces.ended:
            with pieces.take(_nothing) as piece:
                pieces.append(piece)
        pieces.check()
        require_digest(digest, incoming.digests)
        self._storage.blobs.adopt(self._storage.complete(incoming.upload), _sha256(incoming.digests))

    def _receive(self, held: Held, chunks: Iterable[bytes], *, last: bool = False) -> None:
        """The chunks are appended; when they are the `last` of this request, the lease is released with them."""
        incoming = Incoming(held.session.upload, self._resumed(held.session))
        pieces = Pieces(self._storage, incoming, self._bounded(chunks, held.session.size))
        while not pieces.ended:
            with pieces.take(lambda: self._sessions.renew(held)) as piece:
                if piece.size:
                    pieces.append(piece)
                    self._keep(held, incoming, release=last and pieces.ended)
        pieces.check()

    def _keep(self, held: Held, incoming: Incoming, *, release: bool) -> None:
        """The session's record knows what was received."""
        hashes, states = incoming.hashes, {}
        if isinstance(hashes, RunningHash):
            states = hashes.states()
            if not states:
                self._remember(held.session.id, incoming.upload.size, hashes)
        session = replace(held.session, upload=incoming.upload, digests=incoming.digests, states=states)
        self._sessions.save(held, session, release=release)

    def _finish(self, session: Session, digest: Digest, chunks: Iterable[bytes], start: int | None) -> None:
        """The blob is made of what was appended, and of the chunks. Raises DigestInvalid, what `append` raises."""
        body = iter(chunks)
        first = next(body, None)
        if first is None:
            self._sessions.check_free(session, start)
        else:
            held = self._sessions.hold(session.repository, session.id, session.user, start)
            try:
                self._receive(held, chain([first], body))
            except BaseException:
                self._sessions.release(held)
                raise
            session = held.session
        self._link(session.repository, digest, self._complete(session, digest))

    def _complete(self, session: Session, digest: Digest) -> Mapping[str, str]:
        """The digests of the upload, which is a blob now. Raises DigestInvalid, with nothing left of the upload."""
        if algorithm_of(digest) in session.digests:
            self._require(session.upload, digest, session.digests)
        try:
            stat = self._storage.complete(session.upload)
        except KeyMissing:
            return self._completed_before(session, digest)
        digests = session.digests
        if algorithm_of(digest) not in digests:
            digests = hash_stored(self._storage, stat.key, algorithms_for(digest))
            try:
                require_digest(digest, digests)
            except DigestInvalid:
                self._storage.delete(stat.key)
                raise
        self._storage.blobs.adopt(stat, _sha256(digests))
        return digests

    def _completed_before(self, session: Session, digest: Digest) -> Mapping[str, str]:
        """The digests of an upload that became a blob in a request which was cut off. Raises DigestInvalid."""
        digests = session.digests
        if algorithm_of(digest) not in digests or not self._storage.blobs.revive(_sha256(digests)):
            raise DigestInvalid("the bytes of this upload are gone; push them again")
        return digests

    def _require(self, upload: Upload, digest: Digest, digests: Mapping[str, str]) -> None:
        try:
            require_digest(digest, digests)
        except DigestInvalid:
            self._storage.abort(upload)
            raise

    def _bounded(self, chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
        """The chunks, which follow `size` bytes. Raises TooLarge."""
        for chunk in chunks:
            size += len(chunk)
            if size > self._limit:
                raise TooLarge(self._limit, "the blob")
            yield chunk

    def _link(self, repository: Repository, digest: Digest, digests: Mapping[str, str]) -> None:
        if algorithm_of(digest) != SHA256:
            self._storage.blobs.alias(digest, _sha256(digests))
        self._members.link(repository, digest)

    def _resumed(self, session: Session) -> RunningHash | Unhashed:
        """What hashes the bytes that follow those of the session."""
        if not session.size:
            return RunningHash(session.algorithms)
        if session.states and readable(session.algorithms, session.states):
            return RunningHash(session.algorithms, session.states)
        with self._lock:
            kept = self._hashes.get((session.id, session.size))
        return kept.copy() if kept else Unhashed()

    def _remember(self, name: str, size: int, hashes: RunningHash) -> None:
        with self._lock:
            self._hashes[name, size] = hashes.copy()
            if len(self._hashes) > REMEMBERED:
                self._hashes.popitem(last=False)


def _sha256(digests: Mapping[str, str]) -> Digest:
    return Digest(f"{SHA256}:{digests[SHA256]}")


def _nothing() -> None:
    pass
