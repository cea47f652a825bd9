"""What the file system is asked for, and what happens when it does not give it."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from registry.storage.driver import ABSENT, ANY, Driver, Object, Upload, matching
from registry.storage.filesystem import FilesystemDriver
from tests.contracts.storage_races import scratch_file

NEW = b"new" * 1000
CALLS = ["open", "write", "fsync", "mkdir", "link", "rename", "utime", "unlink", "rmdir"]


@pytest.fixture
def driver(tmp_path: Path) -> FilesystemDriver:
    return FilesystemDriver(tmp_path / "store")


def put_bytes(driver: Driver) -> None:
    driver.put("x/y/new", NEW, ABSENT)


def put_file(driver: Driver) -> None:
    path = scratch_file(driver, NEW)
    try:
        driver.put("x/y/new", path, ABSENT)
    finally:
        path.unlink(missing_ok=True)


def replace(driver: Driver) -> None:
    stat = driver.stat("old")
    assert stat
    driver.put("old", NEW, matching(stat))


def overwrite(driver: Driver) -> None:
    driver.put("old", NEW, ANY)


def upload_in_pieces(driver: Driver) -> None:
    upload = Upload("x/y/new")
    try:
        for piece in [NEW[:100], NEW[100:]]:
            path = scratch_file(driver, piece)
            try:
                upload = driver.append(upload, path)
            finally:
                path.unlink(missing_ok=True)
        driver.complete(upload)
    except OSError:
        driver.abort(upload)
        raise


def move(driver: Driver) -> None:
    driver.put("m/new", NEW)
    driver.move("m/new", "x/y/new", ABSENT)


WRITES = [put_bytes, put_file, replace, overwrite, upload_in_pieces, move]


class Calls:
    """Records calls of `os`, and makes one of them fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[str, str, str]] = []
        self.fail_at = 0
        self.errno = 0
        for name in CALLS:
            monkeypatch.setattr(os, name, self._recorder(name, getattr(os, name)))

    def _recorder(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            first = os.readlink(f"/proc/self/fd/{args[0]}") if isinstance(args[0], int) else str(args[0])
            self.seen.append((name, first, str(args[1]) if name in {"link", "rename"} else ""))
            if len(self.seen) == self.fail_at and name != "rmdir":
                raise OSError(self.errno, "told to", first)
            return real(*args, **kwargs)

        return run


@pytest.fixture
def calls(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    driver.put("old", b"old")
    yield Calls(monkeypatch)
    monkeypatch.undo()


def index(seen: list[tuple[str, str, str]], call: str, path: str, start: int = 0) -> int:
    return next(at for at in range(start, len(seen)) if seen[at][:2] == (call, path))


@pytest.mark.parametrize("write", WRITES)
def test_whatever_has_a_name_is_durable_before_the_call_returns(
    driver: FilesystemDriver, calls: Calls, write: Callable[[Driver], None]
) -> None:
    write(driver)
    seen = list(calls.seen)
    named = [(at, source, target) for at, (call, source, target) in enumerate(seen) if call in {"link", "rename"}]
    assert named
    for at, source, target in named:
        inode = [source]
        inode += [earlier for _, earlier, name in named if name == source]
        assert any(call == "fsync" and path in inode for call, path, _ in seen[:at]), "bytes before the name"
        assert not any(call == "write" and path in inode for call, path, _ in seen[at:])
        assert index(seen, "fsync", os.path.dirname(target), at)
    for at, (call, path, _) in enumerate(seen):
        if call == "mkdir":
            assert index(seen, "fsync", os.path.dirname(path), at)


def test_a_deletion_is_durable(driver: FilesystemDriver, calls: Calls) -> None:
    driver.delete("old")
    at = next(at for at, (call, _, _) in enumerate(calls.seen) if call == "unlink")
    assert index(calls.seen, "fsync", os.path.dirname(calls.seen[at][1]), at)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("write", WRITES)
def test_a_failure_at_any_call_leaves_the_old_or_the_new(
    driver: FilesystemDriver, calls: Calls, write: Callable[[Driver], None], number: int
) -> None:
    calls.errno = number
    descriptors = len(os.listdir("/proc/self/fd"))
    failures = 0
    for fail_at in range(1, 200):
        calls.seen.clear()
        calls.fail_at = fail_at
        with suppress(OSError):
            write(driver)
        calls.fail_at = 0
        if len(calls.seen) < fail_at:
            break
        failures += 1
        call, path, _ = calls.seen[fail_at - 1]
        late = call in {"unlink", "rmdir"} or (call in {"fsync", "open"} and os.path.isdir(path))
        for key, old in [("old", b"old"), ("x/y/new", None)]:
            found = driver.read(key)
            if isinstance(found, Object) and found.data != old:
                assert found.data == NEW
                assert late, f"visible though {call} {path} failed"
        for left in driver.scratch().iterdir():
            left.unlink()
        for key in ["x/y/new", "m/new"]:
            driver.delete(key)
        driver.put("old", b"old")
        assert [item.key for item in driver.list("")] == ["old"]
        assert len(os.listdir("/proc/self/fd")) == descriptors
    assert failures > 5


def test_a_full_disk_still_lets_everybody_read_and_delete(driver: FilesystemDriver, calls: Calls) -> None:
    calls.errno = errno.ENOSPC

    def full(*args: Any, **kwargs: Any) -> Any:
        raise OSError(errno.ENOSPC, "told to")

    real = os.write
    os.write = os.mkdir = full
    with pytest.raises(OSError, match="told to"):
        driver.put("new", b"1")
    assert list(driver.scratch().iterdir()) == []
    assert driver.read("old")
    assert driver.delete("old")
    os.write = real
    driver.put("new", b"1")
