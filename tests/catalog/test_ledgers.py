import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from registry.catalog.caches import Caches
from registry.catalog.ledger_store import LedgerStore
from registry.catalog.ledgers import FEW, FREEZE_AT, PIECE, Change, Ledger
from registry.core.digests import Digest
from registry.core.ledger import Entry, LedgerDamaged, LedgerTooNew
from registry.storage.driver import Object
from tests.builders.catalog import WatchedDriver, storage_on

KEY = "npm/packages/left-pad/_ledger.jsonl"
KIB = 1024


class Shelf:
    """One ledger on a watched store."""

    def __init__(self, clock: Callable[[], float] = time.time, *, history: bool = False) -> None:
        self.driver = WatchedDriver()
        self.storage = storage_on(self.driver)
        self.clock = clock
        self.history = history
        self.forget()

    def forget(self) -> None:
        """Caches are empty, as in a new process."""
        self.store = LedgerStore(self.storage, Caches(), self.clock)

    def append(self, *entries: Entry, **state: object) -> Ledger:
        empty = self.store.empty("left-pad", history=self.history)
        return self.store.update(KEY, empty, lambda ledger: ledger.amended(Change(entries, state or None)))

    def read(self) -> Ledger:
        ledger = self.store.read(KEY)
        assert ledger
        return ledger


def entry(key: str | int, size: int = 0, **fields: object) -> Entry:
    return {"key": str(key), "pad": "x" * size, **fields}


def keys(entries: Iterable[Entry]) -> list[str]:
    return [each["key"] for each in entries]


def test_a_ledger_that_is_not_there_is_none() -> None:
    assert Shelf().store.read(KEY) is None


def test_what_was_appended_is_read_by_another_process() -> None:
    shelf = Shelf(lambda: 1000.5)
    shelf.append(entry("1.0"), entry("2.0"), tag="2.0")
    shelf.forget()
    ledger = shelf.read()
    assert (ledger.name, ledger.revision, ledger.created, ledger.modified) == ("left-pad", 1, 1000, 1000)
    assert ledger.state == {"tag": "2.0"}
    assert keys(ledger) == ledger.keys() == ["1.0", "2.0"]
    assert ledger.get("1.0") == entry("1.0")
    assert ledger.get("3.0") is None
    assert "2.0" in ledger
    assert "3.0" not in ledger
    assert len(ledger) == 2


def test_a_ledger_without_entries_is_true() -> None:
    assert Shelf().append()


def test_the_state_stays_unless_it_is_given() -> None:
    shelf = Shelf()
    shelf.append(owner="alice")
    assert shelf.append(entry("1.0")).state == {"owner": "alice"}


def test_reading_again_is_one_look_and_no_parsing() -> None:
    shelf = Shelf()
    shelf.append(entry("1.0"))
    before = shelf.driver.reads
    assert shelf.read() is shelf.read()
    assert shelf.driver.reads == before + 2


def test_modified_grows_by_a_second_at_least_even_when_the_clock_does_not() -> None:
    times = iter([1000.0, 1000.9, 400.0, 2000.0])
    shelf = Shelf(lambda: next(times))
    assert [shelf.append(entry(n)).modified for n in range(4)] == [1000, 1001, 1002, 2000]
    assert shelf.read().created == 1000


def test_the_feed_of_a_busy_mount_is_not_modified_in_the_future() -> None:
    shelf = Shelf(lambda: 1000.0, history=True)
    assert [shelf.append(entry(n)).modified for n in range(3)] == [1000, 1000, 1000]


def test_a_head_that_has_grown_is_frozen() -> None:
    shelf = Shelf()
    for number in range(5):
        assert not shelf.append(entry(number, 60 * KIB if number else 0)).segments
    ledger = shelf.append(entry(5, 60 * KIB))
    assert [ref.count for ref in ledger.segments] == [6]
    assert ledger.newest.count == 0
    shelf.append(entry(6), entry(2, fresh=True), {"key": "3", "removed": True})
    shelf.forget()
    ledger = shelf.read()
    assert ledger.keys() == keys(ledger) == ["0", "1", "2", "4", "5", "6"]
    assert ledger.get("2") == entry(2, fresh=True)
    assert ledger.get("1") == entry(1, 60 * KIB)
    assert ledger.get("3") is None
    assert "3" not in ledger
    assert keys(ledger.after(4)) == ["4", "5", "6", "2", "3"]
    assert keys(ledger.after(7)) == ["2", "3"]


def test_segments_are_read_once() -> None:
    shelf = Shelf()
    for number in range(20):
        shelf.append(entry(number, 60 * KIB))
    shelf.forget()
    ledger = shelf.read()
    before = shelf.driver.calls["open"]
    for _ in range(50):
        assert all(str(number) in ledger for number in range(20))
    assert shelf.driver.calls["open"] - before == len(ledger.segments) == 4


def test_a_later_publish_writes_as_little_as_an_early_one() -> None:
    shelf = Shelf()
    written = []
    for number in range(3000):
        before = shelf.driver.written
        shelf.append(entry(number, 700))
        written.append(shelf.driver.written - before)
    assert max(written) < 2 * FREEZE_AT
    early, late = sum(written[:1000]), sum(written[-1000:])
    assert late < 1.1 * early
    assert len(shelf.read()) == 3000


def test_the_list_of_segments_stays_short_and_nothing_is_lost() -> None:
    shelf = Shelf(history=True)
    for number in range(3 * FEW + 3):
        shelf.append(entry(number, FREEZE_AT))
    shelf.forget()
    ledger = shelf.read()
    assert [ref.count for ref in ledger.segments] == [FEW, FEW, FEW, 1, 1, 1]
    assert keys(ledger) == [str(number) for number in range(3 * FEW + 3)]


def test_a_huge_change_is_frozen_in_pieces() -> None:
    shelf = Shelf()
    ledger = shelf.append(*(entry(number, 100 * KIB) for number in range(60)))
    assert [ref.size <= PIECE for ref in ledger.segments] == [True, True]
    assert keys(ledger) == [str(number) for number in range(60)]


def test_compaction_forgets_what_is_overruled() -> None:
    shelf = Shelf()
    for round_ in range(4):
        for number in range(10):
            shelf.append(entry(number, 20 * KIB, round=round_))
    shelf.forget()
    ledger = shelf.read()
    assert ledger.count < 25
    assert ledger.keys() == [str(number) for number in range(10)]
    assert [each["round"] for each in ledger] == [3] * 10


def test_one_entry_that_changes_for_ever_needs_no_segment() -> None:
    shelf = Shelf()
    for number in range(100):
        shelf.append(entry("latest", 10 * KIB, number=number))
    ledger = shelf.read()
    assert not ledger.segments
    assert ledger.size < FREEZE_AT
    assert [each["number"] for each in ledger] == [99]


def test_history_is_never_compacted() -> None:
    shelf = Shelf(history=True)
    for number in range(40):
        shelf.append(entry("same", 20 * KIB, number=number))
    shelf.forget()
    ledger = shelf.read()
    assert ledger.segments
    assert [each["number"] for each in ledger.after(0)] == list(range(40))
    assert ledger.count == 40


def test_fragments_of_frozen_entries_are_rendered_once() -> None:
    shelf = Shelf()
    for number in range(12):
        shelf.append(entry(number, 60 * KIB))
    rendered: list[str] = []

    def render(each: Entry) -> bytes:
        rendered.append(each["key"])
        return b"<%s>" % each["key"].encode()

    expected = [(str(number), b"<%d>" % number) for number in range(12)]
    assert list(shelf.read().fragments("page", render)) == expected
    assert rendered == [str(number) for number in range(12)]
    rendered.clear()
    shelf.append(entry(12), entry(0))
    assert list(shelf.read().fragments("page", render)) == [*expected, ("12", b"<12>")]
    assert set(rendered) == {"10", "11", "12", "0"}
    rendered.clear()
    list(shelf.read().fragments("other page", render))
    assert len(rendered) == 14


def test_a_pinned_ledger_needs_no_store() -> None:
    shelf = Shelf()
    for number in range(12):
        shelf.append(entry(number, 60 * KIB))
    shelf.forget()
    pinned = shelf.read().pinned()
    shelf.store._segments._lines.limit = -1
    before = shelf.driver.reads
    shelf.store._segments._lines.discard(pinned.segments[0].digest)
    assert keys(pinned) == [str(number) for number in range(12)]
    assert pinned.get("0") == entry(0, 60 * KIB)
    assert shelf.driver.reads == before


def test_a_missing_segment_is_damage_and_not_an_absence() -> None:
    shelf = Shelf()
    ledger = shelf.append(entry(0, FREEZE_AT))
    shelf.storage.blobs.delete(Digest(ledger.segments[0].digest))
    shelf.forget()
    with pytest.raises(LedgerDamaged):
        shelf.read().get("0")


def test_a_segment_with_a_flipped_bit_is_damage() -> None:
    shelf = Shelf()
    ledger = shelf.append(entry(0, FREEZE_AT))
    found = shelf.storage.blobs.stat(Digest(ledger.segments[0].digest))
    assert found
    stored = shelf.storage.read(found.key)
    assert isinstance(stored, Object)
    shelf.storage.put(found.key, stored.data[:50] + bytes([stored.data[50] ^ 1]) + stored.data[51:])
    shelf.forget()
    with pytest.raises(LedgerDamaged):
        shelf.read().get("0")


def test_a_ledger_of_a_newer_release_is_neither_read_nor_changed() -> None:
    shelf = Shelf()
    newer = b'{"ledger":2,"name":"left-pad"}\n'
    shelf.storage.put(KEY, newer)
    with pytest.raises(LedgerTooNew):
        shelf.read()
    with pytest.raises(LedgerTooNew):
        shelf.append(entry("1.0"))
    stored = shelf.storage.read(KEY)
    assert isinstance(stored, Object)
    assert stored.data == newer


def test_references_are_segments_and_the_blobs_of_what_still_counts() -> None:
    shelf = Shelf()
    shelf.append(entry("1.0", FREEZE_AT, blobs={"tarball": "sha256:01"}))
    shelf.append(entry("1.1", blobs={"tarball": "sha256:02"}), blobs={"readme": "sha256:05"})
    shelf.append(entry("1.1", blobs={"tarball": "sha256:03", "readme": "sha256:04"}))
    shelf.append(entry("1.2", blobs={"tarball": "sha256:06"}))
    ledger = shelf.append({"key": "1.2", "removed": True})
    expected = {ledger.segments[0].digest, "sha256:01", "sha256:03", "sha256:04", "sha256:05"}
    assert set(ledger.references()) == expected


@pytest.mark.parametrize("blobs", [["sha256:01"], {"tarball": 1}, None])
def test_references_that_cannot_be_understood_stop_the_reader(blobs: object) -> None:
    ledger = Shelf().append(entry("1.0", blobs=blobs))
    with pytest.raises(LedgerDamaged):
        list(ledger.references())


def test_steps_of_one_process_see_what_the_one_before_did(tmp_path: Path) -> None:
    shelf = Shelf()
    empty = shelf.store.empty("left-pad")

    def step(ledger: Ledger) -> Ledger | None:
        return ledger.amended(Change([entry(len(ledger))])) if len(ledger) < 3 else None

    assert [len(shelf.store.update(KEY, empty, step)) for _ in range(5)] == [1, 2, 3, 3, 3]
    assert shelf.driver.calls["put"] == 3
