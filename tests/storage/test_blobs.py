import hashlib
import json
import random
from collections.abc import Iterator

import pytest

from registry.core.digests import Digest, sha256_digest
from registry.errors import NotFound, TooLarge
from registry.storage.driver import ANY, Condition, Stat, Upload
from registry.storage.keying import blob_key
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage

DATA = random.Random(5).randbytes(100_000)
DIGEST = sha256_digest(DATA)
SHA512 = Digest(f"sha512:{hashlib.sha512(DATA).hexdigest()}")
MISSING = sha256_digest(b"missing")


class Immovable(MemoryDriver):
    """As S3 is: nothing moves without being copied."""

    def move(self, source: str, target: str, condition: Condition = ANY) -> Stat | None:  # type: ignore[override]
        return None


@pytest.fixture(params=[MemoryDriver, Immovable])
def storage(request: pytest.FixtureRequest) -> Storage:
    return Storage(request.param())


def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [item.key for item in storage.list(prefix)]


def uploaded(storage: Storage, data: bytes = DATA, key: str = "uploads/u1") -> Stat:
    with storage.blobs.stage([data]) as staged:
        return storage.complete(storage.append(Upload(key), staged.path, final=True))


def test_a_blob_is_read_by_its_digest(storage: Storage) -> None:
    digest = storage.blobs.put(DATA)
    assert digest == DIGEST
    found = storage.blobs.stat(digest)
    assert found
    assert found.size == len(DATA)
    assert keys(storage) == [f"blobs/sha256/{DIGEST[7:9]}/{DIGEST[7:]}"]
    assert storage.blobs.read(digest, len(DATA)) == DATA
    reader = storage.blobs.open(digest, 10, 20)
    assert b"".join(reader) == DATA[10:20]
    reader.close()


def test_a_staged_file_becomes_a_blob_and_is_gone(storage: Storage) -> None:
    with storage.blobs.stage([DATA[:10], DATA[10:]], ["sha512"]) as staged:
        assert storage.blobs.commit(staged) == DIGEST
        assert not staged.path.exists()
    assert storage.blobs.read(DIGEST, 1 << 20) == DATA


def test_the_same_bytes_twice_are_one_blob(storage: Storage) -> None:
    storage.blobs.put(DATA)
    before = storage.blobs.stat(DIGEST)
    storage.blobs.put(DATA)
    with storage.blobs.stage([DATA]) as staged:
        storage.blobs.commit(staged)
        assert not staged.path.exists()
    assert storage.blobs.stat(DIGEST) == before
    assert len(keys(storage)) == 1


def test_an_uncommitted_blob_does_not_exist(storage: Storage) -> None:
    with storage.blobs.stage([DATA]):
        assert storage.blobs.stat(DIGEST) is None
    assert keys(storage) == []
    assert list(storage.driver.scratch().iterdir()) == []


def test_chunks_that_fail_leave_nothing(storage: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.blobs.stage(broken())
    with pytest.raises(TooLarge):
        storage.blobs.stage([DATA], limit=10)
    assert list(storage.driver.scratch().iterdir()) == []


def test_a_missing_blob_is_not_found(storage: Storage) -> None:
    for digest in [MISSING, SHA512]:
        assert storage.blobs.stat(digest) is None
        assert storage.blobs.url(digest, 60) is None
        assert not storage.blobs.delete(digest)
        with pytest.raises(NotFound):
            storage.blobs.open(digest)
        with pytest.raises(NotFound):
            storage.blobs.read(digest, 10)


def test_reading_whole_has_a_limit(storage: Storage) -> None:
    storage.blobs.put(DATA)
    with pytest.raises(TooLarge):
        storage.blobs.read(DIGEST, len(DATA) - 1)


def test_a_damaged_blob_of_another_size_is_mended(storage: Storage) -> None:
    storage.put(blob_key(DIGEST), DATA[:50])
    storage.blobs.put(DATA)
    assert storage.blobs.read(DIGEST, 1 << 20) == DATA


def test_an_upload_is_adopted_without_a_copy(storage: Storage) -> None:
    storage.blobs.adopt(uploaded(storage), DIGEST)
    assert storage.blobs.read(DIGEST, 1 << 20) == DATA
    found = storage.blobs.stat(DIGEST)
    assert found
    if isinstance(storage.driver, Immovable):
        assert keys(storage) == [blob_key(DIGEST) + ".at", "uploads/u1"]
        assert found.key == "uploads/u1"
    else:
        assert keys(storage) == [blob_key(DIGEST)]
        assert found.key == blob_key(DIGEST)


def test_adopting_again_after_a_crash_keeps_the_blob() -> None:
    storage = Storage(Immovable())
    stat = uploaded(storage)
    storage.blobs.adopt(stat, DIGEST)
    storage.blobs.adopt(stat, DIGEST)
    assert storage.blobs.read(DIGEST, 1 << 20) == DATA


def test_an_upload_of_a_known_blob_is_dropped(storage: Storage) -> None:
    storage.blobs.put(DATA)
    storage.blobs.adopt(uploaded(storage), DIGEST)
    storage.blobs.adopt(uploaded(storage, key="uploads/u2"), DIGEST)
    assert keys(storage) == [blob_key(DIGEST)]
    assert storage.blobs.read(DIGEST, 1 << 20) == DATA


def test_a_blob_known_by_pointer_is_not_written_twice() -> None:
    storage = Storage(Immovable())
    storage.blobs.adopt(uploaded(storage), DIGEST)
    storage.blobs.put(DATA)
    storage.blobs.adopt(uploaded(storage, key="uploads/u2"), DIGEST)
    assert keys(storage) == [blob_key(DIGEST) + ".at", "uploads/u1"]


def test_a_dangling_pointer_is_replaced() -> None:
    storage = Storage(Immovable())
    storage.put(blob_key(DIGEST) + ".at", json.dumps({"key": "uploads/gone", "size": len(DATA)}).encode())
    assert storage.blobs.stat(DIGEST) is None
    storage.blobs.adopt(uploaded(storage), DIGEST)
    assert storage.blobs.read(DIGEST, 1 << 20) == DATA


def test_a_position_remembered_in_vain_is_looked_up_again() -> None:
    driver = Immovable()
    here, there = Storage(driver), Storage(driver)
    here.blobs.adopt(uploaded(here), DIGEST)
    assert here.blobs.stat(DIGEST)
    there.blobs.delete(DIGEST)
    assert here.blobs.stat(DIGEST) is None
    there.blobs.put(DATA)
    assert here.blobs.read(DIGEST, 1 << 20) == DATA


def test_a_deleted_blob_leaves_nothing(storage: Storage) -> None:
    storage.blobs.put(b"other")
    storage.blobs.adopt(uploaded(storage), DIGEST)
    assert storage.blobs.delete(DIGEST)
    assert not storage.blobs.delete(DIGEST)
    assert keys(storage) == [blob_key(sha256_digest(b"other"))]


def test_a_blob_has_a_second_name(storage: Storage) -> None:
    storage.blobs.adopt(uploaded(storage), DIGEST)
    storage.blobs.alias(SHA512, DIGEST)
    storage.blobs.alias(SHA512, DIGEST)
    assert storage.blobs.stat(SHA512) == storage.blobs.stat(DIGEST)
    assert storage.blobs.read(SHA512, 1 << 20) == DATA
    assert storage.blobs.delete(SHA512)
    assert storage.blobs.stat(DIGEST) is None
    assert keys(storage) == []


def test_all_blobs_are_listed_in_order(storage: Storage) -> None:
    digests = sorted([storage.blobs.put(str(number).encode()) for number in range(20)] + [DIGEST])
    storage.blobs.adopt(uploaded(storage), DIGEST)
    listed = list(storage.blobs.list())
    assert [digest for digest, _ in listed] == digests
    assert all(storage.blobs.stat(digest) == stat for digest, stat in listed)
    assert [digest for digest, _ in storage.blobs.list(after=digests[4])] == digests[5:]
    assert DIGEST not in [digest for digest, _ in storage.blobs.list(after=DIGEST)]


def test_known_positions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.storage.positions.REMEMBERED", 3)
    storage = Storage(Immovable())
    digests = []
    for number in range(6):
        data = str(number).encode()
        digests.append(sha256_digest(data))
        storage.blobs.adopt(uploaded(storage, data, f"uploads/{number}"), digests[-1])
    assert [storage.blobs.read(digest, 10) for digest in digests] == [str(number).encode() for number in range(6)]
    assert len(storage.blobs._positions._known) == 3
