"""Packages that come and go while blobs are collected, compared with a model of what must be there."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Change
from registry.core.digests import Digest, sha256_digest
from registry.maintenance.gc import collect
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage
from tests.builders.catalog import ALICE, list_package
from tests.builders.maintenance import AGES, DAY, Clock, is_there, keys

PACKAGES = st.sampled_from(["a", "b"])
CONTENTS = st.sampled_from([b"1", b"2", b"3"])


class Store(RuleBasedStateMachine):
    """Publishes, deletes, half publishes and collects."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.driver = MemoryDriver(self.clock)
        self.storage = Storage(self.driver)
        self.directory = tempfile.TemporaryDirectory()
        self.catalog = self.open_catalog()
        self.published: set[tuple[str, bytes]] = set()

    def open_catalog(self) -> Catalog:
        return Catalog(Storage(self.driver), "npm", listing=list_package, directory=Path(self.directory.name))

    @rule(package=PACKAGES, content=CONTENTS)
    def publish(self, package: str, content: bytes) -> None:
        digest = self.storage.blobs.put(content)
        entry = {"key": digest, "blobs": {"file": digest}}
        self.catalog.update(package, lambda _: Change([entry]), action="publish", actor=ALICE)
        self.published.add((package, content))

    @rule(package=PACKAGES, content=CONTENTS)
    def delete(self, package: str, content: bytes) -> None:
        entry = {"key": sha256_digest(content), "removed": True}
        self.catalog.update(package, lambda _: Change([entry]), action="delete", actor=ALICE)
        self.published.discard((package, content))

    @rule(content=CONTENTS)
    def crash_before_the_ledger(self, content: bytes) -> None:
        self.storage.blobs.put(content)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.clock.advance(3600 * hours)

    @rule()
    def collect(self) -> None:
        references = map(Digest, self.open_catalog().references())
        collect(Storage(self.driver), references, AGES, clock=self.clock)

    @invariant()
    def what_is_published_is_there(self) -> None:
        assert all(is_there(self.storage, content) for _, content in self.published)

    def teardown(self) -> None:
        """Everything else goes in the end."""
        for _ in range(4):
            self.clock.advance(DAY)
            self.collect()
        self.what_is_published_is_there()
        assert len(keys(self.storage)) == len({content for _, content in self.published})
        self.catalog.close()
        self.directory.cleanup()


Store.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestStore = Store.TestCase
