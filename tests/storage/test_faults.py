import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.core.digests import sha256_digest
from registry.storage.driver import ABSENT, KeyMissing, Upload
from registry.storage.faults import with_failpoints
from registry.storage.filesystem import FilesystemDriver
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage

SPAWN = multiprocessing.get_context("spawn")
DATA = b"upload" * 1000


def work(storage: Storage) -> None:
    """Something of everything that mutates; done again, it completes what was left."""
    storage.put("a/b", b"1")
    storage.update("counter", lambda data: data or b"1")
    storage.blobs.put(b"blob")
    digest = sha256_digest(DATA)
    if storage.blobs.stat(digest) is None:
        with storage.blobs.stage([DATA]) as staged:
            upload = storage.append(Upload("uploads/u"), staged.path, final=True)
        try:
            storage.blobs.adopt(storage.complete(upload), digest)
        except KeyMissing:
            assert storage.blobs.stat(digest)
    storage.delete("a/b")


def work_and_crash(root: Path, failpoint: str, log: str) -> None:
    environ = {"REGISTRY_FAILPOINT": failpoint, "REGISTRY_FAILPOINT_LOG": log}
    work(Storage(with_failpoints(FilesystemDriver(root), environ)))


def run(target: Callable[..., None], *args: object) -> int | None:
    process = SPAWN.Process(target=target, args=args)
    process.start()
    process.join()
    return process.exitcode


def test_nothing_is_wrapped_without_a_failpoint() -> None:
    driver = MemoryDriver()
    assert with_failpoints(driver, {}) is driver
    assert with_failpoints(driver, dict(os.environ)) is driver


def test_mutating_calls_are_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"
    work(Storage(with_failpoints(MemoryDriver(), {"REGISTRY_FAILPOINT_LOG": str(log)})))
    lines = [line.split() for line in log.read_text().splitlines()]
    assert [int(number) for number, _, _ in lines] == list(range(1, len(lines) + 1))
    assert [name for _, name, _ in lines] == ["put", "put", "put", "append", "complete", "move", "delete"]
    assert [key for _, _, key in lines][:2] == ["a/b", "counter"]
    assert lines[3][2] == "uploads/u"


@pytest.mark.parametrize("failpoint", [f"{number}{half}" for number in range(1, 8) for half in ("", ".5")])
def test_work_that_crashed_anywhere_is_completed_by_doing_it_again(tmp_path: Path, failpoint: str) -> None:
    root = tmp_path / "store"
    assert run(work_and_crash, root, failpoint, "") == 137
    storage = Storage(FilesystemDriver(root))
    for item in storage.list(""):
        storage.open(item.key).close()
    work(storage)
    assert storage.blobs.read(sha256_digest(DATA), 1 << 20) == DATA
    blobs = sorted(f"blobs/sha256/{d[7:9]}/{d[7:]}" for d in (sha256_digest(DATA), sha256_digest(b"blob")))
    assert [item.key for item in storage.list("")] == [*blobs, "counter"]
    storage.sweep(0)
    assert [path for path in root.rglob("*") if path.is_file() and path.parent.name in {"scratch", "uploads"}] == []


def test_a_crash_before_and_after_a_call_differ(tmp_path: Path) -> None:
    assert run(work_and_crash, tmp_path / "before", "1", "") == 137
    assert run(work_and_crash, tmp_path / "after", "1.5", "") == 137
    assert FilesystemDriver(tmp_path / "before").stat("a/b") is None
    assert FilesystemDriver(tmp_path / "after").stat("a/b")


def test_a_point_beyond_the_work_never_comes(tmp_path: Path) -> None:
    assert run(work_and_crash, tmp_path / "store", "99", "") == 0
    driver = FilesystemDriver(tmp_path / "store")
    driver.put("fresh", b"", ABSENT)
