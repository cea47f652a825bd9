"""Real processes on a real file system, killed in the middle of a collection, or at it at the same time."""

import multiprocessing
from pathlib import Path

import pytest

from registry.core.digests import sha256_digest
from registry.maintenance.gc import Ages, Verdict, collect
from registry.maintenance.lease import LIFETIME, Leased
from registry.storage.faults import with_failpoints
from registry.storage.filesystem import FilesystemDriver
from registry.storage.storage import Storage
from tests.builders.maintenance import is_there, name, named

SPAWN = multiprocessing.get_context("spawn")
AT_ONCE = Ages(grace=0, wait=0)
BLOBS = [b"unnamed %d" % number for number in range(3)]


def collect_and_crash(root: Path, failpoint: str) -> None:
    storage = Storage(FilesystemDriver(root))
    storage.enforced()
    storage.driver = with_failpoints(storage.driver, {"REGISTRY_FAILPOINT": failpoint})
    collect(storage, named(storage), AT_ONCE)


def collect_again_and_again(root: Path) -> None:
    storage = Storage(FilesystemDriver(root))
    for _ in range(20):
        try:
            collect(storage, named(storage), AT_ONCE)
        except Leased:
            continue


def run(root: Path, failpoint: str) -> int | None:
    process = SPAWN.Process(target=collect_and_crash, args=(root, failpoint))
    process.start()
    process.join()
    return process.exitcode


@pytest.mark.parametrize("failpoint", ["1", "2", "2.5", "3", "3.5", "4", "5.5", "7"])
def test_a_killed_collection_is_continued_and_no_blob_lost(tmp_path: Path, failpoint: str) -> None:
    storage = Storage(FilesystemDriver(tmp_path))
    for data in [b"kept", *BLOBS]:
        storage.blobs.put(data)
    name(storage, sha256_digest(b"kept"))
    collect(storage, named(storage), AT_ONCE)
    assert run(tmp_path, failpoint) == 137
    late = Storage(FilesystemDriver(tmp_path))
    late.blobs.put(BLOBS[0])
    name(late, sha256_digest(BLOBS[0]))

    def later() -> float:
        stat = storage.stat("_maintenance/gc")
        assert stat
        return stat.modified + LIFETIME

    for _ in range(3):
        collect(late, named(late), AT_ONCE, clock=later)
    assert is_there(late, b"kept")
    assert is_there(late, BLOBS[0])
    assert [digest for digest, _ in late.blobs.list()] == sorted(map(sha256_digest, [b"kept", BLOBS[0]]))
    assert not any(plot.marked for plot in late.blobs.plots())


def test_collections_of_several_processes_do_not_harm_each_other_or_pushes(tmp_path: Path) -> None:
    storage = Storage(FilesystemDriver(tmp_path))
    kept = [b"kept %d" % number for number in range(20)]
    for data in kept:
        storage.blobs.put(data)
        name(storage, sha256_digest(data))
    processes = [SPAWN.Process(target=collect_again_and_again, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for number in range(100):
        storage.blobs.put(b"unnamed %d" % (number % 10))
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert all(is_there(storage, data) for data in kept)
    for _ in range(3):
        report = collect(storage, named(storage), AT_ONCE)
    assert report.tallies[Verdict.KEPT].blobs == 20
    assert [digest for digest, _ in storage.blobs.list()] == sorted(map(sha256_digest, kept))
