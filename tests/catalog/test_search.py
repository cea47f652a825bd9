from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.catalog.catalog import Catalog
from registry.catalog.search import Query, SearchResult
from tests.builders.catalog import open_catalog, publish

PACKAGES: dict[str, dict[str, Any]] = {
    "left-pad": {"description": "String left pad", "keywords": ["string", "Pad"], "author": "Azer"},
    "pad": {"description": "The shortest", "maintainers": ["alice", "bob"]},
    "pad-right": {"description": "The other side", "keywords": ["pad"]},
    "string": {"description": "pad pad pad pad pad, again and again: left pad"},
    "@acme/left": {"description": "Ours", "keywords": ["string", "left"], "maintainers": ["alice"], "labels": ["x:y"]},
    "@acme-labs/right": {"description": "Not theirs"},
    "100%_real*": {"description": "odd [name]"},
    "100xyreal": {"description": "plain"},
    "café": {"description": "Ünïcode"},
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    catalog = open_catalog(tmp_path_factory.mktemp("search"))
    for name, state in PACKAGES.items():
        publish(catalog, name, **state)
    yield catalog
    catalog.close()


def found(result: SearchResult) -> list[str]:
    return [listing.name for listing in result.listings]


def test_matches_by_name_come_first(catalog: Catalog) -> None:
    result = catalog.search(Query("pad"))
    assert found(result) == ["pad", "pad-right", "left-pad", "string"]
    assert result.total == 4
    assert result.listings[0].maintainers == ("alice", "bob")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("strin", {"string", "left-pad", "@acme/left"}),
        ("LEFT PAD", {"left-pad", "string"}),
        ("left-pad", {"left-pad", "string"}),
        ("azer", {"left-pad"}),
        ("alice", {"pad", "@acme/left"}),
        ("cafe", {"café"}),
        ("CAFÉ", {"café"}),
        ("unicode", {"café"}),
        ("@acme", {"@acme/left", "@acme-labs/right"}),
        ("nothing like it", set()),
        ("", set(PACKAGES)),
        ("   ", set(PACKAGES)),
    ],
)
def test_every_word_must_begin_a_word(catalog: Catalog, text: str, expected: set[str]) -> None:
    assert set(found(catalog.search(Query(text)))) == expected


@pytest.mark.parametrize("text", ["%", "_", "*", "[", '"', "' OR 1=1 --", "pad OR string NOT left", "name:pad", "^"])
def test_text_is_never_syntax(catalog: Catalog, text: str) -> None:
    assert catalog.search(Query(text)).total == 0


def test_wildcards_stand_for_themselves(catalog: Catalog) -> None:
    assert found(catalog.search(Query("100%_real*"))) == ["100%_real*"]
    assert found(catalog.search(Query(prefix="100%"))) == ["100%_real*"]
    assert found(catalog.search(Query(prefix="%"))) == []
    assert found(catalog.search(Query(prefix="100_"))) == []
    assert catalog.listing("100%_real%") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=5), st.integers(), st.integers())
def test_no_text_whatever_breaks_a_search(catalog: Catalog, text: str, word: str, size: int, start: int) -> None:
    result = catalog.search(Query(text, ((word,),), word, word, word, size, start))
    assert len(result.listings) <= max(0, min(size, 250))


def test_keywords_are_combined_with_or_and_and(catalog: Catalog) -> None:
    assert found(catalog.search(Query(keywords=(("string",),)))) == ["@acme/left", "left-pad"]
    assert found(catalog.search(Query(keywords=(("string", "pad"),)))) == ["@acme/left", "left-pad", "pad-right"]
    assert found(catalog.search(Query(keywords=(("string",), ("PAD",))))) == ["left-pad"]
    assert found(catalog.search(Query(keywords=(("str",),)))) == []
    assert found(catalog.search(Query(keywords=((),)))) == []


def test_people_are_matched_whole(catalog: Catalog) -> None:
    assert found(catalog.search(Query(maintainer="alice"))) == ["@acme/left", "pad"]
    assert found(catalog.search(Query(maintainer="ali"))) == []
    assert found(catalog.search(Query(author="azer"))) == ["left-pad"]


def test_labels_are_matched_whole_and_by_no_text(catalog: Catalog) -> None:
    assert found(catalog.search(Query(labels=("x:y",)))) == ["@acme/left"]
    assert found(catalog.search(Query(labels=("x:y", "z")))) == []
    assert found(catalog.search(Query(text="y"))) == []


def test_a_scope_does_not_match_its_longer_neighbour(catalog: Catalog) -> None:
    assert found(catalog.search(Query(prefix="@acme/"))) == ["@acme/left"]
    assert found(catalog.search(Query(text="le", prefix="@acme/"))) == ["@acme/left"]


def test_pages_are_cut_from_what_matches(catalog: Catalog) -> None:
    whole = found(catalog.search(Query(size=250)))
    assert whole == sorted(PACKAGES)
    assert [found(catalog.search(Query(size=4, from_=start))) for start in (0, 4, 8, 12)] == [
        whole[:4],
        whole[4:8],
        whole[8:],
        [],
    ]
    assert catalog.search(Query(size=0)) == SearchResult(len(PACKAGES), ())
    assert found(catalog.search(Query(size=-5, from_=-7))) == []
    assert catalog.search(Query(from_=1 << 80)).total == len(PACKAGES)


def test_what_is_not_visible_is_neither_shown_nor_counted(catalog: Catalog) -> None:
    def visible(name: str) -> bool:
        return not name.startswith("@") and name != "pad"

    result = catalog.search(Query("pad", size=2), visible)
    assert (result.total, found(result)) == (3, ["pad-right", "left-pad"])
    assert found(catalog.search(Query("pad", size=2, from_=2), visible)) == ["string"]
    assert [listing.name for listing in catalog.listings(visible=visible)] == list(catalog.names(visible=visible))
    assert "pad" not in list(catalog.names(visible=visible))


def test_names_come_in_byte_order_and_from_behind_a_name(catalog: Catalog) -> None:
    assert list(catalog.names()) == sorted(PACKAGES)
    assert list(catalog.names(after="pad")) == ["pad-right", "string"]
    assert list(catalog.names(after="pad-")) == ["pad-right", "string"]
    assert [listing.name for listing in catalog.listings(after="left-pad")] == ["pad", "pad-right", "string"]


def test_long_enumerations_are_read_bit_by_bit(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.catalog.search.CHUNK", 2)
    assert list(catalog.names()) == sorted(PACKAGES)


def test_a_new_version_replaces_what_search_knows(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path)
    publish(catalog, "thing", "1.0.0", description="red", keywords=["old"])
    assert catalog.search(Query("red")).total == 1
    publish(catalog, "thing", "1.0.1", description="blue", keywords=["new"])
    assert catalog.search(Query("red")).total == 0
    assert catalog.search(Query(keywords=(("old",),))).total == 0
    assert found(catalog.search(Query("blue", keywords=(("new",),)))) == ["thing"]
