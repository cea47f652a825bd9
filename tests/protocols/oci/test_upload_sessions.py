"""Sessions of uploads, without HTTP."""

import random
import threading
from collections.abc import Callable, Iterator

import pytest

from registry.core import running_hash
from registry.errors import RegistryError, StorageFull, TruncatedBody
from registry.protocols.oci.names import DigestInvalid, Repository
from registry.protocols.oci.store import Memberships, RangeMismatch, Uploads, UploadUnknown
from registry.protocols.oci.store.keys import Keys
from registry.protocols.oci.store.sessions import IDLE_SECONDS, LEASE_SECONDS
from registry.storage.driver import ANY, Condition, Stat, Upload
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from tests.builders.auth import Clock
from tests.builders.oci import digest_of

APP = Repository("team/app")
ALICE = "alice"
DATA = random.Random(2).randbytes(10_000)
DIGEST = digest_of(DATA)
SHA512 = digest_of(DATA, "sha512")


class Bucket(MemoryDriver):
    """As S3 is: wants bytes in small pieces, and moves nothing without copying it."""

    least_append = 10

    def append_limit(self, upload: Upload) -> int | None:
        return 1000

    def move(self, source: str, target: str, condition: Condition = ANY) -> Stat | None:  # type: ignore[override]
        return None


@pytest.fixture(params=[MemoryDriver, Bucket])
def storage(request: pytest.FixtureRequest) -> Storage:
    return Storage(request.param())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_uploads(storage: Storage, clock: Clock) -> Callable[[], Uploads]:
    """The uploads as another node has them."""
    keys = Keys("oci")
    return lambda: Uploads(storage, keys, Memberships(storage, keys), 1 << 30, clock)


@pytest.fixture
def uploads(open_uploads: Callable[[], Uploads]) -> Uploads:
    return open_uploads()


def chunks(data: bytes, size: int = 700) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def broken(data: bytes) -> Iterator[bytes]:
    yield from chunks(data)
    raise TruncatedBody


def blob(storage: Storage, digest: str = DIGEST) -> bytes:
    assert Memberships(storage, Keys("oci")).dependable(APP, digest_of(DATA, digest[:6]))
    return storage.blobs.read(digest_of(DATA, digest[:6]), 1 << 20)


def remaining(storage: Storage) -> list[str]:
    return [item.key for item in storage.list("") if "uploads/" in item.key]


def test_any_cut_into_requests_nodes_and_pieces_gives_the_blob(
    storage: Storage, open_uploads: Callable[[], Uploads]
) -> None:
    rng = random.Random(3)
    for turn in range(20):
        session = open_uploads().open(APP, ALICE, rng.choice(["sha256", "sha512"]))
        at = 0
        while at < len(DATA):
            size = rng.choice([0, 1, 999, 1000, 1001, 5000])
            start = rng.choice([None, at])
            after = open_uploads().append(APP, session.id, ALICE, chunks(DATA[at : at + size], 333), start)
            at = min(at + size, len(DATA))
            assert after.size == at
        wanted = DIGEST if turn % 2 else SHA512
        open_uploads().finish(APP, session.id, ALICE, wanted, ())
        assert blob(storage, wanted) == DATA


def test_a_body_larger_than_a_piece_is_pushed_at_once(storage: Storage, uploads: Uploads) -> None:
    for wanted in [DIGEST, SHA512]:
        uploads.push(APP, wanted, chunks(DATA))
        assert blob(storage, wanted) == DATA
    with pytest.raises(DigestInvalid):
        uploads.push(APP, digest_of(b"other"), chunks(DATA))
    with pytest.raises(TruncatedBody):
        uploads.push(APP, digest_of(b"other"), broken(DATA))
    assert storage.driver.sweep(0) == 0
    assert list(storage.driver.scratch().iterdir()) == []


def test_hashes_are_taken_up_elsewhere_without_reading_again(
    storage: Storage, open_uploads: Callable[[], Uploads], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_uploads().open(APP, ALICE)
    for part in chunks(DATA):
        open_uploads().append(APP, session.id, ALICE, [part])
    monkeypatch.setattr("registry.protocols.oci.store.uploads.hash_stored", None)
    open_uploads().finish(APP, session.id, ALICE, DIGEST, ())
    assert blob(storage) == DATA


def test_without_states_this_process_remembers_its_hashes(
    storage: Storage, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_hash, "_functions", lambda algorithm: None)
    session = uploads.open(APP, ALICE)
    for part in chunks(DATA):
        uploads.append(APP, session.id, ALICE, [part])
    monkeypatch.setattr("registry.protocols.oci.store.uploads.hash_stored", None)
    uploads.finish(APP, session.id, ALICE, DIGEST, ())
    assert blob(storage) == DATA


@pytest.mark.parametrize("wanted", [DIGEST, SHA512])
def test_without_states_another_process_reads_what_is_stored(
    storage: Storage, open_uploads: Callable[[], Uploads], monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setattr(running_hash, "_functions", lambda algorithm: None)
    session = open_uploads().open(APP, ALICE)
    for part in chunks(DATA):
        open_uploads().append(APP, session.id, ALICE, [part])
    open_uploads().finish(APP, session.id, ALICE, digest_of(DATA, wanted[:6]), ())
    assert blob(storage, wanted) == DATA
    session = open_uploads().open(APP, ALICE)
    open_uploads().append(APP, session.id, ALICE, [b"x"])
    open_uploads().append(APP, session.id, ALICE, [b"y"])
    with pytest.raises(DigestInvalid):
        open_uploads().finish(APP, session.id, ALICE, digest_of(b"other", wanted[:6]), ())
    assert not [key for key in remaining(storage) if key != storage.blobs.stat(DIGEST).key]  # type: ignore[union-attr]


def test_of_two_requests_at_once_one_loses(storage: Storage, uploads: Uploads) -> None:
    session = uploads.open(APP, ALICE)
    uploads.append(APP, session.id, ALICE, [DATA[:100]])
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        yield DATA[100:200]
        begun.set()
        go_on.wait(10)
        yield DATA[200:]

    first = threading.Thread(target=uploads.append, args=(APP, session.id, ALICE, slow()))
    first.start()
    begun.wait(10)
    for start in [None, 100]:
        with pytest.raises(RangeMismatch) as refusal:
            uploads.append(APP, session.id, ALICE, [b"intruder"], start)
        assert refusal.value.size == 100
    with pytest.raises(RangeMismatch):
        uploads.finish(APP, session.id, ALICE, DIGEST, ())
    assert uploads.find(APP, session.id, ALICE).size == 100
    go_on.set()
    first.join()
    uploads.finish(APP, session.id, ALICE, DIGEST, ())
    assert blob(storage) == DATA


def test_the_session_of_a_dead_process_goes_on_when_its_lease_is_over(
    storage: Storage, open_uploads: Callable[[], Uploads], clock: Clock
) -> None:
    session = open_uploads().open(APP, ALICE)
    open_uploads().append(APP, session.id, ALICE, [DATA[:100]])

    class Died(BaseException):
        pass

    def dying() -> Iterator[bytes]:
        yield DATA[100:200]
        raise Died

    dead = open_uploads()
    dead._sessions.release = lambda held: None  # type: ignore[method-assign]
    with pytest.raises(Died):
        dead.append(APP, session.id, ALICE, dying())
    with pytest.raises(RangeMismatch):
        open_uploads().append(APP, session.id, ALICE, [DATA[100:]])
    clock.advance(LEASE_SECONDS + 1)
    open_uploads().append(APP, session.id, ALICE, [DATA[100:]], 100)
    open_uploads().finish(APP, session.id, ALICE, DIGEST, ())
    assert blob(storage) == DATA


def test_who_lost_the_lease_adds_nothing(storage: Storage, open_uploads: Callable[[], Uploads], clock: Clock) -> None:
    session = open_uploads().open(APP, ALICE)

    def stalled() -> Iterator[bytes]:
        yield b"stale"
        clock.advance(LEASE_SECONDS + 1)
        open_uploads().append(APP, session.id, ALICE, chunks(DATA), 0)
        yield b"bytes"

    with pytest.raises(RangeMismatch):
        open_uploads().append(APP, session.id, ALICE, stalled())
    open_uploads().finish(APP, session.id, ALICE, DIGEST, ())
    assert blob(storage) == DATA


def test_a_slow_request_keeps_its_lease(open_uploads: Callable[[], Uploads], clock: Clock) -> None:
    session = open_uploads().open(APP, ALICE)

    def slow() -> Iterator[bytes]:
        for part in chunks(DATA):
            clock.advance(LEASE_SECONDS / 2)
            with pytest.raises(RangeMismatch):
                open_uploads().append(APP, session.id, ALICE, [b"intruder"])
            yield part

    assert open_uploads().append(APP, session.id, ALICE, slow()).size == len(DATA)


def test_an_idle_session_is_over(uploads: Uploads, storage: Storage, clock: Clock) -> None:
    session, other = uploads.open(APP, ALICE), uploads.open(APP, ALICE)
    uploads.append(APP, session.id, ALICE, [DATA])
    clock.advance(IDLE_SECONDS - 10)
    assert uploads.sweep(IDLE_SECONDS) == 0
    uploads.append(APP, other.id, ALICE, [DATA])
    clock.advance(20)
    with pytest.raises(UploadUnknown):
        uploads.find(APP, session.id, ALICE)
    assert uploads.sweep(IDLE_SECONDS) == 1
    assert uploads.find(APP, other.id, ALICE).size == len(DATA)
    assert remaining(storage) == [f"oci/uploads/{other.id}"]


def test_a_sweep_spares_what_is_being_received(uploads: Uploads, clock: Clock) -> None:
    session = uploads.open(APP, ALICE)

    def body() -> Iterator[bytes]:
        yield DATA[:10]
        assert uploads.sweep(0) == 0
        yield DATA[10:]

    assert uploads.append(APP, session.id, ALICE, body()).size == len(DATA)


@pytest.mark.parametrize("method", ["complete", "move", "put", "delete"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_finish_that_failed_anywhere_is_done_by_doing_it_again(
    storage: Storage, uploads: Uploads, monkeypatch: pytest.MonkeyPatch, method: str, when: str
) -> None:
    session = uploads.open(APP, ALICE)
    uploads.append(APP, session.id, ALICE, chunks(DATA))
    real = getattr(storage.driver, method)

    def failing(*args: object) -> object:
        monkeypatch.setattr(storage.driver, method, real)
        if when == "after":
            real(*args)
        raise OSError("broken")

    monkeypatch.setattr(storage.driver, method, failing)
    with pytest.raises(RegistryError):
        uploads.finish(APP, session.id, ALICE, DIGEST, ())
    monkeypatch.undo()
    try:
        uploads.finish(APP, session.id, ALICE, DIGEST, ())
    except UploadUnknown:
        assert (method, when) == ("delete", "after")
    assert blob(storage) == DATA


def test_a_store_that_is_full_keeps_what_was_there(
    storage: Storage, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = uploads.open(APP, ALICE)
    uploads.append(APP, session.id, ALICE, [DATA[:100]])

    def full(*_: object) -> Upload:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(storage.driver, "append", full)
        with pytest.raises(StorageFull):
            uploads.append(APP, session.id, ALICE, [DATA[100:]])
    assert uploads.find(APP, session.id, ALICE).size == 100
    uploads.append(APP, session.id, ALICE, [DATA[100:]], 100)
    uploads.finish(APP, session.id, ALICE, DIGEST, ())
    assert blob(storage) == DATA
