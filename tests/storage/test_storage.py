import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.errors import Contention, Invalid, StorageFull, Unavailable
from registry.storage.driver import ANY, Condition, ConditionFailed, KeyMissing, Object, Stat, Unchanged, Upload
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage


def one_more(data: bytes | None) -> bytes:
    return str(int(data or b"0") + 1).encode()


@pytest.fixture
def storage() -> Storage:
    return Storage(MemoryDriver())


class Failing(MemoryDriver):
    """Writes fail with the errno set."""

    number = 0
    reading = False
    kind = OSError

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        if self.number:
            raise self.kind(self.number, "told to", "/secret/path")
        return super().put(key, body, condition)

    def read(self, key: str, unless: str | None = None) -> Object | Unchanged | None:
        if self.number and self.reading:
            raise OSError(self.number, "told to", "/secret/path")
        return super().read(key, unless)


def test_an_update_makes_and_changes_a_record(storage: Storage) -> None:
    first = storage.update("counter", one_more)
    second = storage.update("counter", one_more)
    assert first
    assert second
    assert (first.data, second.data) == (b"1", b"2")
    assert storage.read("counter") == second


def test_a_change_may_leave_all_as_it_is(storage: Storage) -> None:
    assert storage.update("a", lambda data: None) is None
    assert storage.stat("a") is None
    stat = storage.put("a", b"1")
    assert storage.update("a", lambda data: None) == Object(stat, b"1")
    assert storage.stat("a") == stat


def test_a_change_refuses_by_raising(storage: Storage) -> None:
    storage.put("a", b"1")

    def refuse(data: bytes | None) -> bytes:
        raise Invalid("no")

    with pytest.raises(Invalid):
        storage.update("a", refuse)
    assert storage.update("a", one_more)


def test_a_lost_swap_is_tried_again(storage: Storage) -> None:
    others = iter([b"10", b"20"])

    def change(data: bytes | None) -> bytes:
        other = next(others, None)
        if other:
            storage.put("a", other)
        return one_more(data)

    updated = storage.update("a", change)
    assert updated
    assert updated.data == b"21"


def test_an_update_that_always_loses_ends(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.storage.storage.UPDATE_SECONDS", 0.2)

    def change(data: bytes | None) -> bytes:
        storage.put("a", b"other")
        return b"mine"

    started = time.monotonic()
    with pytest.raises(Contention):
        storage.update("a", change)
    assert time.monotonic() - started < 3


def test_an_update_behind_a_stuck_one_ends(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, leave = threading.Event(), threading.Event()

    def stick(data: bytes | None) -> bytes:
        entered.set()
        leave.wait(10)
        return b"stuck"

    thread = threading.Thread(target=storage.update, args=("a", stick))
    thread.start()
    entered.wait(10)
    monkeypatch.setattr("registry.storage.storage.UPDATE_SECONDS", 0.1)
    with pytest.raises(Contention):
        storage.update("a", one_more)
    assert storage.update("b", one_more)
    leave.set()
    thread.join()


def test_updates_of_one_process_do_not_storm(storage: Storage) -> None:
    tries = []

    def slow(data: bytes | None) -> bytes:
        tries.append(data)
        time.sleep(0.001)
        return one_more(data)

    threads = [threading.Thread(target=storage.update, args=("a", slow)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) == 30
    found = storage.read("a")
    assert isinstance(found, Object)
    assert found.data == b"30"
    assert len(storage._turns._locks) == 0


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "A", "../a", "a/..", ".a", "a b", "a\0", "ä", "a/" + "n" * 241]
)
def test_only_keys_of_the_grammar_reach_the_driver(storage: Storage, key: str, tmp_path: Path) -> None:
    operations: list[Callable[[], object]] = [
        lambda: storage.stat(key),
        lambda: storage.read(key),
        lambda: storage.open(key),
        lambda: storage.put(key, b""),
        lambda: storage.delete(key),
        lambda: storage.update(key, one_more),
        lambda: storage.url(key, 1),
        lambda: storage.move("a", key),
        lambda: storage.move(key, "a"),
        lambda: storage.append(Upload(key), tmp_path),
        lambda: storage.complete(Upload(key)),
    ]
    for operation in operations:
        with pytest.raises(Invalid):
            operation()


@pytest.mark.parametrize("prefix", ["/", "../", "a/../", "A"])
def test_only_prefixes_of_the_grammar_are_listed(storage: Storage, prefix: str) -> None:
    with pytest.raises(Invalid):
        list(storage.list(prefix))
    assert list(storage.list("")) == []
    assert list(storage.list("a/")) == []


@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EMFILE, Unavailable),
        (errno.EACCES, Unavailable),
    ],
)
def test_a_failing_store_is_a_refusal_without_secrets(number: int, refusal: type[Exception]) -> None:
    driver = Failing()
    storage = Storage(driver)
    driver.number = number
    writes: list[Callable[[], object]] = [
        lambda: storage.put("a", b""),
        lambda: storage.update("a", one_more),
        lambda: storage.blobs.put(b"1"),
        storage.check_writable,
    ]
    for write in writes:
        with pytest.raises(refusal) as refused:
            write()
        assert "secret" not in str(refused.value)
    driver.number = 0
    storage.check_writable()
    assert storage.update("a", one_more)


def test_a_disk_that_failed_once_keeps_the_node_unready() -> None:
    driver = Failing()
    storage = Storage(driver)
    storage.check_writable()
    driver.number = errno.EIO
    with pytest.raises(Unavailable):
        storage.put("a", b"")
    driver.number = 0
    with pytest.raises(Unavailable):
        storage.check_writable()
    assert storage.stat("a") is None
    Storage(driver).check_writable()


def test_a_failing_network_or_a_bad_sector_does_not_keep_the_node_unready() -> None:
    class NetworkError(OSError):
        pass

    driver = Failing()
    storage = Storage(driver)
    driver.number, driver.kind = errno.EIO, NetworkError
    with pytest.raises(Unavailable):
        storage.put("a", b"")
    driver.reading = True
    with pytest.raises(Unavailable):
        storage.read("a")
    driver.number = 0
    storage.check_writable()


def test_failed_conditions_and_missing_keys_surface_as_themselves(storage: Storage) -> None:
    with pytest.raises(ConditionFailed):
        storage.put("a", b"", Condition(token="x"))
    with pytest.raises(KeyMissing):
        storage.open("a")
    with pytest.raises(KeyMissing):
        storage.move("a", "b")
