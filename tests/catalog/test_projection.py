import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from registry.catalog.catalog import Catalog
from registry.catalog.projection import _fill as fill
from registry.errors import Contention, Unavailable
from tests.builders.catalog import (
    Interrupted,
    WatchedDriver,
    feed_lines,
    open_catalog,
    publish,
    remove,
    storage_on,
)


def database(directory: Path) -> Path:
    (found,) = directory.glob("*.sqlite")
    return found


def names(catalog: Catalog) -> list[str]:
    return list(catalog.names())


def test_a_warm_answer_is_one_look_at_the_feed(tmp_path: Path) -> None:
    driver = WatchedDriver()
    catalog = open_catalog(tmp_path, storage_on(driver))
    publish(catalog)
    catalog.listing("left-pad")
    before = driver.reads
    for _ in range(10):
        catalog.listing("left-pad")
    assert driver.reads - before == 10


def test_nothing_is_opened_before_it_is_asked_for(tmp_path: Path) -> None:
    driver = WatchedDriver()
    open_catalog(tmp_path / "cache", storage_on(driver))
    assert driver.reads == 0
    assert not (tmp_path / "cache").exists()


def test_processes_share_the_file_and_each_sees_the_end_of_the_feed(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalogs = [open_catalog(tmp_path, storage) for _ in range(4)]
    expected = []
    for number in range(40):
        publish(catalogs[number % 4], f"package-{number:02}")
        expected.append(f"package-{number:02}")
        assert names(catalogs[(number + 1) % 4]) == expected
    assert len(list(tmp_path.glob("*.sqlite"))) == 1


def test_threads_that_ask_at_once_all_get_the_whole(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path / "a", storage)
    for number in range(30):
        publish(catalog, f"package-{number:02}", description="x" * 10_000)
    catalogs = [open_catalog(tmp_path / "b", storage) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: names(catalogs[number % 4]), range(32)))
    assert all(each == [f"package-{number:02}" for number in range(30)] for each in found)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_file_that_is_no_database_is_replaced(tmp_path: Path, restarted: bool) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path, storage)
    publish(catalog)
    assert names(catalog) == ["left-pad"]
    if restarted:
        catalog.close()
    database(tmp_path).write_bytes(b"garbage" * 1000)
    for suffix in ("-wal", "-shm"):
        database(tmp_path).with_name(f"{database(tmp_path).name}{suffix}").unlink(missing_ok=True)
    catalog = open_catalog(tmp_path, storage)
    assert names(catalog) == ["left-pad"]
    publish(catalog, "right-pad")
    assert names(catalog) == ["left-pad", "right-pad"]


def test_a_file_with_damaged_pages_is_replaced(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path, storage)
    for number in range(300):
        publish(catalog, f"package-{number}", description="some words about it")
    expected = names(catalog)
    catalog.close()
    file = database(tmp_path)
    data = bytearray(file.read_bytes())
    data[4096 * 2 :] = os.urandom(len(data) - 4096 * 2)
    file.write_bytes(data)
    assert names(open_catalog(tmp_path, storage)) == expected


def test_files_deleted_under_a_running_process_are_made_anew(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path, storage)
    publish(catalog)
    assert names(catalog) == ["left-pad"]
    for file in tmp_path.iterdir():
        file.unlink()
    assert names(catalog) == ["left-pad"]
    publish(catalog, "right-pad")
    assert names(catalog) == ["left-pad", "right-pad"]
    assert names(open_catalog(tmp_path, storage)) == ["left-pad", "right-pad"]


def test_the_file_of_another_store_is_not_believed(tmp_path: Path) -> None:
    other = open_catalog(tmp_path)
    for name in ("a", "b", "c"):
        publish(other, name)
    assert names(other) == ["a", "b", "c"]
    assert names(open_catalog(tmp_path)) == []
    storage = storage_on(WatchedDriver())
    for name in ("x", "y", "z", "a"):
        publish(open_catalog(tmp_path / "elsewhere", storage), name)
    assert names(open_catalog(tmp_path, storage)) == ["a", "x", "y", "z"]


def test_what_was_removed_cannot_be_found(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog, keywords=["pad"])
    remove(catalog, "left-pad", "1.0.0")
    names(catalog)
    with sqlite3.connect(database(tmp_path)) as connection:
        for table in ("words", "facets"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    connection.close()


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    catalog = open_catalog(tmp_path / "cache")
    publish(catalog)
    with pytest.raises(Unavailable):
        names(catalog)


def test_publishing_needs_no_file(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    storage = storage_on(WatchedDriver())
    catalogs = [open_catalog(tmp_path / "cache", storage) for _ in range(2)]
    for number in range(60):
        publish(catalogs[number % 2], f"package-{number % 13}", f"1.0.{number}", description="x" * 12_000)
        publish(catalogs[0], f"package-{number % 13}", f"1.0.{number}")
    expected = [(number + 1, f"package-{number % 13}", f"1.0.{number}", number // 13 + 1) for number in range(60)]
    assert feed_lines(catalogs[0]) == expected


def test_a_rebuild_that_was_cut_short_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path / "a", storage)
    for number in range(30):
        publish(catalog, f"package-{number:02}", description="x" * 10_000)
    monkeypatch.setattr("registry.catalog.projection.BATCH", 10)
    batches = []

    def interrupt(*arguments: Any) -> None:
        batches.append(arguments)
        if len(batches) == 2:
            raise Interrupted
        fill(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("registry.catalog.projection._fill", interrupt)
        with pytest.raises(Interrupted):
            names(open_catalog(tmp_path / "b", storage))
    storage.delete("npm/_feed.jsonl")
    publish(catalog, "package-00", "2.0.0")
    assert names(open_catalog(tmp_path / "b", storage)) == ["package-00"]


def test_a_file_that_stays_locked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.catalog.database.BUSY_SECONDS", 0.05)
    catalog = open_catalog(tmp_path)
    publish(catalog)
    names(catalog)
    publish(catalog, "right-pad")
    blocker = sqlite3.connect(database(tmp_path), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(Contention):
        names(catalog)
    blocker.execute("COMMIT")
    blocker.close()
    assert names(catalog) == ["left-pad", "right-pad"]


GREENLETS = """
from gevent import monkey; monkey.patch_all()
import sys, gevent
from pathlib import Path
from typing import Any
from tests.builders.catalog import open_catalog, publish, render_keys
from registry.catalog.search import Query
catalog = open_catalog(Path(sys.argv[1]))
jobs = [gevent.spawn(publish, catalog, f"package-{number % 5}", f"1.0.{number}", pad=20_000) for number in range(100)]
asks = [gevent.spawn(catalog.search, Query("package")) for _ in range(10)]
gevent.joinall([*jobs, *asks], raise_error=True)
assert len(list(catalog.feed.events())) == 100
assert catalog.search(Query("package")).total == 5
renders = []
def render(ledger):
    renders.append(ledger.name)
    return render_keys(ledger)
reads = [gevent.spawn(catalog.rendition, f"package-{number % 5}", "keys", render) for number in range(50)]
gevent.joinall(reads, raise_error=True)
assert all(each.value.body.count(b"\\n") == 20 for each in reads)
assert sorted(renders) == [f"package-{number}" for number in range(5)], renders
"""


def test_greenlets_publish_search_and_read(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", GREENLETS, tmp_path], check=True, timeout=60)
