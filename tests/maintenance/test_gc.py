from collections.abc import Iterator

import pytest

from registry.core.digests import Digest, sha256_digest
from registry.errors import Unavailable
from registry.maintenance.gc import Ages, Verdict, collect
from registry.storage.driver import Driver
from registry.storage.keying import blob_key
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from registry.storage.tombstones import State, TombstoneDamaged
from tests.builders.maintenance import (
    AGES,
    DAY,
    HOUR,
    BucketDriver,
    CarelessDriver,
    Clock,
    is_there,
    keys,
    name,
    put_named,
    run,
    unname,
    upload,
)

DATA = b"nobody names this"
DIGEST = sha256_digest(DATA)
AT_ONCE = Ages(grace=0, wait=0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=[MemoryDriver, BucketDriver, CarelessDriver])
def driver(request: pytest.FixtureRequest, clock: Clock) -> Driver:
    driver: Driver = request.param(clock)
    return driver


@pytest.fixture
def storage(driver: Driver) -> Storage:
    return Storage(driver)


def test_a_blob_that_nobody_names_is_condemned_and_then_deleted(storage: Storage, clock: Clock) -> None:
    put_named(storage, b"kept")
    storage.blobs.put(DATA)
    assert run(storage, clock) == {"kept": 2}
    clock.advance(DAY)
    assert run(storage, clock) == {"condemned": 1, "kept": 1}
    assert is_there(storage, DATA)
    clock.advance(HOUR)
    assert run(storage, clock) == {"deleted": 1, "kept": 1}
    assert not is_there(storage, DATA)
    assert run(storage, clock) == {"kept": 1}
    assert keys(storage) == [blob_key(sha256_digest(b"kept"))]


def test_the_report_counts_bytes(storage: Storage, clock: Clock) -> None:
    put_named(storage, b"kept")
    storage.blobs.put(DATA)
    report = collect(storage, [sha256_digest(b"kept")], AT_ONCE, clock=clock)
    assert report.tallies[Verdict.CONDEMNED].size == len(DATA)
    assert report.tallies[Verdict.KEPT].size == 4
    report = collect(storage, [sha256_digest(b"kept")], AT_ONCE, clock=clock)
    assert report.tallies[Verdict.DELETED].size == len(DATA)


def test_two_runs_without_ages_collect_at_once(storage: Storage, clock: Clock) -> None:
    storage.blobs.put(DATA)
    assert run(storage, clock, AT_ONCE) == {"condemned": 1}
    assert run(storage, clock, AT_ONCE) == {"deleted": 1}


def test_a_blob_stays_condemned_for_the_whole_wait(storage: Storage, clock: Clock) -> None:
    storage.blobs.put(DATA)
    clock.advance(DAY)
    assert run(storage, clock) == {"condemned": 1}
    clock.advance(HOUR - 1)
    assert run(storage, clock) == {"kept": 1}
    clock.advance(1)
    assert run(storage, clock) == {"deleted": 1}


def test_a_condemned_blob_that_is_named_again_is_revived(storage: Storage, clock: Clock) -> None:
    storage.blobs.put(DATA)
    clock.advance(DAY)
    run(storage, clock)
    name(storage, DIGEST)
    assert run(storage, clock) == {"revived": 1}
    assert keys(storage) == [blob_key(DIGEST)]
    clock.advance(DAY)
    assert run(storage, clock) == {"kept": 1}


def test_a_spared_blob_counts_as_new(storage: Storage, clock: Clock) -> None:
    storage.blobs.put(DATA)
    clock.advance(DAY)
    run(storage, clock)
    assert storage.blobs.revive(DIGEST)
    clock.advance(DAY - 1)
    assert run(storage, clock) == {"kept": 1}
    clock.advance(1)
    assert run(storage, clock) == {"condemned": 1}
    clock.advance(HOUR)
    assert run(storage, clock) == {"deleted": 1}
    assert keys(storage) == []


def test_a_spared_blob_that_is_named_loses_its_tombstone(storage: Storage, clock: Clock) -> None:
    storage.blobs.put(DATA)
    clock.advance(DAY)
    run(storage, clock)
    put_named(storage, DATA)
    run(storage, clock)
    assert keys(storage) == [blob_key(DIGEST)]


def test_a_name_that_went_is_collected(storage: Storage, clock: Clock) -> None:
    put_named(storage, DATA)
    clock.advance(DAY)
    assert run(storage, clock) == {"kept": 1}
    unname(storage, DIGEST)
    assert run(storage, clock) == {"condemned": 1}
    clock.advance(HOUR)
    assert run(storage, clock) == {"deleted": 1}


def test_an_adopted_upload_is_collected_with_its_pointer(storage: Storage, clock: Clock) -> None:
    storage.blobs.adopt(upload(storage, DATA, "uploads/1"), DIGEST)
    assert run(storage, clock, AT_ONCE) == {"condemned": 1}
    assert run(storage, clock, AT_ONCE) == {"deleted": 1}
    left = [blob_key(DIGEST) + ".at"] if type(storage.driver) is CarelessDriver else []
    assert keys(storage) + keys(storage, "uploads/") == left
    assert run(storage, clock, AT_ONCE) == {}


def test_a_blob_is_kept_by_its_sha512(storage: Storage, clock: Clock) -> None:
    sha512 = Digest("sha512:" + "ab" * 64)
    storage.blobs.put(DATA)
    storage.blobs.alias(sha512, DIGEST)
    clock.advance(DAY)
    for _ in range(2):
        report = collect(storage, [sha512, Digest("sha512:" + "cd" * 64)], AGES, clock=clock)
        assert report.tallies[Verdict.KEPT].blobs == 1
        clock.advance(DAY)
    assert is_there(storage, DATA)


def test_a_dry_run_changes_nothing(storage: Storage, clock: Clock) -> None:
    put_named(storage, b"kept")
    storage.blobs.put(DATA)
    clock.advance(DAY)
    before = [*storage.list("")]
    assert run(storage, clock, dry=True) == {"condemned": 1, "kept": 1}
    assert [*storage.list("")] == before
    run(storage, clock)
    clock.advance(HOUR)
    before = [*storage.list("")]
    assert run(storage, clock, dry=True) == {"deleted": 1, "kept": 1}
    assert [*storage.list("")] == before


def test_nothing_is_deleted_when_the_names_cannot_be_read(storage: Storage, clock: Clock) -> None:
    def broken() -> Iterator[Digest]:
        yield sha256_digest(b"kept")
        raise Unavailable

    put_named(storage, b"kept")
    storage.blobs.put(DATA)
    run(storage, clock, AT_ONCE)
    before = [*storage.list("blobs/")]
    with pytest.raises(Unavailable):
        collect(storage, broken(), AT_ONCE, clock=clock)
    assert [*storage.list("blobs/")] == before
    assert run(storage, clock, AT_ONCE) == {"deleted": 1, "kept": 1}


def test_a_tombstone_that_cannot_be_read_ends_the_run(storage: Storage, clock: Clock) -> None:
    storage.blobs.put(DATA)
    storage.put(blob_key(DIGEST) + ".tombstone", b"{}")
    with pytest.raises(TombstoneDamaged):
        run(storage, clock, AT_ONCE)
    assert is_there(storage, DATA)


def test_a_burial_cut_short_is_completed_after_the_wait(storage: Storage, clock: Clock) -> None:
    storage.blobs.put(DATA)
    tombstone = storage.blobs.tombstones.write(DIGEST, State.CONDEMNED, None)
    assert storage.blobs.tombstones.write(DIGEST, State.BURYING, tombstone)
    assert run(storage, clock) == {"kept": 1}
    clock.advance(HOUR)
    assert run(storage, clock) == {"deleted": 1}
    assert keys(storage) == []


def test_the_tombstone_of_a_blob_that_is_gone_goes_too(storage: Storage, clock: Clock) -> None:
    for state in State:
        storage.blobs.tombstones.write(DIGEST, state, storage.blobs.tombstones.read(DIGEST))
        clock.advance(DAY)
        assert run(storage, clock) == {}
        clock.advance(HOUR)
        assert run(storage, clock) == {}
        assert keys(storage) == []


def test_what_else_there_is_of_a_deleted_blob_is_forgotten_before_its_tombstone_goes(
    storage: Storage, clock: Clock
) -> None:
    forgotten = []

    def forget(digest: Digest) -> None:
        assert storage.blobs.stat(digest) is None
        assert storage.blobs.is_condemned(digest)
        forgotten.append(digest)

    put_named(storage, b"kept")
    storage.blobs.put(DATA)
    for _ in range(3):
        collect(storage, [sha256_digest(b"kept")], AT_ONCE, forget=forget, clock=clock)
    assert forgotten == [DIGEST]


def test_an_upload_that_never_became_a_blob_goes_after_a_week(storage: Storage, clock: Clock) -> None:
    upload(storage, b"lost", "blobs/uploads/lost")
    storage.blobs.adopt(upload(storage, DATA, "blobs/uploads/found"), DIGEST)
    clock.advance(7 * DAY - 1)
    assert collect(storage, [DIGEST], AGES, clock=clock).strays == 0
    clock.advance(1)
    assert collect(storage, [DIGEST], AGES, clock=clock).strays == 1
    assert is_there(storage, DATA)
    assert "blobs/uploads/lost" not in keys(storage)
