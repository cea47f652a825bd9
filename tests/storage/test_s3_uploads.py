"""Uploads to S3 in pieces, and what is left of those that were not finished."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.storage.driver import KeyMissing, Object, Upload
from registry.storage.s3 import S3Driver, S3Settings
from registry.storage.s3.listing import list_tails, list_uploads
from registry.storage.s3.parts import LEAST, Part, Progress, cut, load_progress
from tests.contracts.storage_races import scratch_file
from tests.simulators.s3_servers import S3Server, run_moto

MIB = 1 << 20
GIB = 1 << 30
MOST_PARTS = 10_000


@pytest.fixture(scope="module")
def moto() -> Iterator[S3Server]:
    with run_moto() as server:
        yield server


@pytest.fixture
def settings(moto: S3Server, tmp_path: Path) -> S3Settings:
    return moto.new_bucket(scratch=tmp_path / "scratch", prefix="registry")


@pytest.fixture
def driver(settings: S3Settings) -> Iterator[S3Driver]:
    driver = S3Driver(settings)
    yield driver
    driver.close()


def append(driver: S3Driver, upload: Upload, data: bytes, *, final: bool = False) -> Upload:
    path = scratch_file(driver, data)
    appended = driver.append(upload, path, final)
    path.unlink()
    return appended


def data_of(driver: S3Driver, key: str) -> bytes:
    found = driver.read(key)
    assert isinstance(found, Object)
    return found.data


def tails(driver: S3Driver) -> int:
    return len(list(list_tails(driver._connection)))


# Cutting


@given(st.integers(0, 6 << 40), st.integers(0, 200 * MIB), st.booleans())
def test_parts_hold_everything_and_are_large_enough(offset: int, count: int, final: bool) -> None:
    sizes = cut(offset, count, final)
    rest = count - sum(sizes)
    assert rest == 0 if final else 0 <= rest < max(LEAST, (offset + count) // 2000 + 1)
    assert all(size >= LEAST for size in sizes[: -1 if final else None])
    assert all(size > 0 for size in sizes)


def test_the_largest_object_fits_when_sent_at_once() -> None:
    assert len(cut(0, 5 << 40, final=True)) <= MOST_PARTS


def test_a_large_layer_fits_when_sent_in_small_pieces() -> None:
    offset = rest = parts = 0
    while offset < 100 * GIB:
        rest += LEAST
        sizes = cut(offset, rest, final=False)
        parts, offset, rest = parts + len(sizes), offset + sum(sizes), rest - sum(sizes)
    assert parts <= MOST_PARTS


def test_the_state_survives_as_json() -> None:
    progress = Progress("writer", "id with spaces", "tail", "spent", (Part(5, '"etag"'), Part(6, '"e t"')))
    saved = json.loads(json.dumps(asdict(progress.save(Upload("key"), 12))))
    upload = Upload(saved["key"], saved["size"], saved["handle"], tuple(saved["parts"]))
    assert upload.size == 12
    assert load_progress(upload) == progress


# Pieces too small for a part


def test_small_pieces_gather_until_they_make_a_part(driver: S3Driver) -> None:
    upload, sent = Upload("upload"), b""
    for number in range(14):
        piece = bytes([number]) * (MIB - number)
        upload, sent = append(driver, upload, piece), sent + piece
        assert upload.size == len(sent)
        assert tails(driver) <= 2
        assert list(driver.list("")) == []
    assert len(upload.parts) == 2
    stat = driver.complete(upload)
    assert stat.size == len(sent)
    assert data_of(driver, "upload") == sent
    assert tails(driver) == 0
    assert driver.complete(upload) == stat


def test_an_upload_that_never_made_a_part_is_written_at_once(driver: S3Driver) -> None:
    upload = append(driver, append(driver, Upload("upload"), b"one "), b"two")
    assert upload.parts == ()
    stat = driver.complete(upload)
    assert data_of(driver, "upload") == b"one two"
    assert tails(driver) == 0
    assert driver.complete(upload) == stat


def test_an_empty_piece_changes_nothing(driver: S3Driver) -> None:
    upload = append(driver, Upload("upload"), b"one")
    assert append(driver, upload, b"") == upload
    upload = append(driver, upload, b"", final=True)
    driver.complete(upload)
    assert data_of(driver, "upload") == b"one"


def test_of_two_racing_appends_the_one_that_was_saved_counts(driver: S3Driver) -> None:
    start = append(driver, Upload("upload"), b"start ")
    mine = append(driver, start, b"mine ")
    append(driver, start, b"theirs ")
    mine = append(driver, mine, b"end")
    driver.complete(mine)
    assert data_of(driver, "upload") == b"start mine end"


def test_an_append_that_was_never_saved_can_be_repeated(driver: S3Driver) -> None:
    start = append(driver, Upload("upload"), b"a" * 6 * MIB + b"start ")
    append(driver, start, b"b" * 6 * MIB)
    again = append(driver, start, b"c" * 6 * MIB)
    driver.complete(again)
    assert data_of(driver, "upload") == b"a" * 6 * MIB + b"start " + b"c" * 6 * MIB


# What is left


def test_aborting_removes_parts_and_gathered_bytes(driver: S3Driver) -> None:
    upload = append(driver, append(driver, Upload("upload"), b"x" * 6 * MIB), b"small")
    append(driver, Upload("upload"), b"begun by a node that died", final=True)
    neighbour = append(driver, Upload("upload2"), b"another", final=True)
    driver.abort(upload)
    assert tails(driver) == 0
    assert [key for key, _, _ in list_uploads(driver._connection)] == ["upload2"]
    with pytest.raises(KeyMissing):
        append(driver, upload, b"more")
    driver.complete(neighbour)


def test_an_append_to_an_aborted_upload_is_refused(driver: S3Driver) -> None:
    upload = append(driver, Upload("upload"), b"x" * 6 * MIB)
    driver.abort(upload)
    with pytest.raises(KeyMissing):
        append(driver, upload, b"x" * 6 * MIB)


def test_the_sweep_removes_what_nobody_continues(driver: S3Driver, settings: S3Settings) -> None:
    append(driver, append(driver, Upload("upload"), b"x" * 6 * MIB), b"small")
    driver.put("kept", b"object")
    old = scratch_file(driver, b"left by a process that was killed")
    os.utime(old, (time.time() - 100, time.time() - 100))
    young = scratch_file(driver, b"in use")
    assert driver.sweep(50) == 1
    assert not old.exists()
    young.unlink()
    assert driver.sweep(0) == 2
    assert tails(driver) == 0
    assert list(list_uploads(driver._connection)) == []
    assert data_of(driver, "kept") == b"object"
