import hashlib
import time

import pytest

from registry.core.digests import Digest, sha256_digest
from registry.errors import Contention
from registry.storage.driver import Driver
from registry.storage.keying import TOMBSTONE, blob_key
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from registry.storage.tombstones import State, Tombstone, TombstoneDamaged
from tests.builders.maintenance import BucketDriver, CarelessDriver, is_there, keys, upload

DATA = b"some bytes"
DIGEST = sha256_digest(DATA)
SHA512 = Digest(f"sha512:{hashlib.sha512(DATA).hexdigest()}")


@pytest.fixture(params=[MemoryDriver, BucketDriver])
def storage(request: pytest.FixtureRequest) -> Storage:
    return Storage(request.param())


def mark(storage: Storage, *states: State) -> Tombstone:
    """The blob's tombstone after it went through these states."""
    tombstone = storage.blobs.tombstones.read(DIGEST)
    for state in states:
        tombstone = storage.blobs.tombstones.write(DIGEST, state, tombstone)
        assert tombstone
    assert tombstone
    return tombstone


def bury(storage: Storage, *, erase: bool = True) -> None:
    burial = storage.blobs.bury(mark(storage, State.CONDEMNED), erase=erase)
    assert burial
    assert storage.blobs.tombstones.remove(burial)


def test_a_tombstone_says_what_was_written_last(storage: Storage) -> None:
    assert storage.blobs.tombstones.read(DIGEST) is None
    first = mark(storage, State.CONDEMNED)
    assert storage.blobs.tombstones.read(DIGEST) == first
    assert mark(storage, State.BURYING).state is State.BURYING


def test_a_tombstone_changes_only_from_what_it_was(storage: Storage) -> None:
    old = mark(storage, State.CONDEMNED)
    new = mark(storage, State.SPARED, State.CONDEMNED)
    assert storage.blobs.tombstones.write(DIGEST, State.BURYING, old) is None
    assert storage.blobs.tombstones.write(DIGEST, State.CONDEMNED, None) is None
    assert not storage.blobs.tombstones.remove(old)
    assert storage.blobs.tombstones.remove(new)
    assert storage.blobs.tombstones.read(DIGEST) is None


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"state":"unheard-of"}', b"\xff"])
def test_a_damaged_tombstone_is_an_error(storage: Storage, data: bytes) -> None:
    storage.put(blob_key(DIGEST) + TOMBSTONE, data)
    with pytest.raises(TombstoneDamaged):
        storage.blobs.put(DATA)
    with pytest.raises(TombstoneDamaged):
        storage.blobs.is_condemned(DIGEST)


def test_putting_a_condemned_blob_again_spares_it(storage: Storage) -> None:
    storage.blobs.put(DATA)
    condemned = mark(storage, State.CONDEMNED)
    assert storage.blobs.is_condemned(DIGEST)
    storage.blobs.put(DATA)
    assert not storage.blobs.is_condemned(DIGEST)
    assert not storage.blobs.bury(condemned)
    assert is_there(storage, DATA)


def test_a_condemned_blob_is_revived_and_still_read(storage: Storage) -> None:
    storage.blobs.put(DATA)
    condemned = mark(storage, State.CONDEMNED)
    assert is_there(storage, DATA)
    assert storage.blobs.revive(DIGEST)
    assert not storage.blobs.bury(condemned)
    assert is_there(storage, DATA)


def test_a_sha512_revives_too(storage: Storage) -> None:
    assert not storage.blobs.revive(SHA512)
    assert not storage.blobs.is_condemned(SHA512)
    storage.blobs.put(DATA)
    storage.blobs.alias(SHA512, DIGEST)
    mark(storage, State.CONDEMNED)
    assert storage.blobs.is_condemned(SHA512)
    assert storage.blobs.revive(SHA512)
    assert not storage.blobs.is_condemned(DIGEST)


def test_a_blob_that_is_not_there_is_not_revived(storage: Storage) -> None:
    assert not storage.blobs.revive(DIGEST)
    mark(storage, State.CONDEMNED)
    assert not storage.blobs.revive(DIGEST)


def test_a_blob_being_buried_is_not_revived(storage: Storage) -> None:
    storage.blobs.put(DATA)
    mark(storage, State.CONDEMNED, State.BURYING)
    assert storage.blobs.is_condemned(DIGEST)
    assert not storage.blobs.revive(DIGEST)


@pytest.mark.parametrize("driver", [MemoryDriver, BucketDriver, CarelessDriver])
@pytest.mark.parametrize("adopted", [False, True])
def test_a_buried_blob_leaves_nothing(driver: type[Driver], adopted: bool) -> None:
    storage = Storage(driver())
    if adopted:
        storage.blobs.adopt(upload(storage, DATA, "uploads/1"), DIGEST)
    else:
        storage.blobs.put(DATA)
    bury(storage)
    assert not is_there(storage, DATA)
    assert keys(storage, "") == []
    storage.blobs.put(DATA)
    assert is_there(storage, DATA)


def test_where_deletions_take_no_condition_an_empty_pointer_stays() -> None:
    storage = Storage(CarelessDriver())
    storage.blobs.adopt(upload(storage, DATA, "uploads/1"), DIGEST)
    bury(storage, erase=False)
    assert keys(storage, "") == [blob_key(DIGEST) + ".at"]
    assert storage.blobs.stat(DIGEST) is None
    assert list(storage.blobs.list()) == []
    storage.blobs.adopt(upload(storage, DATA, "uploads/2"), DIGEST)
    assert is_there(storage, DATA)
    bury(storage, erase=False)
    assert keys(storage, "") == [blob_key(DIGEST) + ".at"]


def test_what_is_put_during_a_burial_is_put_aside(storage: Storage) -> None:
    storage.blobs.put(DATA)
    mark(storage, State.CONDEMNED, State.BURYING)
    storage.blobs.put(DATA)
    assert not storage.blobs.is_condemned(DIGEST)
    storage.delete(blob_key(DIGEST))  # as the burial does next
    assert is_there(storage, DATA)
    assert storage.blobs.revive(DIGEST)
    bury(storage)
    assert keys(storage) == []


def test_what_is_committed_during_a_burial_is_put_aside(storage: Storage) -> None:
    storage.blobs.put(DATA)
    mark(storage, State.CONDEMNED, State.BURYING)
    with storage.blobs.stage([DATA]) as staged:
        storage.blobs.commit(staged)
    storage.delete(blob_key(DIGEST))
    assert is_there(storage, DATA)


def test_what_is_adopted_during_a_burial_stays_where_it_is(storage: Storage) -> None:
    storage.blobs.adopt(upload(storage, DATA, "uploads/1"), DIGEST)
    burying = mark(storage, State.CONDEMNED, State.BURYING)
    storage.blobs.adopt(upload(storage, DATA, "uploads/2"), DIGEST)
    storage.delete(blob_key(DIGEST))
    assert is_there(storage, DATA)
    assert keys(storage, "uploads/") == ["uploads/2"]
    assert not storage.blobs.bury(burying)
    storage.blobs.adopt(upload(storage, DATA, "uploads/3"), DIGEST)
    assert keys(storage, "uploads/") == ["uploads/2"]
    assert is_there(storage, DATA)


def test_a_burial_that_never_ends_is_contention_in_the_end(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    storage.blobs.put(DATA)
    mark(storage, State.CONDEMNED, State.BURYING)
    write = storage.blobs.tombstones.write

    def lose(digest: Digest, state: State, before: Tombstone | None) -> Tombstone | None:
        write(digest, State.BURYING, before)
        return None

    monkeypatch.setattr(storage.blobs.tombstones, "write", lose)
    with pytest.raises(Contention):
        storage.blobs.put(DATA)


def test_tombstones_are_no_blobs(storage: Storage) -> None:
    storage.blobs.put(DATA)
    mark(storage, State.CONDEMNED)
    assert [digest for digest, _ in storage.blobs.list()] == [DIGEST]
    assert [(plot.digest, plot.marked, plot.stat is None) for plot in storage.blobs.plots()] == [(DIGEST, True, False)]
    storage.delete(blob_key(DIGEST))
    assert list(storage.blobs.list()) == []
    assert [(plot.digest, plot.marked, plot.stat is None) for plot in storage.blobs.plots()] == [(DIGEST, True, True)]


def test_an_upload_that_became_no_blob_is_a_stray(storage: Storage) -> None:
    storage.blobs.put(DATA)
    mark(storage, State.CONDEMNED, State.BURYING)
    storage.blobs.put(DATA)
    storage.put("blobs/uploads/lost", DATA)
    pointed = {plot.pointed for plot in storage.blobs.plots()}
    assert list(storage.blobs.strays(pointed, 0)) == []
    assert list(storage.blobs.strays(pointed, time.time())) == ["blobs/uploads/lost"]
