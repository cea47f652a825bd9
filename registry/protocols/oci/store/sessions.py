"""The session of an upload: all that a node needs to go on with it, as plain data in a record of the store."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, Self
from uuid import uuid4

from registry.protocols.oci.names import Repository
from registry.protocols.oci.store.keys import UPLOADED, Keys
from registry.protocols.oci.store.records import Record, parse_record, render_record
from registry.protocols.oci.store.refusals import RangeMismatch, UploadUnknown
from registry.storage.driver import ABSENT, ConditionFailed, Object, Stat, Upload, matching
from registry.storage.storage import Storage

IDLE_SECONDS: Final = 86400
"""After that long without a request an upload is given up. Its record's `touched` tells when the last one was."""

LEASE_SECONDS: Final = 60
RENEW_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Session:
    """An upload of `user` into `repository`, and of nobody else into no other.

    `digests` are those of all bytes so far, by algorithm, empty when nobody knows them; `states` are what RunningHash
    goes on from. Until `leased` (Unix seconds) only the request that has the `lease` may add bytes.
    """

    id: str
    repository: Repository
    user: str
    algorithms: tuple[str, ...]
    upload: Upload
    digests: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    touched: int = 0
    lease: str = ""
    leased: float = 0.0

    @property
    def size(self) -> int:
        """How many bytes are durably stored."""
        return self.upload.size

    def to_record(self) -> Record:
        """What is kept of it."""
        upload = self.upload
        return {
            "repository": self.repository,
            "user": self.user,
            "algorithms": list(self.algorithms),
            "upload": {
                "key": upload.key,
                "size": upload.size,
                "handle": upload.handle,
                "parts": list(upload.parts),
            },
            "digests": dict(self.digests),
            "states": dict(self.states),
            "touched": self.touched,
            "lease": self.lease,
            "leased": self.leased,
        }

    @classmethod
    def from_record(cls, name: str, record: Record) -> Self:
        """The session that was kept."""
        upload = record["upload"]
        return cls(
            id=name,
            repository=Repository(record["repository"]),
            user=record["user"],
            algorithms=tuple(record["algorithms"]),
            upload=Upload(upload["key"], upload["size"], upload["handle"], tuple(upload["parts"])),
            digests=record["digests"],
            states=record["states"],
            touched=record["touched"],
            lease=record["lease"],
            leased=record["leased"],
        )


@dataclass(slots=True)
class Held:
    """A session while one request has its lease; `session` is what the record says."""

    session: Session
    stat: Stat


class Sessions:
    """The records of uploads. A record changes only by swaps, so that of two requests one loses."""

    def __init__(self, storage: Storage, keys: Keys, clock: Callable[[], float]) -> None:
        self._storage = storage
        self._keys = keys
        self._clock = clock

    def open(self, repository: Repository, user: str, algorithms: tuple[str, ...]) -> Session:
        """A new session without bytes."""
        name = str(uuid4())
        session = Session(name, repository, user, algorithms, Upload(f"{UPLOADED}/{name}"), touched=int(self._clock()))
        self._storage.put(self._keys.upload(name), render_record(session.to_record()), ABSENT)
        return session

    def find(self, repository: Repository, name: str, user: str) -> Session:
        """The session. Raises UploadUnknown."""
        return self._find(repository, name, user)[0]

    def hold(self, repository: Repository, name: str, user: str, start: int | None = None) -> Held:
        """The session with its lease; `start` is the offset at which the request wants to go on.

        Raises UploadUnknown; RangeMismatch also when another request has the lease.
        """
        session, stat = self._find(repository, name, user)
        self.check_free(session, start)
        held = Held(session, stat)
        self.save(held, replace(session, lease=uuid4().hex))
        return held

    def check_free(self, session: Session, start: int | None) -> None:
        """A request may go on from `start`, or from where the upload ends. Raises RangeMismatch."""
        if start not in (None, session.size):
            raise RangeMismatch(session.size)
        if session.leased > self._clock():
            raise RangeMismatch(session.size, "another request is adding to this upload")

    def save(self, held: Held, session: Session, *, release: bool = False) -> None:
        """The record says what the session says, and the lease is renewed or released. Raises RangeMismatch."""
        now = self._clock()
        session = replace(session, touched=int(now), leased=0.0 if release else now + LEASE_SECONDS)
        key = self._keys.upload(session.id)
        try:
            held.stat = self._storage.put(key, render_record(session.to_record()), matching(held.stat))
        except ConditionFailed:
            raise RangeMismatch(held.session.size, "another request has taken this upload over") from None
        held.session = session

    def renew(self, held: Held) -> None:
        """The lease lasts for a while. Raises RangeMismatch."""
        if held.session.leased - self._clock() < LEASE_SECONDS - RENEW_SECONDS:
            self.save(held, held.session)

    def release(self, held: Held) -> None:
        """Another request may go on from what the record says, if this one still could."""
        if held.session.leased:
            with suppress(RangeMismatch):
                self.save(held, held.session, release=True)

    def remove(self, session: Session) -> None:
        """The session is over."""
        self._storage.delete(self._keys.upload(session.id))

    def idle(self, seconds: float) -> Iterator[Session]:
        """The sessions that nobody went on with for that long."""
        horizon = self._clock() - seconds
        for item in self._storage.list(self._keys.uploads()):
            name = item.key.rpartition("/")[2]
            found = self._storage.read(item.key)
            session = Session.from_record(name, parse_record(found.data)) if isinstance(found, Object) else None
            if session and session.touched <= horizon and session.leased <= self._clock():
                yield session

    def _find(self, repository: Repository, name: str, user: str) -> tuple[Session, Stat]:
        found = self._storage.read(self._keys.upload(name))
        if isinstance(found, Object):
            session = Session.from_record(name, parse_record(found.data))
            mine = (session.repository, session.user) == (repository, user)
            if mine and session.touched + IDLE_SECONDS > self._clock():
                return session, found.stat
        raise UploadUnknown("there is no such upload in this repository")
