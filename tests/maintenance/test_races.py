"""Pushes and collections whose store calls alternate in every way that can be thought of."""

from collections.abc import Callable
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.digests import sha256_digest
from registry.errors import Contention
from registry.maintenance.lease import LIFETIME, Leased
from registry.storage.memory import MemoryDriver
from registry.storage.probe import Conditions
from registry.storage.storage import Storage
from registry.storage.tombstones import State
from tests.builders.maintenance import (
    DAY,
    HOUR,
    BucketDriver,
    CarelessDriver,
    Clock,
    first_then_second,
    interleave,
    is_there,
    keys,
    name,
    named,
    pause,
    pausing_storage,
    run,
    unname,
    upload,
)

DATA = b"wanted by some"
DIGEST = sha256_digest(DATA)
DRIVERS = [MemoryDriver, BucketDriver, CarelessDriver]


class World:
    """A store on which some push and others collect; each has a Storage of its own, as if on another node."""

    def __init__(self, driver: Callable[[Clock], MemoryDriver]) -> None:
        self.clock = Clock()
        self.driver = driver(self.clock)
        self.conditions = Conditions(create=True, swap=True, delete=driver is not CarelessDriver)
        self.calm = self.enforcing(Storage(self.driver))
        self.uploads = 0

    def enforcing(self, storage: Storage) -> Storage:
        storage._conditions = self.conditions
        return storage

    def storage(self) -> Storage:
        return self.enforcing(pausing_storage(self.driver))

    def prepare(self, blob: str, *states: State) -> None:
        """The blob lies there, put or adopted long ago (or not), with a tombstone that went through these states."""
        if blob == "put":
            self.calm.blobs.put(DATA)
        elif blob == "adopted":
            self.calm.blobs.adopt(upload(self.calm, DATA, "blobs/uploads/old"), DIGEST)
        self.clock.advance(DAY)
        tombstone = None
        for state in states:
            tombstone = self.calm.blobs.tombstones.write(DIGEST, state, tombstone)
        self.clock.advance(DAY)

    def put(self) -> None:
        self._push(lambda storage: storage.blobs.put(DATA))

    def commit(self) -> None:
        def commit(storage: Storage) -> None:
            with storage.blobs.stage([DATA]) as staged:
                storage.blobs.commit(staged)

        self._push(commit)

    def adopt(self) -> None:
        self.uploads += 1
        stat = upload(self.calm, DATA, f"blobs/uploads/{self.uploads}")
        self._push(lambda storage: storage.blobs.adopt(stat, DIGEST))

    def mount(self) -> None:
        """As a manifest does that names a blob pushed before."""
        storage = self.storage()
        with suppress(Contention):
            if storage.blobs.revive(DIGEST):
                name(storage, DIGEST)

    def collect(self) -> None:
        with suppress(Leased):
            run(self.storage(), self.clock)

    def collect_twice(self) -> None:
        self.collect()
        self.clock.advance(HOUR - 1)
        self.collect()

    def tick(self) -> None:
        """Time goes by: less than what a request may take, enough for a lease to be lost."""
        for _ in range(4):
            pause()
            self.clock.advance(LIFETIME + 1)

    def check(self) -> None:
        """What is named is there and stays; when nothing names it any more, it goes and leaves nothing."""
        self.clock.advance(LIFETIME)
        for _ in range(3):
            assert all(is_there(self.calm, DATA) for _ in named(self.calm))
            self.clock.advance(DAY)
            self.collect_calmly()
        unname(self.calm, DIGEST)
        for _ in range(9):
            self.clock.advance(DAY)
            self.collect_calmly()
        assert [key for key in keys(self.calm) if self.conditions.delete or not key.endswith(".at")] == []

    def collect_calmly(self) -> None:
        run(self.enforcing(Storage(self.driver)), self.clock)

    def _push(self, keep: Callable[[Storage], object]) -> None:
        storage = self.storage()
        with suppress(Contention):
            keep(storage)
            name(storage, DIGEST)


STATES = [
    (),
    (State.CONDEMNED,),
    (State.CONDEMNED, State.BURYING),
    (State.CONDEMNED, State.SPARED),
]
BLOBS = ["put", "adopted", ""]
PUSHES = ["put", "commit", "adopt", "mount"]


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("states", STATES)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_push_at_any_point_of_a_collection_keeps_its_blob(
    driver: Callable[[Clock], MemoryDriver], states: tuple[State, ...], push: str
) -> None:
    for blob, point in product(BLOBS, range(30)):
        world = World(driver)
        world.prepare(blob, *states)
        assert interleave([world.collect, getattr(world, push)], first_then_second(point))
        world.check()


@pytest.mark.parametrize("push", PUSHES)
@pytest.mark.parametrize("states", STATES)
@pytest.mark.parametrize("driver", DRIVERS)
def test_collections_at_any_point_of_a_push_spare_its_blob(
    driver: Callable[[Clock], MemoryDriver], states: tuple[State, ...], push: str
) -> None:
    for blob, point in product(BLOBS, range(20)):
        world = World(driver)
        world.prepare(blob, *states)
        assert interleave([getattr(world, push), world.collect_twice], first_then_second(point))
        world.check()


@pytest.mark.parametrize("states", STATES)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_collection_killed_at_any_point_is_continued_by_the_next(
    driver: Callable[[Clock], MemoryDriver], states: tuple[State, ...]
) -> None:
    for blob, point in product(BLOBS, range(30)):
        world = World(driver)
        world.prepare(blob, *states)
        ended = interleave([world.collect], lambda _: 0, point)
        world.put()
        world.check()
    assert ended


@settings(max_examples=300, deadline=None)
@given(
    driver=st.sampled_from(DRIVERS),
    blob=st.sampled_from(BLOBS),
    states=st.sampled_from(STATES),
    tasks=st.lists(st.sampled_from([*PUSHES, "collect", "collect"]), min_size=2, max_size=4),
    ticks=st.booleans(),
    killed=st.booleans(),
    choices=st.lists(st.integers(0, 4), max_size=150),
)
def test_no_interleaving_loses_a_blob_that_is_named(
    driver: Callable[[Clock], MemoryDriver],
    blob: str,
    states: tuple[State, ...],
    tasks: list[str],
    ticks: bool,
    killed: bool,
    choices: list[int],
) -> None:
    world = World(driver)
    world.prepare(blob, *states)
    drawn = iter(choices)
    interleave(
        [getattr(world, task) for task in [*tasks, *["tick"] * ticks]],
        lambda alive: next(drawn, 0) % alive,
        len(choices) if killed else 10_000,
    )
    world.check()
