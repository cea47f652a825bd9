"""Images pushed and blobs collected at the same time, on two nodes, one store call at a time."""

import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import app
from registry.core.digests import sha256_digest
from registry.maintenance.contents import Contents
from registry.maintenance.gc import collect
from registry.plugin import discover
from registry.storage.driver import Driver
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from registry.storage.tombstones import State
from tests.builders.maintenance import (
    AGES,
    DAY,
    HOUR,
    BucketDriver,
    Clock,
    PausingDriver,
    first_then_second,
    interleave,
    keys,
)
from tests.builders.oci import Pusher, codes, make_image, make_index
from tests.builders.registry import Registry

LAYER = b"a layer that is pushed again and again"
IMAGE = make_image(LAYER)
DRIVERS = [MemoryDriver, BucketDriver]
STATES: list[tuple[State, ...]] = [
    (),
    (State.CONDEMNED,),
    (State.CONDEMNED, State.BURYING),
    (State.CONDEMNED, State.SPARED),
]


class Nodes:
    """Registries on one store, which holds a layer and a config that were pushed long ago without a manifest."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, driver: type[MemoryDriver]) -> None:
        self.directory = directory
        self.monkeypatch = monkeypatch
        self.clock = Clock()
        self.driver = driver(self.clock)
        self.first = self.open(Storage(self.driver))
        for blob in IMAGE.blobs:
            Pusher(self.first).push_blob(blob)
        self.objects = copy.copy(self.driver._objects)

    def open(self, storage: Storage, tokens: Any = None) -> Registry:
        self.monkeypatch.setattr(app, "open_storage", lambda _: storage)
        return Registry(self.directory, tokens=tokens)

    def node(self) -> Registry:
        driver = PausingDriver(self.driver, "blobs/", "oci/repositories/")
        return self.open(Storage(cast("Driver", driver)), self.first.tokens)

    def restart(self, *states: State) -> None:
        """All is as it was, but that these blobs went through these states."""
        self.driver._objects.clear()
        self.driver._objects.update(self.objects)
        self.clock.advance(DAY)
        tombstones = self.first.services.storage.blobs.tombstones
        for blob in IMAGE.blobs:
            tombstone = None
            for state in states:
                tombstone = tombstones.write(sha256_digest(blob), state, tombstone)
        self.clock.advance(DAY)

    def collect(self, node: Registry) -> None:
        contents = Contents(app.stored_mounts(node.settings), discover(), node.services)
        collect(node.services.storage, contents.references(), AGES, forget=contents.forget, clock=self.clock)

    def check(self) -> None:
        """The image, if it is there, can be pulled and stays so; the rest goes in the end."""
        pusher = Pusher(self.first)
        for _ in range(3):
            pulled = pull(pusher)
            self.clock.advance(DAY)
            self.collect(self.first)
        if pulled:
            assert pusher.ask("DELETE", f"manifests/{IMAGE.digest}").status == 202
        for _ in range(3):
            self.clock.advance(DAY)
            self.collect(self.first)
        assert keys(self.first.services.storage, "blobs/") == []
        assert [key for key in keys(self.first.services.storage, "oci/") if "_blobs" in key] == []


def pull(pusher: Pusher) -> bool:
    """Whether the image is there; if so, so is every part of it."""
    if pusher.get("manifests/latest").status == 404:
        return False
    for blob in IMAGE.blobs:
        answer = pusher.get(f"blobs/{sha256_digest(blob)}")
        assert (answer.status, answer.body) == (200, blob)
    return True


def push(pusher: Pusher) -> None:
    """As clients do: blobs that the registry says it has are not sent, and what fails for now is tried again."""
    for _ in range(3):
        answers = []
        for blob in IMAGE.blobs:
            digest = sha256_digest(blob)
            if pusher.ask("HEAD", f"blobs/{digest}").status != 200:
                answers.append(pusher.ask("POST", f"blobs/uploads/?digest={digest}", blob))
        answers.append(pusher.put(IMAGE, "latest"))
        refusals = [answer for answer in answers if answer.status != 201]
        if not refusals:
            return
        assert all(answer.status == 503 or codes(answer) == ["MANIFEST_BLOB_UNKNOWN"] for answer in refusals)


@pytest.fixture(params=DRIVERS)
def nodes(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nodes:
    return Nodes(tmp_path, monkeypatch, request.param)


@pytest.mark.parametrize("states", STATES)
def test_a_push_at_any_point_of_a_collection_leaves_a_whole_image(nodes: Nodes, states: tuple[State, ...]) -> None:
    collecting, pushing = nodes.node(), nodes.node()
    for point in range(60):
        nodes.restart(*states)
        tasks = [partial(nodes.collect, collecting), partial(push, Pusher(pushing))]
        assert interleave(tasks, first_then_second(point))
        assert pull(Pusher(nodes.first))
        nodes.check()


@pytest.mark.parametrize("states", STATES)
def test_collections_at_any_point_of_a_push_leave_a_whole_image(nodes: Nodes, states: tuple[State, ...]) -> None:
    collecting, pushing = nodes.node(), nodes.node()

    def collect_twice() -> None:
        nodes.collect(collecting)
        nodes.clock.advance(HOUR - 1)
        nodes.collect(collecting)

    for point in range(60):
        nodes.restart(*states)
        assert interleave([partial(push, Pusher(pushing)), collect_twice], first_then_second(point))
        assert pull(Pusher(nodes.first))
        nodes.check()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.sampled_from(STATES), killed=st.booleans(), choices=st.lists(st.integers(0, 2), max_size=120))
def test_no_interleaving_leaves_half_an_image(
    nodes: Nodes, states: tuple[State, ...], killed: bool, choices: list[int]
) -> None:
    collecting, pushing, mounting = nodes.node(), nodes.node(), nodes.node()
    nodes.restart(*states)
    tasks: list[Callable[[], object]] = [
        partial(nodes.collect, collecting),
        partial(push, Pusher(pushing)),
        partial(push, Pusher(mounting, "team/other")),
    ]
    drawn = iter(choices)
    interleave(tasks, lambda alive: next(drawn, 0) % alive, len(choices) if killed else 10_000)
    other = Pusher(nodes.first, "team/other")
    if pull(other):
        assert other.ask("DELETE", f"manifests/{IMAGE.digest}").status == 202
    nodes.clock.advance(DAY)
    nodes.check()


def test_children_of_an_index_and_artifacts_without_a_tag_are_kept(nodes: Nodes) -> None:
    nodes.restart()
    pusher = Pusher(nodes.first)
    child = make_image(b"another layer")
    pusher.push(child, make_index(child), tag="multi")
    before = keys(nodes.first.services.storage)
    for _ in range(3):
        nodes.clock.advance(DAY)
        nodes.collect(nodes.first)
    after = keys(nodes.first.services.storage)
    assert set(after) < set(before)
    for blob in child.blobs:
        assert pusher.get(f"blobs/{sha256_digest(blob)}").status == 200
    assert pusher.get(f"manifests/{child.digest}").status == 200
