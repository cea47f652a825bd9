"""What the driver makes of a store that fails, repeats itself or does not answer."""

import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.storage.driver import ABSENT, ANY, Condition, ConditionFailed, KeyMissing, Object, Upload, matching
from registry.storage.s3 import S3Driver, S3Error, S3Settings, parts, writing
from registry.storage.s3.listing import list_uploads
from tests.contracts.storage_races import scratch_file
from tests.simulators.faulty_s3 import Fault, FaultyS3, run_faulty
from tests.simulators.s3_servers import S3Server, run_moto

KIB = 1 << 10
BIG = bytes(range(256)) * 600


@pytest.fixture(scope="module")
def moto() -> Iterator[S3Server]:
    with run_moto() as server:
        yield server


@pytest.fixture(scope="module")
def proxy(moto: S3Server) -> Iterator[FaultyS3]:
    with run_faulty(moto) as proxy:
        yield proxy


@pytest.fixture
def faults(proxy: FaultyS3) -> FaultyS3:
    proxy.calm()
    return proxy


@pytest.fixture
def settings(moto: S3Server, faults: FaultyS3, tmp_path: Path) -> S3Settings:
    return moto.new_bucket(scratch=tmp_path, port=faults.server.port, connect_timeout=1, read_timeout=1)


@pytest.fixture
def driver(settings: S3Settings) -> Iterator[S3Driver]:
    driver = S3Driver(settings)
    yield driver
    driver.close()


@pytest.fixture
def other(moto: S3Server, settings: S3Settings) -> Iterator[S3Driver]:
    """Another node, whose way to the store is clear."""
    driver = S3Driver(moto.settings(settings.bucket_name))
    yield driver
    driver.close()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """150 KiB are written in three parts."""
    monkeypatch.setattr(writing, "SINGLE", 128 * KIB)
    monkeypatch.setattr(parts, "PART", 64 * KIB)
    monkeypatch.setattr(parts, "LEAST", 5 * KIB)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 5 * KIB)


def unfinished(driver: S3Driver) -> list[str]:
    return [key for key, _, _ in list_uploads(driver._connection)]


def put_big(driver: S3Driver, condition: Condition = ANY) -> None:
    path = scratch_file(driver, BIG)
    try:
        driver.put("key", path, condition)
    finally:
        path.unlink()


def upload_big(driver: S3Driver) -> None:
    upload = Upload("upload")
    for data, final in [(BIG[: 6 * KIB], False), (b"small", False), (b"end", True)]:
        path = scratch_file(driver, data)
        upload = driver.append(upload, path, final)
        path.unlink()
    driver.complete(upload)
    found = driver.read("upload")
    assert isinstance(found, Object)
    assert found.data == BIG[: 6 * KIB] + b"smallend"


def is_there(driver: S3Driver) -> None:
    assert driver.stat("there") is not None
    assert driver.stat("absent") is None


def is_read(driver: S3Driver) -> None:
    found = driver.read("there")
    assert isinstance(found, Object)
    assert found.data == b"bytes"


def is_deleted(driver: S3Driver) -> None:
    stat = driver.put("goner", b"1")
    assert driver.delete("goner", matching(stat))
    assert driver.stat("goner") is None


def is_created(driver: S3Driver) -> None:
    stat = driver.put("new", b"1", ABSENT)
    with pytest.raises(ConditionFailed):
        driver.put("new", b"2", ABSENT)
    assert driver.stat("new") == stat


def is_swapped(driver: S3Driver) -> None:
    old = driver.put("key", b"1")
    new = driver.put("key", b"2", matching(old))
    with pytest.raises(ConditionFailed):
        driver.put("key", b"3", matching(old))
    assert driver.read("key") == Object(new, b"2")


def is_listed(driver: S3Driver) -> None:
    assert "there" in [item.key for item in driver.list("")]


def is_aborted(driver: S3Driver) -> None:
    path = scratch_file(driver, BIG[: 6 * KIB])
    upload = driver.append(Upload("aborted"), path)
    path.unlink()
    driver.abort(upload)
    with pytest.raises(KeyMissing):
        driver.complete(upload)


def is_swept(driver: S3Driver) -> None:
    assert driver.sweep(3600) == 0


WORKS = [is_there, is_read, is_deleted, is_created, is_swapped, is_listed, put_big, upload_big, is_aborted, is_swept]
ONCE = [Fault.INTERNAL_ERROR, Fault.RESET, Fault.LOST, Fault.DONE_BUT_500]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("fault", ONCE)
@pytest.mark.parametrize("work", WORKS)
def test_one_fault_at_any_request_is_not_noticed(
    driver: S3Driver, other: S3Driver, faults: FaultyS3, work: Callable[[S3Driver], None], fault: Fault
) -> None:
    other.put("there", b"bytes")
    work(driver)
    operations = sorted(set(faults.asked))
    for operation in operations:
        faults.calm()
        for key in ["new", "key", "upload"]:
            other.delete(key)
        faults.plan(operation, fault)
        work(driver)
        assert faults.asked.count(operation) > 1
    # Where the answer to CreateMultipartUpload was lost there is an upload that nobody knows.
    other.sweep(0)
    assert unfinished(other) == []


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("fault", [Fault.INTERNAL_ERROR, Fault.RESET])
@pytest.mark.parametrize("work", WORKS)
def test_lasting_faults_end_in_an_error(
    driver: S3Driver, faults: FaultyS3, work: Callable[[S3Driver], None], fault: Fault
) -> None:
    driver.put("there", b"bytes")
    faults.plan("*", fault, 1000)
    begun = time.monotonic()
    with pytest.raises(S3Error):
        work(driver)
    assert time.monotonic() - begun < 10
    faults.calm()
    assert unfinished(driver) == []


def test_a_store_that_asks_to_slow_down_is_asked_again_later(driver: S3Driver, faults: FaultyS3) -> None:
    faults.plan("PutObject", Fault.SLOW_DOWN, 2)
    stat = driver.put("key", b"bytes", ABSENT)
    assert faults.asked == ["PutObject"] * 3
    assert driver.stat("key") == stat


def test_a_silent_store_is_a_time_out(driver: S3Driver, faults: FaultyS3) -> None:
    faults.plan("*", Fault.LATE, 3)
    with pytest.raises(S3Error) as caught:
        driver.stat("key")
    assert caught.value.errno == errno.ETIMEDOUT


@pytest.mark.parametrize(
    ("fault", "number"), [(Fault.FULL, errno.ENOSPC), (Fault.DENIED, errno.EACCES), (Fault.INTERNAL_ERROR, errno.EIO)]
)
def test_errors_are_told_apart_by_errno(driver: S3Driver, faults: FaultyS3, fault: Fault, number: int) -> None:
    faults.plan("PutObject", fault, 3)
    with pytest.raises(OSError, match="S3 PutObject: ") as caught:
        driver.put("key", b"bytes")
    assert caught.value.errno == number


def test_errors_do_not_tell_the_key(driver: S3Driver, settings: S3Settings, faults: FaultyS3) -> None:
    faults.plan("PutObject", Fault.DENIED)
    with pytest.raises(OSError, match=r"S3 PutObject: AccessDenied \(the access key may not do this\)") as caught:
        driver.put("key", b"bytes")
    for text in [str(caught.value), repr(settings)]:
        assert settings.access_key not in text.replace("access_key", "")
        assert settings.access_secret not in text


def test_a_bucket_that_is_not_there_is_named_as_the_reason(moto: S3Server) -> None:
    with pytest.raises(S3Error, match="NoSuchBucket"):
        S3Driver(moto.settings("nowhere")).put("key", b"bytes", Condition(token="0"))


# An answer that says 200 and is none: F07


@pytest.mark.usefixtures("small_parts")
def test_an_error_in_a_200_is_a_failure(driver: S3Driver, faults: FaultyS3) -> None:
    faults.plan("CompleteMultipartUpload", Fault.ERROR_IN_200, 3)
    with pytest.raises(S3Error):
        put_big(driver)
    assert driver.stat("key") is None
    assert unfinished(driver) == []


def test_an_upload_whose_completion_failed_can_be_completed_later(driver: S3Driver, faults: FaultyS3) -> None:
    upload = driver.append(Upload("upload"), scratch_file(driver, b"bytes"), final=True)
    faults.plan("CompleteMultipartUpload", Fault.ERROR_IN_200, 3)
    with pytest.raises(S3Error):
        driver.complete(upload)
    assert driver.stat("upload") is None


# Writes whose answer was lost: F08


@pytest.mark.parametrize(
    ("fault", "times"), [(Fault.LOST, 1), (Fault.LOST, 3), (Fault.DONE_BUT_500, 3), (Fault.LATE, 1)]
)
def test_a_write_that_was_carried_out_unheard_is_a_success(
    driver: S3Driver, other: S3Driver, faults: FaultyS3, fault: Fault, times: int
) -> None:
    faults.plan("PutObject", fault, times)
    created = driver.put("key", b"1", ABSENT)
    assert other.read("key") == Object(created, b"1")
    faults.plan("PutObject", fault, times)
    swapped = driver.put("key", b"2", matching(created))
    assert other.read("key") == Object(swapped, b"2")


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.DONE_BUT_500])
def test_an_unheard_refusal_is_still_a_refusal(
    driver: S3Driver, other: S3Driver, faults: FaultyS3, fault: Fault
) -> None:
    theirs = other.put("key", b"same bytes")
    faults.plan("PutObject", fault)
    with pytest.raises(ConditionFailed):
        driver.put("key", b"same bytes", ABSENT)
    assert other.stat("key") == theirs


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("times", [1, 3])
def test_a_completion_that_was_carried_out_unheard_is_a_success(
    driver: S3Driver, other: S3Driver, faults: FaultyS3, times: int
) -> None:
    faults.plan("CompleteMultipartUpload", Fault.LOST, times)
    put_big(driver, ABSENT)
    found = other.read("key")
    assert isinstance(found, Object)
    assert found.data == BIG
    assert unfinished(other) == []


@pytest.mark.usefixtures("small_parts")
def test_an_unheard_refusal_to_complete_is_still_a_refusal(driver: S3Driver, other: S3Driver, faults: FaultyS3) -> None:
    theirs = other.put("key", b"theirs")
    faults.plan("CompleteMultipartUpload", Fault.LOST)
    with pytest.raises(ConditionFailed):
        put_big(driver, ABSENT)
    assert other.read("key") == Object(theirs, b"theirs")
    assert unfinished(other) == []


def test_a_write_of_which_nothing_is_known_is_an_error(driver: S3Driver, faults: FaultyS3) -> None:
    faults.plan("PutObject", Fault.LOST, 3)
    faults.plan("HeadObject", Fault.INTERNAL_ERROR, 3)
    with pytest.raises(S3Error):
        driver.put("key", b"1", ABSENT)


def test_a_deletion_that_was_carried_out_unheard_is_a_success(driver: S3Driver, faults: FaultyS3) -> None:
    stat = driver.put("key", b"1")
    faults.plan("DeleteObject", Fault.LOST)
    assert driver.delete("key", matching(stat))


# Conflicts (the storm of F12)


def test_conflicts_are_tried_again_until_the_write_is_through(driver: S3Driver, faults: FaultyS3) -> None:
    faults.plan("PutObject", Fault.CONFLICT, 6)
    stat = driver.put("key", b"1", ABSENT)
    assert faults.asked.count("PutObject") == 7
    assert driver.read("key") == Object(stat, b"1")


@pytest.mark.usefixtures("small_parts")
def test_a_conflict_at_completion_repeats_the_upload(driver: S3Driver, other: S3Driver, faults: FaultyS3) -> None:
    faults.plan("CompleteMultipartUpload", Fault.CONFLICT, 2)
    put_big(driver, ABSENT)
    assert faults.asked.count("CreateMultipartUpload") == 3
    assert unfinished(other) == []


def test_endless_conflicts_end_in_an_error(driver: S3Driver, faults: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "CONFLICT_SECONDS", 0.3)
    faults.plan("PutObject", Fault.CONFLICT, 1000)
    with pytest.raises(S3Error, match="ConditionalRequestConflict"):
        driver.put("key", b"1", ABSENT)
    faults.calm()
    assert driver.stat("key") is None


def test_a_conflict_after_an_unheard_success_is_a_success(driver: S3Driver, faults: FaultyS3) -> None:
    faults.plan("PutObject", Fault.LOST)
    faults.plan("PutObject", Fault.CONFLICT)
    stat = driver.put("key", b"1", ABSENT)
    assert driver.read("key") == Object(stat, b"1")


# Broken downloads


def test_a_broken_download_goes_on_where_it_broke(driver: S3Driver, faults: FaultyS3) -> None:
    driver.put("key", BIG)
    faults.plan("GetObject", Fault.CUT, 2)
    reader = driver.open("key", 5, 140_000)
    assert b"".join(reader) == BIG[5:140_000]
    assert faults.asked.count("GetObject") == 3


def test_a_download_never_goes_on_with_other_bytes(driver: S3Driver, other: S3Driver, faults: FaultyS3) -> None:
    driver.put("key", BIG)
    faults.plan("GetObject", Fault.CUT)
    reader = driver.open("key")
    other.put("key", BIG[::-1])
    with pytest.raises(S3Error):
        b"".join(reader)


def test_a_download_that_breaks_at_once_every_time_is_an_error(driver: S3Driver, faults: FaultyS3) -> None:
    driver.put("key", b"12")
    faults.plan("GetObject", Fault.CUT, 1000)
    with pytest.raises(S3Error):
        driver.read("key")
