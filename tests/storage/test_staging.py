import errno
import hashlib
import os
import random
import threading
from pathlib import Path

import pytest

from registry.core.digests import MultiHash
from registry.errors import StorageFull, TooLarge, Unavailable
from registry.storage import staging
from registry.storage.staging import StagedWriter

DATA = random.Random(3).randbytes(3_500_000)


def test_staged_bytes_are_those_written_and_named_by_their_digests(tmp_path: Path) -> None:
    with StagedWriter(tmp_path, ["sha512", "md5", "blake2b_256"]) as writer:
        for at in range(0, len(DATA), 70_001):
            writer.write(memoryview(DATA)[at : at + 70_001])
        staged = writer.finish()
    with staged:
        assert staged.path.read_bytes() == DATA
        assert staged.size == len(DATA)
        assert staged.digest == f"sha256:{hashlib.sha256(DATA).hexdigest()}"
        assert staged.digests["sha512"] == hashlib.sha512(DATA).hexdigest()
        assert staged.digests["md5"] == hashlib.md5(DATA).hexdigest()
        assert staged.digests["blake2b_256"] == hashlib.blake2b(DATA, digest_size=32).hexdigest()
        with staged.open() as file:
            assert file.read(10) == DATA[:10]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sizes", [[], [0], [1], [1 << 20], [10, 1 << 21, 10], [(1 << 20) - 1, 1, 1]])
def test_pieces_of_any_size_add_up(tmp_path: Path, sizes: list[int]) -> None:
    pieces = [random.Random(size).randbytes(size) for size in sizes]
    with StagedWriter(tmp_path) as writer:
        for piece in pieces:
            writer.write(piece)
        staged = writer.finish()
    assert staged.path.read_bytes() == b"".join(pieces)
    assert staged.digests == {"sha256": hashlib.sha256(b"".join(pieces)).hexdigest()}
    staged.discard()
    staged.discard()


def test_the_callers_buffer_may_be_used_again(tmp_path: Path) -> None:
    buffer = bytearray(1 << 20)
    with StagedWriter(tmp_path) as writer:
        for number in range(4):
            buffer[:] = bytes([number]) * len(buffer)
            writer.write(memoryview(buffer)[: 1 << (17 + number)])
        staged = writer.finish()
    with staged:
        assert staged.path.read_bytes() == b"".join(bytes([n]) * (1 << (17 + n)) for n in range(4))


def test_too_many_bytes_are_refused_at_once_and_nothing_stays(tmp_path: Path) -> None:
    with StagedWriter(tmp_path, limit=100) as writer:
        writer.write(bytes(100))
        with pytest.raises(TooLarge) as refused:
            writer.write(b"1")
    assert refused.value.limit == 100
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_writer_leaves_nothing(tmp_path: Path) -> None:
    with StagedWriter(tmp_path) as writer:
        writer.write(DATA)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "refusal"), [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EIO, Unavailable)]
)
def test_a_failing_disk_is_a_refusal_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, refusal: type[Exception]
) -> None:
    def fail(fd: int, data: memoryview) -> int:
        raise OSError(number, "told to")

    monkeypatch.setattr("registry.storage.staging.os.write", fail)
    with pytest.raises(refusal), StagedWriter(tmp_path) as writer:
        writer.write(DATA)
    assert list(tmp_path.iterdir()) == []


def test_no_descriptor_left_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(dir: Path) -> tuple[int, str]:  # noqa: A002
        raise OSError(errno.EMFILE, "told to")

    monkeypatch.setattr("registry.storage.staging.tempfile.mkstemp", fail)
    with pytest.raises(Unavailable):
        StagedWriter(tmp_path)


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr("registry.storage.staging.os.write", lambda fd, data: write(fd, data[:100_000]))
    with StagedWriter(tmp_path) as writer:
        writer.write(DATA)
        staged = writer.finish()
    with staged:
        assert staged.path.read_bytes() == DATA


def test_large_blocks_are_offloaded_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def spy(work: object, block: memoryview) -> None:
        sizes.append(block.nbytes)
        thread = threading.Thread(target=work, args=(block,))  # type: ignore[arg-type]
        thread.start()
        thread.join()

    monkeypatch.setattr(staging, "offload", spy)
    with StagedWriter(tmp_path) as writer:
        for at in range(0, len(DATA), 65_536):
            writer.write(DATA[at : at + 65_536])
        with writer.finish() as staged:
            assert staged.path.read_bytes() == DATA
    assert sizes == [1 << 20, 1 << 20, 1 << 20, len(DATA) - 3 * (1 << 20)]


def test_a_hash_that_is_given_goes_on(tmp_path: Path) -> None:
    hashes = MultiHash(["sha256"])
    hashes.update(b"before, ")
    with StagedWriter(tmp_path, hashes=hashes) as writer:
        writer.write(b"after")
        staged = writer.finish()
    with staged:
        assert staged.path.read_bytes() == b"after"
        assert staged.size == 5
        assert staged.digests == {"sha256": hashlib.sha256(b"before, after").hexdigest()}
