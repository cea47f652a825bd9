import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Change
from registry.catalog.listing import Listing
from registry.core.digests import Digest
from registry.core.ledger import LedgerDamaged
from registry.errors import StorageFull
from registry.storage.storage import Storage
from tests.builders.catalog import (
    ALICE,
    Interrupted,
    WatchedDriver,
    feed_lines,
    open_catalog,
    publish,
    remove,
    storage_on,
)

FEED = "npm/_feed.jsonl"
LEDGER = "npm/packages/left-pad/_ledger.jsonl"


def fail_at(number: int, error: BaseException) -> Callable[[str, str], None]:
    """Raises at the put of that number, once."""
    puts = [0]

    def fail(call: str, key: str) -> None:
        if call == "put":
            puts[0] += 1
            if puts[0] == number:
                raise error

    return fail


def interrupted(driver: WatchedDriver, catalog: Catalog, number: int, *, after: bool) -> None:
    """A publish that ends before, or after, its put of that number."""
    setattr(driver, "after" if after else "before", fail_at(number, Interrupted()))
    with pytest.raises(Interrupted):
        publish(catalog, version="2.0.0")
    driver.before = driver.after = lambda call, key: None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2])
def test_a_retry_completes_what_a_crash_cut_short(tmp_path: Path, number: int, after: bool) -> None:
    driver = WatchedDriver()
    storage = storage_on(driver)
    publish(open_catalog(tmp_path, storage))
    interrupted(driver, open_catalog(tmp_path, storage), number, after=after)
    catalog = open_catalog(tmp_path, storage)
    publish(catalog, version="2.0.0")
    assert feed_lines(catalog) == [(1, "left-pad", "1.0.0", 1), (2, "left-pad", "2.0.0", 2)]
    listing = catalog.listing("left-pad")
    assert listing
    assert listing.version == "2.0.0"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2])
def test_reconciliation_completes_what_a_crash_cut_short(tmp_path: Path, number: int, after: bool) -> None:
    driver = WatchedDriver()
    storage = storage_on(driver)
    publish(open_catalog(tmp_path, storage))
    interrupted(driver, open_catalog(tmp_path, storage), number, after=after)
    catalog = open_catalog(tmp_path, storage)
    catalog.reconcile()
    versions = [version for _, _, version, _ in feed_lines(catalog)]
    assert versions == (["1.0.0"] if (number, after) == (1, False) else ["1.0.0", "2.0.0"])
    (*_, last) = catalog.feed.events()
    assert (last.actor, last.action) == ("alice", "publish")
    assert catalog.reconcile() == 0


def test_the_next_update_brings_along_the_event_that_a_crash_kept_back(tmp_path: Path) -> None:
    driver = WatchedDriver()
    storage = storage_on(driver)
    publish(open_catalog(tmp_path, storage))
    interrupted(driver, open_catalog(tmp_path, storage), 1, after=True)
    catalog = open_catalog(tmp_path, storage)
    publish(catalog, version="3.0.0")
    assert [line[2:] for line in feed_lines(catalog)] == [("1.0.0", 1), ("2.0.0", 2), ("3.0.0", 3)]


def test_a_full_disk_is_told_and_the_retry_completes(tmp_path: Path) -> None:
    driver = WatchedDriver()
    catalog = open_catalog(tmp_path, storage_on(driver))
    driver.before = fail_at(2, OSError(28, "no space"))
    with pytest.raises(StorageFull):
        publish(catalog)
    assert list(catalog.feed.events()) == []
    publish(catalog)
    assert feed_lines(catalog) == [(1, "left-pad", "1.0.0", 1)]


def test_a_retry_finds_what_lies_frozen_in_the_feed(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path, storage)
    publish(catalog)
    for number in range(30):
        publish(catalog, f"other-{number}", description="x" * 12_000)
    assert "left-pad" not in catalog.feed.read().newest
    for each in (catalog, open_catalog(tmp_path, storage), open_catalog(tmp_path / "elsewhere", storage)):
        publish(each)
    publish(open_catalog(tmp_path / "a third", storage), version="2.0.0")
    assert [line for line in feed_lines(catalog) if line[1] == "left-pad"] == [
        (1, "left-pad", "1.0.0", 1),
        (32, "left-pad", "2.0.0", 2),
    ]


def test_reconciliation_reads_only_what_has_changed_since(tmp_path: Path) -> None:
    driver = WatchedDriver()
    storage = storage_on(driver)
    catalog = open_catalog(tmp_path, storage)
    for number in range(20):
        publish(catalog, f"package-{number}")
    catalog.update("package-7", lambda _: Change(quiet=True), action="", actor=ALICE)
    fresh = open_catalog(tmp_path, storage)
    before = driver.calls["read"]
    assert fresh.reconcile() == 1
    assert driver.calls["read"] - before < 10
    assert fresh.reconcile() == 0


def listings(catalog: Catalog) -> list[Listing]:
    return list(catalog.listings())


def several(storage: Storage, directory: Path) -> Catalog:
    catalog = open_catalog(directory, storage)
    for number in range(40):
        publish(catalog, f"package-{number % 13}", f"1.0.{number}", description="x" * 9000)
    remove(catalog, "package-3", "1.0.3")
    return catalog


def test_a_lost_projection_is_rebuilt_the_same(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    expected = listings(several(storage, tmp_path))
    shutil.rmtree(tmp_path)
    assert listings(open_catalog(tmp_path, storage)) == expected


def test_a_lost_feed_is_rebuilt_from_the_ledgers(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = several(storage, tmp_path)
    expected = listings(catalog)
    storage.delete(FEED)
    for each in (catalog, open_catalog(tmp_path / "elsewhere", storage)):
        assert each.reconcile() in (13, 0)
        assert listings(each) == expected
    assert [event.seq for event in catalog.feed.events()] == list(range(1, 14))


def test_a_feed_restored_from_an_older_backup_is_completed(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = several(storage, tmp_path)
    backup = storage.read(FEED)
    publish(catalog, "package-1", "2.0.0")
    publish(catalog, "package-new", "1.0.0")
    expected = listings(catalog)
    storage.put(FEED, backup.data)  # type: ignore[union-attr]
    for each in (open_catalog(tmp_path, storage), open_catalog(tmp_path / "elsewhere", storage)):
        each.reconcile()
        assert listings(each) == expected
    assert [event.seq for event in catalog.feed.events()] == list(range(1, 44))


def test_ledgers_restored_from_an_older_backup_are_what_is_listed(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path, storage)
    publish(catalog)
    backup = storage.read(LEDGER)
    publish(catalog, version="2.0.0")
    publish(catalog, version="3.0.0")
    publish(catalog, "came-later")
    storage.put(LEDGER, backup.data)  # type: ignore[union-attr]
    storage.delete("npm/packages/came-later/_ledger.jsonl")
    fresh = open_catalog(tmp_path, storage)
    assert fresh.reconcile() == 2
    assert [(listing.name, listing.version) for listing in fresh.listings()] == [("left-pad", "1.0.0")]
    assert fresh.reconcile() == 0
    publish(fresh, "came-later")
    publish(fresh, version="2.0.0")
    assert [(each.name, each.version) for each in fresh.listings()] == [("came-later", "1.0.0"), ("left-pad", "2.0.0")]


def test_an_update_after_such_a_restoration_is_seen_without_reconciliation(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path, storage)
    publish(catalog)
    backup = storage.read(LEDGER)
    publish(catalog, version="2.0.0")
    publish(catalog, version="3.0.0")
    storage.put(LEDGER, backup.data)  # type: ignore[union-attr]
    publish(open_catalog(tmp_path, storage), version="1.5.0")
    found = catalog.listing("left-pad")
    assert found
    assert found.version == "1.5.0"


def test_a_damaged_feed_stops_updates_rather_than_forgetting_events(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = several(storage, tmp_path)
    storage.blobs.delete(Digest(catalog.feed.read().segments[0].digest))
    shutil.rmtree(tmp_path)
    fresh = open_catalog(tmp_path, storage)
    with pytest.raises(LedgerDamaged):
        list(fresh.names())
    with pytest.raises(LedgerDamaged):
        publish(fresh, version="9.0.0")
