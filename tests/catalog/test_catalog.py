import gzip
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.catalog.caches import Caches
from registry.catalog.ledgers import Change, Ledger
from registry.catalog.listing import Listing
from registry.catalog.renditions import Page
from registry.core.ledger import LedgerTooNew
from registry.errors import AlreadyExists, Forbidden, Invalid
from tests.builders.catalog import (
    ALICE,
    WatchedDriver,
    feed_lines,
    open_catalog,
    publish,
    remove,
    render_keys,
    storage_on,
)


class Renderer:
    """Renders keys, and counts."""

    def __init__(self, pad: str = "") -> None:
        self.calls = 0
        self.pad = pad

    def __call__(self, ledger: Ledger) -> Page:
        self.calls += 1
        page = render_keys(ledger)
        return Page(page.content_type, page.body + self.pad.encode())

    def index(self, listings: Iterable[Listing]) -> Page:
        self.calls += 1
        return Page("text/plain", "".join(f"{listing.name} {listing.version}\n" for listing in listings).encode())


def test_a_package_that_was_never_published_is_none(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    assert catalog.package("left-pad") is None
    assert catalog.rendition("left-pad", "keys", Renderer()) is None
    assert catalog.listing("left-pad") is None
    assert list(catalog.listings()) == []


def test_an_update_is_in_ledger_feed_and_listing(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path, clock=lambda: 1_700_000_000.1234)
    publish(catalog, "@acme/left-pad", "1.0.0", description="pads")
    ledger = catalog.package("@acme/left-pad")
    assert ledger
    assert ledger.keys() == ["1.0.0"]
    (event,) = catalog.feed.events()
    assert event.listing == catalog.listing("@acme/left-pad")
    assert event.listing == Listing("@acme/left-pad", "", "1.0.0", "pads", modified=1_700_000_000)
    assert (event.seq, event.at, event.actor, event.action) == (1, "2023-11-14T22:13:20.123Z", "alice", "publish")
    assert (event.package, event.version, event.revision) == ("@acme/left-pad", "1.0.0", 1)


def test_names_that_share_a_beginning_or_need_escapes_do_not_mix(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    names = ["foo", "foobar", "foo/bar", "@foo/bar", "Foo", "com.example:lib", "_ledger.jsonl", "ü%41"]
    for name in names:
        publish(catalog, name)
    assert list(catalog.names()) == sorted(names)
    assert catalog.reconcile() == 0
    assert catalog.package("fo") is None


@pytest.mark.parametrize("name", ["", "a//b", "/a", "x" * 300])
def test_a_name_that_makes_no_key_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        publish(open_catalog(tmp_path), name)


def test_publishing_the_same_again_changes_nothing_and_looks_once(tmp_path: Path) -> None:
    driver = WatchedDriver()
    catalog = open_catalog(tmp_path, storage_on(driver))
    publish(catalog)
    puts, reads = driver.calls["put"], driver.reads
    assert publish(catalog).revision == 1
    assert driver.calls["put"] == puts
    assert driver.reads == reads + 1
    assert len(list(catalog.feed.events())) == 1


def test_publishing_something_else_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog)
    with pytest.raises(AlreadyExists):
        publish(catalog, pad=1)
    assert publish(catalog).revision == 1


def test_a_package_without_versions_is_no_longer_listed_and_may_come_back(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog)
    remove(catalog, "left-pad", "1.0.0")
    assert catalog.listing("left-pad") is None
    assert list(catalog.names()) == []
    publish(catalog, version="1.0.1")
    assert list(catalog.names()) == ["left-pad"]
    assert [event.listing is None for event in catalog.feed.events()] == [False, True, False]


def test_a_quiet_change_makes_no_event(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog)
    change = Change([{"key": "1.0.0", "checksum": "…"}], quiet=True)
    assert catalog.update("left-pad", lambda _: change, action="publish", actor=ALICE).revision == 2
    publish(catalog, version="1.0.1")
    assert feed_lines(catalog) == [(1, "left-pad", "1.0.0", 1), (2, "left-pad", "1.0.1", 3)]


def test_events_of_many_packages_are_numbered_without_gaps_over_frozen_segments(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    expected = []
    for number in range(60):
        name = f"package-{number % 7}"
        publish(catalog, name, f"1.0.{number}", description="x" * 12_000)
        expected.append((number + 1, name, f"1.0.{number}", number // 7 + 1))
    assert catalog.feed.read().segments
    assert feed_lines(catalog) == expected
    assert [event.seq for event in catalog.feed.events(after=57)] == [58, 59, 60]
    assert len(list(catalog.names())) == 7


def test_a_ledger_keeps_no_more_events_than_the_feed_may_lack(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    for number in range(10):
        assert len(publish(catalog, version=f"1.0.{number}").events) <= 2


def test_threads_that_publish_at_once_share_swaps_and_lose_nothing(tmp_path: Path) -> None:
    driver = WatchedDriver()
    catalog = open_catalog(tmp_path, storage_on(driver))
    with ThreadPoolExecutor(40) as pool:
        ledgers = list(pool.map(lambda number: publish(catalog, version=f"1.0.{number}"), range(200)))
    assert all(f"1.0.{number}" in ledger for number, ledger in enumerate(ledgers))
    assert sorted(version for _, _, version, _ in feed_lines(catalog)) == sorted(f"1.0.{n}" for n in range(200))
    assert [(seq, revision) for seq, _, _, revision in feed_lines(catalog)] == [(n, n) for n in range(1, 201)]
    assert driver.keys["put", "npm/packages/left-pad/_ledger.jsonl"] < 200


def test_a_refusal_reaches_its_own_caller_only(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)

    def refuse(ledger: Ledger) -> Change | None:
        raise Forbidden(f"at {len(ledger)}")

    def one(number: int) -> str:
        try:
            if number % 2:
                catalog.update("left-pad", refuse, action="publish", actor=ALICE)
            publish(catalog, version=f"1.0.{number}")
        except Forbidden:
            return "refused"
        return "published"

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(one, range(60))) == ["published", "refused"] * 30
    assert len(list(catalog.feed.events())) == 30


def test_a_warm_rendition_is_one_look_and_no_rendering(tmp_path: Path) -> None:
    driver = WatchedDriver()
    catalog = open_catalog(tmp_path, storage_on(driver))
    publish(catalog)
    renderer = Renderer()
    first = catalog.rendition("left-pad", "keys", renderer)
    before = driver.reads
    assert all(catalog.rendition("left-pad", "keys", renderer) is first for _ in range(10))
    assert (renderer.calls, driver.reads - before) == (1, 10)
    catalog._ledgers._heads.limit = -1
    catalog._ledgers._heads.discard("npm/packages/left-pad/_ledger.jsonl")
    assert catalog.rendition("left-pad", "keys", renderer) is first
    assert renderer.calls == 1


def test_a_rendition_follows_the_changes_of_other_processes(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    here, there = open_catalog(tmp_path / "here", storage), open_catalog(tmp_path / "there", storage)
    publish(here)
    renderer = Renderer()
    before = here.rendition("left-pad", "keys", renderer)
    publish(there, version="1.0.1")
    after = here.rendition("left-pad", "keys", renderer)
    assert before
    assert after
    assert (before.body, after.body) == (b"1.0.0\n", b"1.0.0\n1.0.1\n")
    assert after.modified > before.modified
    assert after.etag != before.etag


def test_representations_are_kept_apart(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog)
    short, long = (catalog.rendition("left-pad", name, Renderer(name)) for name in ("short", "long"))
    assert short
    assert long
    assert (short.body, long.body) == (b"1.0.0\nshort", b"1.0.0\nlong")


def test_a_hundred_cold_readers_render_once(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog)
    renderer = Renderer()
    with ThreadPoolExecutor(50) as pool:
        found = set(pool.map(lambda _: id(catalog.rendition("left-pad", "keys", renderer)), range(100)))
    assert (renderer.calls, len(found)) == (1, 1)


def test_large_pages_are_compressed_and_tagged_the_same_on_every_node(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    here, there = open_catalog(tmp_path / "here", storage), open_catalog(tmp_path / "there", storage)
    publish(here)
    pad = "x" * 300_000
    ours, theirs = (each.rendition("left-pad", "keys", Renderer(pad)) for each in (here, there))
    assert ours == theirs
    assert ours
    assert ours.gzip
    assert gzip.decompress(ours.gzip) == ours.body
    assert ours.gzip[4:8] == b"\0\0\0\0"
    assert ours.etag.startswith('"')
    assert ours.gzip_etag == ours.etag[:-1] + '-gz"'


def test_what_does_not_shrink_is_not_compressed(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog)
    noise = "".join(chr(33 + number * number * 7919 % 89) for number in range(400))
    for name, pad in (("tiny", "x" * 480), ("noise", noise)):
        found = catalog.rendition("left-pad", name, Renderer(pad))
        assert found
        assert found.gzip is None


def test_a_refusal_of_the_renderer_is_not_kept(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog)

    def refuse(ledger: Ledger) -> Page:
        raise Forbidden(ledger.name)

    for _ in range(2):
        with pytest.raises(Forbidden):
            catalog.rendition("left-pad", "keys", refuse)
    assert catalog.rendition("left-pad", "keys", Renderer())


def test_renditions_stay_within_the_cache(tmp_path: Path) -> None:
    caches = Caches(100_000)
    catalog = open_catalog(tmp_path, caches=caches)
    for number in range(20):
        publish(catalog, f"package-{number}")
        assert catalog.rendition(f"package-{number}", "keys", Renderer("x" * 30_000))
        assert caches.renditions.size <= 100_000
    renderer = Renderer("x" * 30_000)
    assert catalog.rendition("package-19", "keys", renderer)
    assert catalog.rendition("package-0", "keys", renderer)
    assert renderer.calls == 1


def test_the_index_is_rendered_once_for_each_state_of_the_feed(tmp_path: Path) -> None:
    driver = WatchedDriver()
    catalog = open_catalog(tmp_path, storage_on(driver))
    renderer = Renderer()
    assert catalog.index_rendition("index", renderer.index).body == b""
    publish(catalog, "b", "1.0")
    publish(catalog, "a", "2.0")
    page = catalog.index_rendition("index", renderer.index)
    assert page.body == b"a 2.0\nb 1.0\n"
    before = driver.reads
    assert all(catalog.index_rendition("index", renderer.index) is page for _ in range(10))
    assert (renderer.calls, driver.reads - before) == (2, 10)


def test_a_package_of_a_newer_release_does_not_stop_the_others(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path, storage)
    publish(catalog, "known")
    storage.put("npm/packages/future/_ledger.jsonl", b'{"ledger":9}\n')
    with pytest.raises(LedgerTooNew):
        catalog.package("future")
    assert publish(catalog, "known", "2.0.0").revision == 2
    with pytest.raises(LedgerTooNew):
        list(catalog.references())


def test_references_cover_packages_and_the_feed(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)

    def publish_blob(number: int) -> None:
        entry = {"key": str(number), "pad": "x" * 10_000, "blobs": {"tarball": f"sha256:{number:064}"}}
        change = Change([entry], {"description": "x" * 10_000})
        catalog.update("left-pad", lambda _: change, action="publish", actor=ALICE)

    for number in range(30):
        publish_blob(number)
    package, feed = catalog.package("left-pad"), catalog.feed.read()
    assert package
    segments = [ref.digest for ref in (*package.segments, *feed.segments)]
    assert len(segments) >= 2
    assert set(catalog.references()) == {*segments, *(f"sha256:{number:064}" for number in range(30))}


def test_what_a_page_is_prepared_from_is_read_only_when_it_is_rendered(tmp_path: Path) -> None:
    storage = storage_on(WatchedDriver())
    catalog = open_catalog(tmp_path, storage)
    digest = storage.blobs.put(b"read me")
    change = Change([{"key": "1.0.0", "blobs": {"readme": digest}}])
    catalog.update("left-pad", lambda _: change, action="publish", actor=ALICE)
    prepared = []

    def prepare(ledger: Ledger) -> Callable[[Ledger], Page]:
        prepared.append(ledger.revision)
        text = storage.blobs.read(digest, 100)
        return lambda ledger: Page("text/plain", text, note=f"of {len(ledger)}")

    found = [catalog.prepared_rendition("left-pad", "readme", prepare) for _ in range(3)]
    assert [(each.body, each.note) for each in found if each] == [(b"read me", "of 1")] * 3
    assert prepared == [1]
