from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core.digests import sha256_digest
from registry.protocols.oci.names import parse_repository
from registry.protocols.oci.store import Memberships, forget_blob
from registry.protocols.oci.store.keys import Keys
from registry.storage.driver import Driver
from registry.storage.memory import MemoryDriver
from registry.storage.probe import Conditions
from registry.storage.storage import Storage
from registry.storage.tombstones import State
from tests.builders.maintenance import BucketDriver, CarelessDriver, Clock, interleave, keys, pausing_storage

DATA = b"a layer"
DIGEST = sha256_digest(DATA)
TEAM, OTHER = parse_repository("team/app"), parse_repository("other/app")
KEYS = Keys("oci")


def members_of(storage: Storage) -> Memberships:
    return Memberships(storage, KEYS)


def test_the_links_of_a_blob_that_is_gone_are_removed() -> None:
    storage = Storage(MemoryDriver())
    for repository in (TEAM, OTHER):
        members_of(storage).link(repository, DIGEST)
    members_of(storage).link(TEAM, sha256_digest(b"another layer"))
    before = keys(storage, "oci/")
    forget_blob(storage, "oci", DIGEST)
    assert keys(storage, "oci/") == [key for key in before if DIGEST[7:] not in key]
    forget_blob(storage, "oci", DIGEST)


def test_the_links_of_a_blob_that_is_back_stay() -> None:
    storage = Storage(MemoryDriver())
    storage.blobs.put(DATA)
    members_of(storage).link(TEAM, DIGEST)
    before = keys(storage, "oci/")
    forget_blob(storage, "oci", DIGEST)
    assert keys(storage, "oci/") == before
    assert members_of(storage).dependable(TEAM, DIGEST)


def test_links_stay_where_deletions_take_no_conditions() -> None:
    storage = Storage(CarelessDriver())
    members_of(storage).link(TEAM, DIGEST)
    before = keys(storage, "oci/")
    forget_blob(storage, "oci", DIGEST)
    assert keys(storage, "oci/") == before
    assert members_of(storage).dependable(TEAM, DIGEST) is None


@settings(max_examples=500, deadline=None)
@given(
    driver=st.sampled_from([MemoryDriver, BucketDriver]),
    pushed=st.sampled_from([TEAM, OTHER]),
    choices=st.lists(st.integers(0, 2), max_size=40),
    killed=st.booleans(),
)
def test_no_interleaving_takes_a_link_that_somebody_relies_on(
    driver: type[MemoryDriver], pushed: object, choices: list[int], killed: bool
) -> None:
    store: Driver = driver(Clock())
    calm = Storage(store)
    members_of(calm).link(TEAM, DIGEST)
    tombstone = calm.blobs.tombstones.write(DIGEST, State.CONDEMNED, None)
    calm.blobs.tombstones.write(DIGEST, State.BURYING, tombstone)
    relied = []

    def forget() -> None:
        storage = pausing_storage(store)
        storage._conditions = Conditions(create=True, swap=True, delete=True)
        forget_blob(storage, "oci", DIGEST)

    def push() -> None:
        storage = pausing_storage(store)
        storage.blobs.put(DATA)
        members_of(storage).link(TEAM if pushed == TEAM else OTHER, DIGEST)

    def name() -> None:
        if members_of(pausing_storage(store)).revive(TEAM, DIGEST):
            relied.append(TEAM)

    drawn = iter(choices)
    interleave([forget, push, name], lambda alive: next(drawn, 0) % alive, len(choices) if killed else 10_000)
    if not killed and pushed == TEAM:
        relied.append(TEAM)
    for repository in relied:
        members_of(calm).require(repository, DIGEST)
        assert calm.blobs.stat(DIGEST)
