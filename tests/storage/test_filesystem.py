import fcntl
import os
import random
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from registry.storage.driver import ABSENT, ConditionFailed, Driver, KeyMissing, Object, Upload
from registry.storage.filesystem import FilesystemDriver, locks
from tests.contracts.storage import DriverContract
from tests.contracts.storage_races import SPAWN, Opener, scratch_file


class TestFilesystemDriver(DriverContract):
    @pytest.fixture
    def driver(self, tmp_path: Path) -> Driver:
        return FilesystemDriver(tmp_path / "store")

    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return partial(FilesystemDriver, tmp_path / "store")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def driver(root: Path) -> FilesystemDriver:
    return FilesystemDriver(root)


def test_only_the_owner_reads_the_store(driver: FilesystemDriver, root: Path) -> None:
    driver.put("a/b", b"1")
    driver.put("a/c", b"2", ABSENT)
    for path in [root, *root.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_scratch_files_are_moved_not_copied(driver: FilesystemDriver) -> None:
    for key, condition in [("a", ABSENT), ("b", None)]:
        path = scratch_file(driver, b"1")
        inode = path.stat().st_ino
        _ = driver.put(key, path, condition) if condition else driver.put(key, path)
        reader = driver.open(key)
        assert os.fstat(reader.sendfile_range[0].fileno()).st_ino == inode
        assert os.fstat(reader.sendfile_range[0].fileno()).st_nlink == 1
        reader.close()
        assert not path.exists()


def test_a_single_part_and_a_move_copy_nothing(driver: FilesystemDriver) -> None:
    path = scratch_file(driver, b"1")
    inode = path.stat().st_ino
    driver.complete(driver.append(Upload("uploads/u"), path))
    driver.move("uploads/u", "blobs/b", ABSENT)
    reader = driver.open("blobs/b")
    assert os.fstat(reader.sendfile_range[0].fileno()).st_ino == inode
    reader.close()


def test_symbolic_links_are_not_followed(driver: FilesystemDriver, root: Path) -> None:
    secret = root.parent / "secret"
    secret.write_bytes(b"secret")
    link = root / "objects" / "link"
    link.symlink_to(secret)
    assert driver.stat("link") is None
    assert driver.read("link") is None
    assert list(driver.list("")) == []
    assert not driver.delete("link")
    with pytest.raises(KeyMissing):
        driver.open("link")
    with pytest.raises(ConditionFailed):
        driver.put("link", b"1", ABSENT)
    driver.put("link", b"1")
    assert secret.read_bytes() == b"secret"
    found = driver.read("link")
    assert isinstance(found, Object)
    assert found.data == b"1"


def test_directories_that_a_crash_left_empty_are_no_objects_and_no_obstacle(
    driver: FilesystemDriver, root: Path
) -> None:
    (root / "objects" / "a" / "b" / "c").mkdir(parents=True)
    assert list(driver.list("")) == []
    assert list(driver.list("", delimiter="/")) == []
    driver.put("a/b", b"1", ABSENT)
    (root / "objects" / "d" / "e").mkdir(parents=True)
    driver.put("d", b"1")
    assert [item.key for item in driver.list("")] == ["a/b", "d"]


def test_deleting_leaves_no_empty_directories(driver: FilesystemDriver, root: Path) -> None:
    driver.put("a/b/c/d", b"1")
    driver.put("a/e", b"1")
    driver.delete("a/b/c/d")
    assert [path.name for path in (root / "objects" / "a").iterdir()] == ["e"]
    driver.delete("a/e")
    assert list((root / "objects").iterdir()) == []


def test_tokens_stay_fresh_while_the_clock_stands_or_runs_back(
    driver: FilesystemDriver, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1_700_000_000_000_000_000, 0, -1_000_000_000))
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    tokens = []
    for turn in range(30):
        writer = FilesystemDriver(root) if turn % 5 == 0 else driver
        tokens.append(writer.put("a", b"same").token.split("-")[0])
        if turn % 2:
            writer.delete("a")
    assert len(set(tokens)) == 30
    assert sorted(tokens, key=int) == tokens


def append_bytes(driver: FilesystemDriver, upload: Upload, data: bytes) -> Upload:
    return driver.append(upload, scratch_file(driver, data))


def test_appends_in_turn_grow_one_file_which_becomes_the_object(driver: FilesystemDriver, root: Path) -> None:
    upload = append_bytes(driver, Upload("uploads/u"), b"one,")
    (part,) = (path for path in (root / "uploads").rglob("*") if path.is_file())
    inode = part.stat().st_ino
    for piece in [b"two,", b"", b"three"]:
        upload = append_bytes(driver, upload, piece)
    assert len(upload.parts) == 1
    driver.complete(upload)
    driver.move("uploads/u", "blobs/b", ABSENT)
    assert (root / "objects/blobs/b").read_bytes() == b"one,two,three"
    assert (root / "objects/blobs/b").stat().st_ino == inode


def test_what_a_lost_append_added_is_cut_off(driver: FilesystemDriver) -> None:
    upload = append_bytes(driver, Upload("uploads/u"), b"one,")
    append_bytes(driver, upload, b"lost and longer")
    assert driver.complete(upload).size == 4
    assert b"".join(driver.open("uploads/u")) == b"one,"


def test_an_append_while_another_writes_goes_elsewhere(driver: FilesystemDriver, root: Path) -> None:
    upload = append_bytes(driver, Upload("uploads/u"), b"one,")
    (part,) = (path for path in (root / "uploads").rglob("*") if path.is_file())
    with part.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        upload = append_bytes(driver, upload, b"two")
    assert len(upload.parts) == 2
    driver.complete(upload)
    assert b"".join(driver.open("uploads/u")) == b"one,two"


def test_an_append_to_a_finished_upload_leaves_the_object_alone(driver: FilesystemDriver) -> None:
    upload = append_bytes(driver, Upload("uploads/u"), b"all")
    driver.complete(upload)
    append_bytes(driver, upload, b"too late")
    assert b"".join(driver.open("uploads/u")) == b"all"


def test_an_upload_that_lost_bytes_is_not_completed(driver: FilesystemDriver, root: Path) -> None:
    upload = append_bytes(driver, Upload("uploads/u"), b"all")
    (part,) = (path for path in (root / "uploads").rglob("*") if path.is_file())
    os.truncate(part, 2)
    with pytest.raises(KeyMissing):
        driver.complete(upload)


def test_old_leftovers_are_swept_and_young_ones_spared(driver: FilesystemDriver, root: Path) -> None:
    driver.put("object", b"1")
    old, young = scratch_file(driver, b"old"), scratch_file(driver, b"young")
    driver.append(Upload("uploads/old"), scratch_file(driver, b"part"))
    upload = driver.append(Upload("uploads/young"), scratch_file(driver, b"part"))
    parts = {path: path.stat().st_mtime for path in (root / "uploads").rglob("*") if path.is_file()}
    for path in [old, *parts]:
        if not upload.parts[0].startswith(path.name):
            os.utime(path, (time.time() - 7200, time.time() - 7200))
    assert driver.sweep(3600) == 2
    assert young.exists()
    assert not old.exists()
    assert driver.complete(upload).size == 4
    assert driver.sweep(0) == 1
    assert list((root / "uploads").iterdir()) == []
    assert driver.stat("object")


def test_a_missing_scratch_file_is_an_error(driver: FilesystemDriver) -> None:
    with pytest.raises(FileNotFoundError):
        driver.put("a/b", driver.scratch() / "gone")
    with pytest.raises(FileNotFoundError):
        driver.append(Upload("a"), driver.scratch() / "gone")
    assert list(driver.list("")) == []


def test_a_file_that_lost_its_end_is_an_error(driver: FilesystemDriver) -> None:
    driver.put("a", b"1234567890")
    reader = driver.open("a")
    os.truncate(f"/proc/self/fd/{reader.sendfile_range[0].fileno()}", 5)
    with pytest.raises(OSError, match="lost its end"):
        b"".join(reader)


def test_a_reader_survives_the_deletion_of_its_object(driver: FilesystemDriver) -> None:
    data = random.Random(1).randbytes(3_000_000)
    driver.put("a", data)
    reader = driver.open("a")
    driver.delete("a")
    assert b"".join(reader) == data


def test_a_lock_held_too_long_is_an_error(driver: FilesystemDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    with driver._shards.hold("a"):
        thread_errors: list[BaseException] = []

        def put() -> None:
            try:
                driver.put("a", b"1")
            except TimeoutError as error:
                thread_errors.append(error)

        thread = threading.Thread(target=put)
        thread.start()
        thread.join(10)
    assert len(thread_errors) == 1
    assert list(driver.scratch().iterdir()) == []
    driver.put("a", b"1")


def hold_for_ever(root: Path, key: str) -> None:
    driver = FilesystemDriver(root)
    with driver._shards.hold(key):
        driver.put(f"{key}-is-held", b"")
        time.sleep(600)


def test_a_stopped_process_blocks_its_shard_only_until_it_ends(
    driver: FilesystemDriver, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.put("a", b"old")
    process = SPAWN.Process(target=hold_for_ever, args=(root, "a"))
    process.start()
    deadline = time.monotonic() + 60
    while not driver.stat("a-is-held"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.pid
    os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(locks, "PATIENCE", 0.3)
    with pytest.raises(TimeoutError):
        driver.put("a", b"new")
    assert driver.read("a")
    driver.put("b", b"another shard")
    process.kill()
    process.join()
    driver.put("a", b"new")
    assert list(driver.scratch().iterdir()) == []


GREENLETS = """
from gevent import monkey
monkey.patch_all()
import sys, time, gevent
from pathlib import Path
from registry.storage.filesystem import FilesystemDriver
from registry.storage.storage import Storage

storage = Storage(FilesystemDriver(Path(sys.argv[1])))
stalls = []

def watch():
    while True:
        before = time.monotonic()
        gevent.sleep(0.001)
        stalls.append(time.monotonic() - before)

def work(number):
    for _ in range(5):
        storage.update("counter", lambda data: str(int(data or b"0") + 1).encode())
        storage.put("same", b"x" * 300_000)
        with storage.blobs.stage([bytes([number]) * 700_000] * 2) as staged:
            storage.blobs.commit(staged)

watcher = gevent.spawn(watch)
gevent.joinall([gevent.spawn(work, number) for number in range(12)], raise_error=True)
watcher.kill()
print(max(stalls) if stalls else 99)
"""


def test_greenlets_neither_deadlock_nor_stall_each_other(root: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", GREENLETS, str(root)]
    racing = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in racing]
    assert [process.returncode for process in racing] == [0, 0]
    assert all(float(output) < 2 for output in outputs)
    found = FilesystemDriver(root).read("counter")
    assert isinstance(found, Object)
    assert found.data == b"120"
