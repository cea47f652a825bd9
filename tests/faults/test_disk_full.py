"""A disk without room: nothing is half there, what is there is served, and room is all that is needed to go on."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from registry.config import StorageSettings
from tests.builders.registry import Registry
from tests.contracts.adapter import Adapter
from tests.contracts.protocol import check_refused

KIB = 1024
ROOM = (0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounting.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounting.stderr.decode().strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(path: Path, room: int) -> None:
    """Take all of the disk but `room` bytes."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4 * KIB))
    os.truncate(path, max(0, path.stat().st_size - room))


def test_a_full_disk_refuses_whole_publications_and_recovers(disk: Path, adapter: Adapter) -> None:
    home = Registry(disk, StorageSettings(data_dir=disk))
    content = os.urandom(40 * KIB)
    assert home.run(adapter.publish("0.1.0", content)).is_success
    known = {"0.1.0"}
    ballast = disk / "ballast"
    refused = 0
    for number, room in enumerate(ROOM):
        version = f"1.{number}.0"
        publication = adapter.publish(version, os.urandom(40 * KIB))
        fill(ballast, room * KIB)
        answer = home.run(publication)
        offers = adapter.offers(home.reader())
        if answer.is_success:
            known.add(version)
        else:
            refused += 1
            check_refused(adapter, answer, 507)
            # The ledger may be written when the feed no longer can.
            known.update(set(offers) & {version})
        assert set(offers) == known
        for offer in offers.values():
            assert offer.fits(home.get(offer.path).body)
            assert home.get(offer.path, None).status == 200
        ballast.unlink()
        assert home.run(publication).is_success
        known.add(version)
        assert set(adapter.offers(home.reader())) == known
        assert adapter.listed(home.reader()) == {adapter.package}
    assert refused >= 3
    assert home.scratch() == []
