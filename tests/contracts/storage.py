"""What every driver of the store must do.

A driver's test file subclasses DriverContract and gives the fixture `driver` (an empty store for each test) and, where
several processes can share the store, `opener`: a picklable function of no arguments that opens the same store again.
"""

import os
import random
import time
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

from registry.errors import Invalid
from registry.storage.driver import (
    ABSENT,
    UNCHANGED,
    Condition,
    ConditionFailed,
    Driver,
    KeyMissing,
    Object,
    Prefix,
    Stat,
    Upload,
    matching,
)
from tests.contracts.storage_races import (
    SPAWN,
    Opener,
    claim,
    claim_in_process,
    increment,
    increment_in_process,
    is_whole,
    run_processes,
    run_threads,
    scratch_file,
    write_for_ever,
)

WEIRD_KEYS = [
    "a",
    "0",
    "_feed.jsonl",
    "npm/packages/@acme/left-pad/_ledger.jsonl",
    "x/%2e%2e",
    "x/%%c5h",
    "x/%2e%2e",
    "x/%%c5h",
    "x/%2e%2e",
    "x/%%c5h",
    "x/%2e%2e",
    "x/%%c5h",
    "x/%2e%2e",
    "x/%%c5h",
    "x/%41%2e%2f",
    "x/%2e%2e",
    "x/%%c5h",
    "x/-",
    "x/" + "n" * 240,
    "/".join(["deep"] * 150),
]


def read(driver: Driver, key: str, start: int = 0, end: int | None = None) -> bytes:
    reader = driver.open(key, start, end)
    try:
        return b"".join(reader)
    finally:
        reader.close()


def keys(driver: Driver, prefix: str = "", after: str = "", delimiter: str = "") -> list[str]:
    return [item.key for item in driver.list(prefix, after, delimiter)]


def data_of(driver: Driver, key: str) -> bytes:
    found = driver.read(key)
    assert isinstance(found, Object)
    assert found.stat.size == len(found.data)
    return found.data


def expected_listing(stored: list[str], prefix: str, after: str, delimiter: str) -> list[str]:
    names = set()
    for key in stored:
        if key.startswith(prefix):
            head, cut, _ = key[len(prefix) :].partition("/") if delimiter else (key[len(prefix) :], "", "")
            names.add(prefix + head + cut)
    return sorted(name for name in names if name > after)


class DriverContract:
    tokens_are_fresh = True
    """False where a token names the bytes (an ETag), so that equal bytes share it."""

    least_part = 1
    """The fewest bytes of an appended part that is not the final one."""

    kills = 6
    """How many writing processes are killed."""

    last_gasp = 0.0
    """Seconds in which a server may still carry out what a killed process asked for."""

    @pytest.fixture
    def driver(self) -> Driver:
        raise NotImplementedError

    @pytest.fixture
    def opener(self) -> Opener | None:
        return None

    @pytest.fixture
    def shared(self, opener: Opener | None) -> Opener:
        if opener is None:
            pytest.skip("one process only")
        return opener

    @pytest.fixture(autouse=True)
    def _nothing_left(self, driver: Driver) -> Iterator[None]:
        yield
        assert list(driver.scratch().iterdir()) == []

    # Reading and writing

    def test_what_was_put_is_read(self, driver: Driver) -> None:
        before = time.time()
        stat = driver.put("a/b", b"bytes")
        assert (stat.key, stat.size) == ("a/b", 5)
        assert abs(stat.modified - before) < 60
        assert driver.stat("a/b") == stat
        assert driver.read("a/b") == Object(stat, b"bytes")
        assert read(driver, "a/b") == b"bytes"

    @pytest.mark.parametrize("key", WEIRD_KEYS)
    def test_any_key_of_the_grammar_will_do(self, driver: Driver, key: str) -> None:
        stat = driver.put(key, key.encode())
        assert driver.stat(key) == stat
        assert data_of(driver, key) == key.encode()
        assert list(driver.list("")) == [stat]
        assert driver.delete(key)
        assert keys(driver) == []

    def test_nothing_is_read_where_nothing_is(self, driver: Driver) -> None:
        driver.put("a/b", b"")
        for key in ["c", "a", "a/c", "a/b/c", "a/bb"]:
            assert driver.stat(key) is None
            assert driver.read(key) is None
            assert driver.read(key, unless="1-2-3") is None
            assert not driver.delete(key)
            with pytest.raises(KeyMissing):
                driver.open(key)

    def test_zero_bytes_are_an_object(self, driver: Driver) -> None:
        assert driver.put("empty", b"").size == 0
        path = scratch_file(driver, b"")
        assert driver.put("empty-file", path).size == 0
        path.unlink(missing_ok=True)
        for key in ["empty", "empty-file"]:
            assert data_of(driver, key) == b""
            assert read(driver, key) == b""
            assert read(driver, key, 0, 10) == b""

    @pytest.mark.parametrize("size", [1, 4096, (1 << 20) + 1, 5_000_000])
    def test_a_scratch_file_becomes_an_object(self, driver: Driver, size: int) -> None:
        data = random.Random(size).randbytes(size)
        path = scratch_file(driver, data)
        stat = driver.put("big", path)
        path.unlink(missing_ok=True)
        assert stat.size == size
        assert driver.stat("big") == stat
        assert read(driver, "big") == data
        assert data_of(driver, "big") == data

    def test_ranges_are_exact_and_clipped(self, driver: Driver) -> None:
        data = random.Random(1).randbytes(2_500_000)
        stat = driver.put("big", data)
        ranges: list[tuple[int, int | None]] = [
            (0, 0), (0, 1), (5, 10), (0, None), (2_499_999, None), (1_048_570, 1_048_580), (2_499_990, 9_999_999)
        ]  # fmt: skip
        for start, end in ranges:
            reader = driver.open("big", start, end)
            assert reader.stat == stat
            chunks = list(reader)
            reader.close()
            assert b"".join(chunks) == data[start:end]
            assert all(0 < len(chunk) <= 1 << 20 for chunk in chunks)
            assert reader.end - reader.start == len(data[start:end])
        assert read(driver, "big", 3_000_000) == b""

    def test_a_reader_with_a_file_offers_the_same_bytes_to_sendfile(self, driver: Driver) -> None:
        driver.put("a", b"0123456789")
        reader = driver.open("a", 2, 5)
        assert (reader.start, reader.end) == (2, 5)
        if reader.sendfile_range:
            file, offset, count = reader.sendfile_range
            assert os.pread(file.fileno(), count, offset) == b"234"
        reader.close()

    def test_a_reader_keeps_its_version_while_the_object_changes(self, driver: Driver) -> None:
        old, new = b"a" * 3_000_000, b"b" * 3_000_000
        driver.put("a", old)
        reader = driver.open("a")
        driver.put("a", new)
        try:
            got = b"".join(reader)
        finally:
            reader.close()
        assert got in {old, new}

    def test_closing_a_reader_frees_what_it_holds(self, driver: Driver) -> None:
        driver.put("a", b"x" * 2_000_000)
        before = len(os.listdir("/proc/self/fd"))
        for turn in range(60):
            reader = driver.open("a")
            if turn % 2:
                next(iter(reader))
            reader.close()
            reader.close()
        assert len(os.listdir("/proc/self/fd")) < before + 20

    def test_an_object_already_known_is_not_read_again(self, driver: Driver) -> None:
        stat = driver.put("a", b"1")
        assert driver.read("a", unless=stat.token) is UNCHANGED
        newer = driver.put("a", b"2")
        assert driver.read("a", unless=stat.token) == Object(newer, b"2")
        driver.delete("a")
        assert driver.read("a", unless=newer.token) is None

    def test_a_deleted_object_is_gone(self, driver: Driver) -> None:
        driver.put("a/b/c", b"1")
        driver.put("a/b/d", b"2")
        assert driver.delete("a/b/c")
        assert not driver.delete("a/b/c")
        assert driver.stat("a/b/c") is None
        assert keys(driver) == ["a/b/d"]
        driver.put("a/b/c", b"3")
        assert data_of(driver, "a/b/c") == b"3"

    def test_a_key_below_an_object_is_refused_or_kept_apart(self, driver: Driver) -> None:
        for first, second in [("x/a/b", "x/a/b/c"), ("y/a/b/c", "y/a/b")]:
            driver.put(first, b"first")
            for condition in [Condition(), ABSENT]:
                try:
                    driver.put(second, b"second", condition)
                    assert data_of(driver, second) == b"second"
                    driver.delete(second)
                except Invalid:
                    assert driver.read(second) is None
            assert data_of(driver, first) == b"first"
            driver.delete(first)
            driver.put(second, b"second")
            assert data_of(driver, second) == b"second"

    # Conditions and tokens

    def test_absent_writes_only_once(self, driver: Driver) -> None:
        stat = driver.put("a", b"1", ABSENT)
        with pytest.raises(ConditionFailed):
            driver.put("a", b"2", ABSENT)
        assert driver.read("a") == Object(stat, b"1")
        driver.delete("a")
        driver.put("a", b"3", ABSENT)
        assert data_of(driver, "a") == b"3"

    def test_a_token_lets_one_write_through(self, driver: Driver) -> None:
        first = driver.put("a", b"1")
        second = driver.put("a", b"2", matching(first))
        assert second.token != first.token
        with pytest.raises(ConditionFailed):
            driver.put("a", b"3", matching(first))
        assert driver.read("a") == Object(second, b"2")
        driver.delete("a")
        with pytest.raises(ConditionFailed):
            driver.put("a", b"4", matching(second))
        assert driver.read("a") is None

    def test_a_failed_condition_leaves_the_scratch_file(self, driver: Driver) -> None:
        driver.put("a", b"1")
        path = scratch_file(driver, b"22")
        for condition in [ABSENT, Condition(token="0-0-0")]:
            with pytest.raises(ConditionFailed):
                driver.put("a", path, condition)
            assert path.read_bytes() == b"22"
        assert data_of(driver, "a") == b"1"
        path.unlink()

    def test_deleting_may_depend_on_a_token(self, driver: Driver) -> None:
        first = driver.put("a", b"1")
        second = driver.put("a", b"2")
        with pytest.raises(ConditionFailed):
            driver.delete("a", matching(first))
        assert data_of(driver, "a") == b"2"
        assert driver.delete("a", matching(second))
        assert not driver.delete("a", matching(second))

    def test_a_token_changes_with_the_bytes(self, driver: Driver) -> None:
        tokens = [driver.put("a", f"{turn:04}".encode()).token for turn in range(50)]
        assert len(set(tokens)) == 50

    def test_a_token_changes_with_every_write_and_never_comes_back(self, driver: Driver) -> None:
        if not self.tokens_are_fresh:
            pytest.skip("tokens name bytes")
        tokens = []
        for turn in range(60):
            stat = driver.put("a", b"same", ABSENT if turn % 3 == 0 else Condition())
            assert driver.stat("a") == stat
            tokens.append(stat.token)
            if turn % 3 == 2:
                driver.delete("a")
        assert len(set(tokens)) == 60

    # Listing

    def test_a_listing_is_in_byte_order_of_keys(self, driver: Driver) -> None:
        stored = ["x/a-b", "x/a.b/c", "x/a/b", "x/a/-", "x/a0", "x/a_", "x/a~", "x/_a", "x/%41", "x/@a/b", "w", "y"]
        for key in reversed(stored):
            driver.put(key, b"")
        assert keys(driver) == sorted(stored)
        assert keys(driver, "x/") == sorted(key for key in stored if key.startswith("x/"))

    def test_a_listing_gives_the_stats(self, driver: Driver) -> None:
        stats = [driver.put(key, key.encode()) for key in ["a/b", "a/cc", "b"]]
        assert list(driver.list("")) == stats

    def test_sibling_prefixes_never_mix(self, driver: Driver) -> None:
        for key in ["a/1", "ab/1", "a-b/1", "a.b/1", "b/a/1"]:
            driver.put(key, b"")
        assert keys(driver, "a/") == ["a/1"]
        assert keys(driver, "ab/") == ["ab/1"]
        assert keys(driver, "a") == ["a-b/1", "a.b/1", "a/1", "ab/1"]
        assert keys(driver, "c") == []
        assert keys(driver, "a/1/") == []
        assert keys(driver, "none/at/all/") == []

    def test_a_delimiter_groups_what_lies_deeper(self, driver: Driver) -> None:
        stat = driver.put("p/b", b"1")
        for key in ["p/a/1", "p/a/2", "p/c/d/1", "p/a-1/x", "q/1"]:
            driver.put(key, b"")
        assert list(driver.list("p/", delimiter="/")) == [Prefix("p/a-1/"), Prefix("p/a/"), stat, Prefix("p/c/")]
        assert list(driver.list("p", delimiter="/")) == [Prefix("p/")]
        assert list(driver.list("p/a", delimiter="/")) == [Prefix("p/a-1/"), Prefix("p/a/")]
        assert keys(driver, "p/", "p/a/", "/") == ["p/b", "p/c/"]
        driver.delete("p/c/d/1")
        assert keys(driver, "p/", "p/a/", "/") == ["p/b"]

    def test_a_listing_goes_on_behind_any_key(self, driver: Driver) -> None:
        rng = random.Random(20)
        stored = sorted({"/".join(rng.choices(["a", "a-", "a.b", "b", "%41"], k=rng.randint(2, 4))) for _ in range(60)})
        stored = [key for key in stored if not any(other.startswith(f"{key}/") for other in stored)]
        for key in stored:
            driver.put(key, b"")
        for delimiter in ["", "/"]:
            for prefix in ["", "a", "a/", "a-/b", "a/a.b/"]:
                for after in ["", "a/", "a-/b", *rng.sample(stored, 5), "a/a.b/a", "b", "zz"]:
                    wanted = expected_listing(stored, prefix, after, delimiter)
                    assert keys(driver, prefix, after, delimiter) == wanted, (prefix, after, delimiter)

    def test_a_long_listing_is_complete(self, driver: Driver) -> None:
        stored = [f"many/{number:05}" for number in range(1_050)]
        for key in stored:
            driver.put(key, b"")
        assert keys(driver, "many/") == stored
        listing = driver.list("many/", after="many/00998")
        assert [next(listing).key for _ in range(3)] == ["many/00999", "many/01000", "many/01001"]

    def test_a_listing_survives_changes(self, driver: Driver) -> None:
        for number in range(30):
            driver.put(f"a/{number:02}/x", b"")
        seen = []
        for item in driver.list("a/"):
            assert isinstance(item, Stat)
            seen.append(item.key)
            driver.delete(item.key)
        assert seen == [f"a/{number:02}/x" for number in range(30)]
        assert keys(driver, "a/") == []

    # Moving

    def test_a_moved_object_is_at_its_new_key_only(self, driver: Driver) -> None:
        source = driver.put("from/a", b"moved")
        moved = driver.move("from/a", "to/b", ABSENT)
        if moved is None:
            assert driver.stat("from/a") == source
            assert driver.stat("to/b") is None
            return
        assert driver.read("to/b") == Object(moved, b"moved")
        assert driver.stat("to/b") == moved
        assert keys(driver) == ["to/b"]

    def test_a_move_has_a_source_and_keeps_its_condition(self, driver: Driver) -> None:
        driver.put("a", b"1")
        driver.put("b", b"2")
        if driver.move("a", "c") is None:
            pytest.skip("cannot move without copying")
        with pytest.raises(KeyMissing):
            driver.move("a", "d")
        with pytest.raises(ConditionFailed):
            driver.move("b", "c", ABSENT)
        assert (data_of(driver, "b"), data_of(driver, "c")) == (b"2", b"1")

    # Appended uploads

    def append(self, driver: Driver, upload: Upload, data: bytes, *, final: bool = False) -> Upload:
        path = scratch_file(driver, data)
        appended = driver.append(upload, path, final)
        path.unlink(missing_ok=True)
        assert appended.size == upload.size + len(data)
        return appended

    def part(self, seed: int) -> bytes:
        return random.Random(seed).randbytes(self.least_part + 1000)

    def test_an_upload_in_pieces_becomes_one_object(self, driver: Driver) -> None:
        upload = self.append(driver, Upload("uploads/u1"), self.part(1))
        upload = self.append(driver, upload, self.part(2))
        upload = self.append(driver, upload, b"end", final=True)
        assert driver.stat("uploads/u1") is None
        assert keys(driver) == []
        stat = driver.complete(upload)
        assert stat.size == upload.size
        assert driver.stat("uploads/u1") == stat
        assert read(driver, "uploads/u1") == self.part(1) + self.part(2) + b"end"

    def test_a_single_piece_becomes_an_object(self, driver: Driver) -> None:
        upload = self.append(driver, Upload("uploads/u1"), b"all of it", final=True)
        driver.complete(upload)
        assert read(driver, "uploads/u1") == b"all of it"

    def test_an_upload_may_stay_empty(self, driver: Driver) -> None:
        assert driver.complete(Upload("uploads/u1")).size == 0
        assert data_of(driver, "uploads/u1") == b""

    def test_an_upload_goes_on_elsewhere(self, driver: Driver, shared: Opener) -> None:
        upload = self.append(driver, Upload("uploads/u1"), self.part(1))
        other = shared()
        upload = self.append(other, upload, self.part(2))
        upload = self.append(driver, upload, b"end", final=True)
        other.complete(upload)
        assert read(driver, "uploads/u1") == self.part(1) + self.part(2) + b"end"

    def test_completing_again_changes_nothing(self, driver: Driver) -> None:
        upload = self.append(driver, Upload("uploads/u1"), self.part(1))
        upload = self.append(driver, upload, b"end", final=True)
        stat = driver.complete(upload)
        assert driver.complete(upload) == stat
        assert read(driver, "uploads/u1") == self.part(1) + b"end"

    def test_an_aborted_upload_is_gone(self, driver: Driver) -> None:
        upload = self.append(driver, Upload("uploads/u1"), self.part(1))
        driver.abort(upload)
        driver.abort(upload)
        driver.abort(Upload("uploads/u2"))
        with pytest.raises(KeyMissing):
            driver.complete(upload)
        assert keys(driver) == []

    def test_a_racing_append_never_changes_what_was_appended(self, driver: Driver) -> None:
        start = self.append(driver, Upload("uploads/u1"), self.part(1))
        mine = self.append(driver, start, self.part(2))
        self.append(driver, start, self.part(3))
        mine = self.append(driver, mine, b"end", final=True)
        try:
            driver.complete(mine)
        except KeyMissing:
            assert driver.stat("uploads/u1") is None
            driver.abort(mine)
        else:
            assert read(driver, "uploads/u1") == self.part(1) + self.part(2) + b"end"

    def test_a_completed_upload_moves_or_stays(self, driver: Driver) -> None:
        upload = self.append(driver, Upload("uploads/u1"), self.part(1), final=True)
        driver.complete(upload)
        key = "uploads/u1" if driver.move("uploads/u1", "blobs/b") is None else "blobs/b"
        assert read(driver, key) == self.part(1)

    def test_sweeping_spares_objects_and_fresh_work(self, driver: Driver) -> None:
        driver.put("a", b"1")
        upload = self.append(driver, Upload("uploads/u1"), b"young", final=True)
        assert driver.sweep(3600) == 0
        driver.complete(upload)
        driver.sweep(0)
        assert keys(driver) == ["a", "uploads/u1"]

    # Races

    def test_one_of_many_threads_wins_an_absent_key(self, driver: Driver) -> None:
        for turn in range(10):
            wins: list[str] = []
            barrier = Barrier(5)

            def run(name: str, key: str = f"prize/{turn}", wins: list[str] = wins, start: Barrier = barrier) -> None:
                start.wait()
                if claim(driver, key, name):
                    wins.append(name)

            run_threads(run, [(f"t{number}",) for number in range(5)])
            assert len(wins) == 1
            assert data_of(driver, f"prize/{turn}") == wins[0].encode()

    def test_one_of_many_processes_wins_an_absent_key(self, driver: Driver, shared: Opener) -> None:
        prizes = [f"prize-{turn}" for turn in range(20)]
        run_processes(claim_in_process, [(shared, prizes, f"p{number}") for number in range(4)])
        won = sorted(key.split("/")[-1] for key in keys(driver, "won/"))
        assert won == sorted(prizes)
        for key in keys(driver, "won/"):
            _, name, prize = key.split("/")
            assert data_of(driver, prize) == name.encode()

    def test_no_increment_of_threads_is_lost(self, driver: Driver) -> None:
        run_threads(increment, [(driver, "counter", 10)] * 5)
        assert data_of(driver, "counter") == b"50"

    def test_no_increment_of_processes_is_lost(self, driver: Driver, shared: Opener) -> None:
        run_processes(increment_in_process, [(shared, "counter", 10)] * 5)
        assert data_of(driver, "counter") == b"50"

    def test_readers_never_see_half_an_object(self, driver: Driver) -> None:
        versions = [bytes([65 + number]) * (200_000 + number) for number in range(5)]
        driver.put("a", versions[0])
        done = False

        def write() -> None:
            for turn in range(40):
                driver.put("a", versions[turn % 5])

        writer = Thread(target=write)
        writer.start()
        while not done:
            done = not writer.is_alive()
            found = driver.read("a")
            assert isinstance(found, Object)
            assert found.data in versions
            assert found.stat.size == len(found.data)
            assert read(driver, "a") in versions

    def test_deleting_never_breaks_a_neighbour_being_written(self, driver: Driver) -> None:
        def churn(name: str) -> None:
            for _ in range(40):
                driver.put(f"deep/er/{name}", b"1")
                assert driver.delete(f"deep/er/{name}")
            driver.put(f"deep/er/{name}", b"last")

        run_threads(churn, [(f"n{number}",) for number in range(4)])
        assert keys(driver) == [f"deep/er/n{number}" for number in range(4)]

    # Crashes

    def test_a_killed_writer_leaves_only_whole_objects(self, driver: Driver, shared: Opener) -> None:
        rng = random.Random(99)
        for seed in range(self.kills):
            process = SPAWN.Process(target=write_for_ever, args=(shared, seed))
            process.start()
            deadline = time.monotonic() + 60
            while driver.stat(f"ready/{seed}") is None:
                assert process.is_alive()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.3))
            process.kill()
            process.join()
            time.sleep(self.last_gasp)
            for key in keys(driver, "written/"):
                assert is_whole(data_of(driver, key)), key
                assert is_whole(read(driver, key)), key
        for key in keys(driver, "written/"):
            driver.put(key, b"still writable")
        driver.sweep(0)
