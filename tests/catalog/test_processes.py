"""Several processes on one store, and processes that end in the middle of a publish."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.storage.faults import EXIT_STATUS
from registry.storage.filesystem.driver import FilesystemDriver
from registry.storage.storage import Storage
from tests.builders.catalog import feed_lines, open_catalog, publish

PROCESSES = 8
UPDATES = 12


def start(*arguments: object, **environ: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.catalog.racer", *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, **environ})


def open_after(directory: Path) -> Catalog:
    return open_catalog(directory / "later", Storage(FilesystemDriver(directory / "store")))


@pytest.mark.parametrize("packages", [1, 3])
def test_eight_processes_lose_no_version_and_no_event(tmp_path: Path, packages: int) -> None:
    racers = [start(tmp_path, each * UPDATES, UPDATES, f"package-{each % packages}") for each in range(PROCESSES)]
    assert [racer.wait(60) for racer in racers] == [0] * PROCESSES
    catalog = open_after(tmp_path)
    published = [
        (f"package-{each % packages}", f"1.0.{number}")
        for each in range(PROCESSES)
        for number in range(each * UPDATES, (each + 1) * UPDATES)
    ]
    lines = feed_lines(catalog)
    assert [seq for seq, *_ in lines] == list(range(1, PROCESSES * UPDATES + 1))
    assert sorted((name, version) for _, name, version, _ in lines) == sorted(published)
    for index in range(packages):
        name = f"package-{index}"
        ledger = catalog.package(name)
        assert ledger
        keys = ledger.keys()
        assert sorted((name, key) for key in keys) == sorted(each for each in published if each[0] == name)
        revisions = [revision for _, package, _, revision in lines if package == name]
        assert revisions == list(range(1, len(ledger) + 1))


def test_a_crash_at_any_write_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    versions = 31
    log = tmp_path / "log"
    dry = tmp_path / "dry"
    assert start(dry, 0, versions + 1, REGISTRY_FAILPOINT_LOG=str(log)).wait(60) == 0
    calls = log.read_text().splitlines()
    last = next(number for number, call in enumerate(calls, 1) if "blobs/" in call)
    assert last < len(calls)
    points = [f"{number}{half}" for number in range(last - 1, last + 4) for half in ("", ".5")]
    crashed = {point: tmp_path / point for point in points}
    racers = {point: start(data, 0, versions, REGISTRY_FAILPOINT=point) for point, data in crashed.items()}
    for point, racer in racers.items():
        assert racer.wait(60) == EXIT_STATUS, point
    for data in crashed.values():
        check_recovery(data, versions)


def check_recovery(data: Path, versions: int) -> None:
    """What was acknowledged is there, nothing is half there, and going on works."""
    catalog = open_after(data)
    ledger = catalog.package("left-pad")
    assert ledger
    assert ledger.keys() == [f"1.0.{number}" for number in range(len(ledger))]
    assert len(list(catalog.feed.events())) in (len(ledger), len(ledger) - 1)
    catalog.reconcile()
    lines = [(seq, version) for seq, _, version, _ in feed_lines(catalog)]
    assert lines == [(number + 1, f"1.0.{number}") for number in range(len(ledger))]
    for number in range(versions):
        publish(catalog, version=f"1.0.{number}", pad=9000)
    lines = [(seq, version) for seq, _, version, _ in feed_lines(catalog)]
    assert lines == [(number + 1, f"1.0.{number}") for number in range(versions)]
    assert [entry["key"] for entry in catalog.package("left-pad") or ()] == [version for _, version in lines]
    set(catalog.references())
