"""Collections on servers that speak S3."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from registry.core.digests import sha256_digest
from registry.maintenance.gc import Ages, collect
from registry.maintenance.lease import LIFETIME, Lease, Leased
from registry.storage.s3 import S3Driver
from registry.storage.storage import Storage
from registry.storage.tombstones import State
from tests.builders.maintenance import Clock, counts, is_there, keys, name, named, upload
from tests.simulators.s3_servers import S3Server, run_moto, run_versitygw

AT_ONCE = Ages(grace=0, wait=0)


def run(storage: Storage) -> dict[str, int]:
    return counts(collect(storage, named(storage), AT_ONCE))


@pytest.fixture(params=["moto", "versitygw"], scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    running: AbstractContextManager[S3Server] = (
        run_moto() if request.param == "moto" else run_versitygw(tmp_path_factory.mktemp("versitygw"))
    )
    with running as server:
        yield server


@pytest.fixture
def storage(server: S3Server, tmp_path: Path) -> Iterator[Storage]:
    driver = S3Driver(server.new_bucket(scratch=tmp_path))
    yield Storage(driver)
    driver.close()


def test_unnamed_blobs_go_and_named_ones_stay(storage: Storage) -> None:
    for number, data in enumerate([b"put, kept", b"put", b"adopted, kept", b"adopted"]):
        digest = sha256_digest(data)
        if data.startswith(b"put"):
            storage.blobs.put(data)
        else:
            storage.blobs.adopt(upload(storage, data, f"blobs/uploads/{number}"), digest)
        if data.endswith(b"kept"):
            name(storage, digest)
    assert run(storage) == {"condemned": 2, "kept": 2}
    assert run(storage) == {"deleted": 2, "kept": 2}
    assert is_there(storage, b"put, kept")
    assert is_there(storage, b"adopted, kept")
    assert sorted(storage.blobs.list()) == sorted(
        (digest, stat) for digest in named(storage) if (stat := storage.blobs.stat(digest))
    )
    assert len(keys(storage)) == 3


def test_what_is_put_during_a_burial_outlives_it(storage: Storage) -> None:
    data = b"wanted again"
    digest = storage.blobs.put(data)
    tombstone = storage.blobs.tombstones.write(digest, State.CONDEMNED, None)
    assert storage.blobs.tombstones.write(digest, State.BURYING, tombstone)
    storage.blobs.put(data)
    name(storage, digest)
    for _ in range(3):
        run(storage)
        assert is_there(storage, data)


def test_a_lease_is_taken_kept_and_taken_over(storage: Storage) -> None:
    clock = Clock()
    lease = Lease(storage, "_maintenance/gc", clock)
    clock.now = lease.began + LIFETIME / 2
    lease.keep()
    with pytest.raises(Leased):
        run(storage)
    clock.now = lease.began + 2 * LIFETIME
    other = Lease(storage, "_maintenance/gc", clock)
    with pytest.raises(Leased):
        lease.keep()
    other.release()
    assert run(storage) == {}
