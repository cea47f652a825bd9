from collections.abc import Iterator

import pytest

from registry.core.digests import Digest, sha256_digest
from registry.maintenance.gc import collect
from registry.maintenance.lease import LIFETIME, Lease, Leased, hold_lease
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from tests.builders.maintenance import AGES, BucketDriver, Clock, run

KEY = "_maintenance/gc"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=[MemoryDriver, BucketDriver])
def storage(request: pytest.FixtureRequest, clock: Clock) -> Storage:
    return Storage(request.param(clock))


def test_only_one_run_holds_a_lease(storage: Storage, clock: Clock) -> None:
    with hold_lease(storage, KEY, clock) as lease:
        assert lease.began == clock.now
        with pytest.raises(Leased, match=r"process \d+ on "), hold_lease(storage, KEY, clock):
            pass
        with pytest.raises(Leased):
            run(storage, clock)
    with hold_lease(storage, KEY, clock):
        pass
    assert run(storage, clock) == {}


def test_a_lease_that_is_kept_lasts(storage: Storage, clock: Clock) -> None:
    with hold_lease(storage, KEY, clock) as lease:
        for _ in range(10):
            clock.advance(LIFETIME / 2)
            lease.keep()
            with pytest.raises(Leased):
                Lease(storage, KEY, clock)


def test_the_lease_of_a_dead_run_is_taken_over(storage: Storage, clock: Clock) -> None:
    dead = Lease(storage, KEY, clock)
    clock.advance(LIFETIME)
    with hold_lease(storage, KEY, clock) as lease:
        with pytest.raises(Leased):
            dead.keep()
        dead.release()
        with pytest.raises(Leased):
            Lease(storage, KEY, clock)
        clock.advance(LIFETIME / 2)
        lease.keep()


def test_a_run_that_lost_its_lease_ends(storage: Storage, clock: Clock) -> None:
    def slow() -> Iterator[Digest]:
        clock.advance(LIFETIME)
        assert run(storage, clock) == {"kept": 1}
        yield sha256_digest(b"named")

    storage.blobs.put(b"unnamed")
    with pytest.raises(Leased):
        collect(storage, slow(), AGES, clock=clock)


def test_a_dry_run_needs_no_lease(storage: Storage, clock: Clock) -> None:
    with hold_lease(storage, KEY, clock):
        assert run(storage, clock, dry=True) == {}


def test_a_failing_run_releases_its_lease(storage: Storage, clock: Clock) -> None:
    with pytest.raises(ValueError, match="oh"), hold_lease(storage, KEY, clock):
        raise ValueError("oh")
    assert run(storage, clock) == {}
