import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.storage.driver import ANY, Condition, Driver, Stat
from registry.storage.filesystem import FilesystemDriver
from registry.storage.memory import MemoryDriver
from registry.storage.probe import Conditions, probe_conditions
from registry.storage.s3 import S3Driver
from tests.simulators.faulty_s3 import Fault, FaultyS3, run_faulty
from tests.simulators.s3_servers import run_moto

ALL = Conditions(create=True, swap=True, delete=True)


class Forgetful(MemoryDriver):
    """Ignores every condition."""

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        return super().put(key, body)

    def delete(self, key: str, condition: Condition = ANY) -> bool:
        return super().delete(key)


class Hasty(MemoryDriver):
    """Looks at the condition, and writes a little later."""

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        self._check(key, condition)
        time.sleep(0.02)
        return super().put(key, body)


class Honest(MemoryDriver):
    """Says that it knows no conditions."""

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        if condition != ANY:
            raise OSError(errno.ENOTSUP, "not implemented")
        return super().put(key, body)

    def delete(self, key: str, condition: Condition = ANY) -> bool:
        if condition != ANY:
            raise OSError(errno.ENOTSUP, "not implemented")
        return super().delete(key)


class Broken(MemoryDriver):
    """Fails in conditional writes."""

    def put(self, key: str, body: bytes | Path, condition: Condition = ANY) -> Stat:
        if condition != ANY:
            raise OSError(errno.EIO, "broken")
        return super().put(key, body)


@pytest.fixture
def faults() -> Iterator[FaultyS3]:
    with run_moto() as moto, run_faulty(moto) as faults:
        yield faults


@pytest.fixture
def s3(faults: FaultyS3) -> Iterator[S3Driver]:
    driver = S3Driver(faults.server.new_bucket())
    yield driver
    driver.close()


@pytest.mark.parametrize(
    ("store", "kept"),
    [
        (MemoryDriver, ALL),
        (Forgetful, Conditions(create=False, swap=False, delete=False)),
        (Hasty, Conditions(create=False, swap=False, delete=True)),
        (Honest, Conditions(create=False, swap=False, delete=False)),
    ],
)
def test_the_probe_finds_out_what_a_store_keeps(store: Callable[[], Driver], kept: Conditions) -> None:
    driver = store()
    assert probe_conditions(driver) == kept
    assert kept.shareable is (kept == ALL)
    assert list(driver.list("")) == []


def test_a_directory_keeps_all_conditions(tmp_path: Path) -> None:
    driver = FilesystemDriver(tmp_path)
    assert probe_conditions(driver) == ALL
    assert list(driver.list("")) == []


def test_a_bucket_keeps_all_conditions(s3: S3Driver) -> None:
    assert probe_conditions(s3) == ALL
    assert list(s3.list("")) == []


@pytest.mark.parametrize(
    ("operation", "kept"),
    [
        ("PutObject", Conditions(create=False, swap=False, delete=True)),
        ("DeleteObject", Conditions(create=True, swap=True, delete=False)),
    ],
)
def test_a_bucket_whose_store_ignores_conditions_is_found_out(
    s3: S3Driver, faults: FaultyS3, operation: str, kept: Conditions
) -> None:
    faults.plan(operation, Fault.UNCONDITIONAL, 1000)
    assert probe_conditions(s3) == kept
    assert list(s3.list("")) == []


def test_a_failing_store_is_no_store_without_conditions() -> None:
    driver = Broken()
    with pytest.raises(OSError, match="broken"):
        probe_conditions(driver)
    assert list(driver.list("")) == []
