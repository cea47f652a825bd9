"""What keeps blobs: every ledger of every mount, or nothing is deleted."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from registry.app import open_services, stored_mounts
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Change, Ledger
from registry.config import CacheSettings, MountSettings, Settings, StorageSettings
from registry.core.digests import Digest, sha256_digest
from registry.core.ledger import LedgerDamaged, LedgerTooNew
from registry.errors import ConfigError, RegistryError
from registry.http.refusals import render_plain
from registry.maintenance.contents import Contents, MountUnknown, ReferenceDamaged
from registry.maintenance.gc import Ages, collect
from registry.plugin import Mount, Protocol, Services, discover, references_of_catalog
from registry.storage.driver import Object
from tests.builders.catalog import ALICE, list_package
from tests.builders.maintenance import counts

AT_ONCE = Ages(grace=0, wait=0)
NPM = Mount("npm", "npm", "/npm", "npm", render_plain)
INTERNAL = Mount("internal", "npm", "/internal", "internal", render_plain)


class Shelf:
    """Two mounts of a protocol that has nothing but ledgers."""

    def __init__(self, directory: Path) -> None:
        settings = Settings(storage=StorageSettings(driver="memory"), cache=CacheSettings(directory=str(directory)))
        self.services = replace(open_services(settings), catalog=self.open_catalog)
        self.storage = self.services.storage
        self.directory = directory
        self.protocols = {"npm": Protocol("npm", "npm", {}, lambda *_: [], render_plain, self.references)}
        self.mounts = [NPM, INTERNAL]

    def references(self, mount: Mount, services: Services) -> Iterable[str]:
        return references_of_catalog(list_package)(mount, services)

    def open_catalog(self, mount: Mount, listing: object = None) -> Catalog:
        return Catalog(self.storage, mount.prefix, listing=list_package, directory=self.directory / mount.id)

    def publish(self, mount: Mount, name: str, *files: bytes) -> list[Digest]:
        digests = [self.storage.blobs.put(data) for data in files]
        entries = [{"key": digest, "blobs": {"file": digest}, "pad": "x" * 1000} for digest in digests]
        self.open_catalog(mount).update(name, lambda _: Change(entries), action="publish", actor=ALICE)
        return digests

    def remove(self, mount: Mount, name: str, digest: str) -> None:
        def change(ledger: Ledger) -> Change:
            return Change([{"key": digest, "removed": True}])

        self.open_catalog(mount).update(name, change, action="delete", actor=ALICE)

    def collect(self) -> dict[str, int]:
        contents = Contents(self.mounts, self.protocols, self.services)
        return counts(collect(self.storage, contents.references(), AT_ONCE, forget=contents.forget))

    def blobs(self) -> set[Digest]:
        return {digest for digest, _ in self.storage.blobs.list()}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_what_any_mount_names_is_kept(shelf: Shelf) -> None:
    kept = {*shelf.publish(NPM, "a", b"1", b"2"), *shelf.publish(INTERNAL, "@acme/b", b"2", b"3")}
    gone = shelf.storage.blobs.put(b"unnamed")
    assert shelf.collect() == {"condemned": 1, "kept": 3}
    assert shelf.collect() == {"deleted": 1, "kept": 3}
    assert shelf.blobs() == kept
    assert gone not in kept


def test_what_is_removed_from_one_mount_is_kept_for_the_other(shelf: Shelf) -> None:
    one, two = shelf.publish(NPM, "a", b"1", b"2")
    shelf.publish(INTERNAL, "b", b"2")
    shelf.remove(NPM, "a", one)
    shelf.remove(NPM, "a", two)
    shelf.collect()
    shelf.collect()
    assert shelf.blobs() == {two}


def test_frozen_segments_are_kept_and_those_no_longer_used_collected(shelf: Shelf) -> None:
    names = [b"%d" % number for number in range(600)]
    for start in range(0, 600, 50):
        shelf.publish(NPM, "big", *names[start : start + 50])
    ledger = shelf.open_catalog(NPM).package("big")
    assert ledger
    assert len(ledger.segments) == 2
    shelf.collect()
    shelf.collect()
    fresh = shelf.open_catalog(NPM).package("big")
    assert fresh
    assert len(fresh) == 600
    assert shelf.blobs() == {sha256_digest(name) for name in names} | {Digest(ref.digest) for ref in fresh.segments}
    for name in names:
        shelf.remove(NPM, "big", sha256_digest(name))
    for _ in range(2):
        shelf.collect()
    left = shelf.open_catalog(NPM)
    assert shelf.blobs() == {Digest(digest) for digest in left.references()}
    assert not shelf.blobs() & {sha256_digest(name) for name in names}


@pytest.mark.parametrize(
    ("damage", "refusal"),
    [
        (lambda data: data[:-5], LedgerDamaged),
        (lambda data: b"", LedgerDamaged),
        (lambda data: data.replace(b'"ledger":1', b'"ledger":2'), LedgerTooNew),
        (lambda data: data.replace(b'"blobs":{', b'"blobs":3,"bolbs":{'), LedgerDamaged),
        (lambda data: data.replace(b"sha256:", b"sha257:"), ReferenceDamaged),
    ],
)
def test_nothing_is_deleted_when_a_ledger_cannot_be_read(
    shelf: Shelf, damage: object, refusal: type[RegistryError]
) -> None:
    assert callable(damage)
    shelf.publish(NPM, "a", b"1")
    shelf.publish(INTERNAL, "b", b"2")
    shelf.storage.blobs.put(b"unnamed")
    shelf.collect()
    key = "internal/packages/b/_ledger.jsonl"
    found = shelf.storage.read(key)
    assert isinstance(found, Object)
    shelf.storage.put(key, damage(found.data))
    before = shelf.blobs()
    for _ in range(3):
        with pytest.raises(refusal):
            shelf.collect()
    assert shelf.blobs() == before
    shelf.storage.put(key, found.data)
    assert shelf.collect() == {"deleted": 1, "kept": 2}


def test_nothing_is_deleted_when_a_segment_is_gone(shelf: Shelf) -> None:
    for number in range(300):
        shelf.publish(NPM, "big", b"%d" % number)
    ledger = shelf.open_catalog(NPM).package("big")
    assert ledger
    shelf.storage.blobs.put(b"unnamed")
    shelf.collect()
    shelf.storage.blobs.delete(Digest(ledger.segments[0].digest))
    before = shelf.blobs()
    with pytest.raises(LedgerDamaged):
        shelf.collect()
    assert shelf.blobs() == before


def test_a_mount_that_the_settings_no_longer_name_stops_the_run(shelf: Shelf) -> None:
    shelf.publish(NPM, "a", b"1")
    shelf.publish(INTERNAL, "b", b"2")
    shelf.mounts.remove(INTERNAL)
    with pytest.raises(MountUnknown, match=r"\[mounts.internal\]"):
        shelf.collect()
    assert len(shelf.blobs()) == 2


def test_disabled_mounts_keep_their_blobs() -> None:
    settings = Settings(
        storage=StorageSettings(driver="memory"),
        mounts={"npm": MountSettings(enabled=False), "internal": MountSettings(protocol="npm", enabled=False)},
    )
    assert {"npm", "internal"} <= {mount.id for mount in stored_mounts(settings)}
    with pytest.raises(ConfigError):
        stored_mounts(replace(settings, mounts={"old": MountSettings(protocol="unheard-of")}))


def test_every_protocol_says_what_it_names() -> None:
    settings = Settings(storage=StorageSettings(driver="memory"))
    services = open_services(settings)
    contents = Contents(stored_mounts(settings), discover(), services)
    assert list(contents.references()) == []
    assert contents.sweep() == 0
