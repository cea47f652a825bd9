import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry.app import open_services
from registry.cli import main
from registry.config import load_settings
from registry.maintenance.gc import LEASE
from registry.maintenance.lease import hold_lease
from registry.storage.storage import Storage

AT_ONCE = ("--grace", "0s", "--wait", "0s")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("REGISTRY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.fixture
def storage(data: Path) -> Storage:
    return open_services(load_settings(None, {}, {"storage": {"data_dir": data}})).storage


def gc(data: Path, *options: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["gc", *options, "--data", str(data)])
    assert result.exit_code == status, result.output
    return result


def lines(result: Result) -> dict[str, list[int]]:
    return {line.split()[0]: list(map(int, re.findall(r"\d+", line))) for line in result.stdout.splitlines()}


def test_a_run_prints_counts_and_bytes(data: Path, storage: Storage) -> None:
    storage.blobs.put(b"12345")
    assert lines(gc(data))["kept"] == [1, 5]
    assert lines(gc(data, *AT_ONCE))["condemned"] == [1, 5]
    assert lines(gc(data, *AT_ONCE)) == {
        "condemned": [0, 0],
        "revived": [0, 0],
        "deleted": [1, 5],
        "kept": [0, 0],
        "swept": [0],
    }
    assert list(storage.blobs.list()) == []


def test_a_dry_run_says_what_would_be_done(data: Path, storage: Storage) -> None:
    storage.blobs.put(b"12345")
    before = [*storage.list("")]
    assert lines(gc(data, "--dry-run", *AT_ONCE)) == {
        "condemned": [1, 5],
        "revived": [0, 0],
        "deleted": [0, 0],
        "kept": [0, 0],
    }
    assert [*storage.list("")] == before


def test_left_overs_are_swept(data: Path, storage: Storage) -> None:
    left = storage.driver.scratch() / "left"
    left.write_bytes(b"")
    os.utime(left, (0, 0))
    assert lines(gc(data))["swept"] == [1]
    assert not left.exists()


def test_a_second_run_at_a_time_does_nothing_and_succeeds(data: Path, storage: Storage) -> None:
    with hold_lease(storage, LEASE):
        result = gc(data)
    assert result.stdout == ""
    assert result.stderr.startswith("nothing done: process ")


def test_data_of_no_mount_is_refused(data: Path, storage: Storage) -> None:
    storage.put("old/packages/a/_ledger.jsonl", b"")
    assert "which no mount of these settings reads" in gc(data, status=1).output


def test_a_damaged_ledger_is_refused(data: Path, storage: Storage) -> None:
    storage.put("npm/packages/a/_ledger.jsonl", b"?")
    storage.blobs.put(b"12345")
    for _ in range(3):
        gc(data, *AT_ONCE, status=1)
    assert len(list(storage.blobs.list())) == 1


def test_ages_are_durations(data: Path) -> None:
    assert "a duration is" in gc(data, "--grace", "soon", status=1).output
