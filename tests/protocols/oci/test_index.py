import json

import pytest

from registry.protocols.oci.index import (
    LARGEST_PAGE,
    LARGEST_REFERRERS,
    PaginationInvalid,
    cut_page,
    cut_referrers,
    of_type,
    parse_count,
    render_next,
    render_referrers,
    render_tags,
)

NAMES = [f"v{number:04}" for number in range(1500)]


@pytest.mark.parametrize(("text", "count"), [(None, LARGEST_PAGE), ("0", 0), ("7", 7), ("1000000000", LARGEST_PAGE)])
def test_a_count_is_clamped(text: str | None, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "1e3", " 1", "0x1", "9" * 5000, "١"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(PaginationInvalid):
        parse_count(text)


@pytest.mark.parametrize(("count", "more"), [(0, False), (1, True), (1499, True), (1500, False), (9999, False)])
def test_a_page_knows_whether_there_is_another(count: int, more: bool) -> None:
    page = cut_page(iter(NAMES), count)
    assert page.entries == NAMES[:count]
    assert page.more is more


def test_a_page_reads_no_further_than_it_must() -> None:
    names = iter(NAMES)
    cut_page(names, 3)
    assert next(names) == NAMES[4]


def test_a_page_of_referrers_is_cut_by_size_but_never_empty() -> None:
    small = {"digest": "a", "annotations": {"a": "b" * 1000}}
    page = cut_referrers([small] * 10_000)
    assert page.more
    assert len(render_referrers(page.entries)) <= LARGEST_REFERRERS * 1.1
    assert len(page.entries) > 1000
    huge = {"digest": "b", "annotations": {"a": "b" * (5 << 20)}}
    assert cut_referrers([huge, small]).entries == [huge]
    assert cut_referrers([huge]).more is False
    assert cut_referrers([]).entries == []


def test_referrers_are_filtered_by_their_type() -> None:
    descriptors = [{"artifactType": "a"}, {"artifactType": "b"}, {}]
    assert list(of_type(descriptors, "a")) == [{"artifactType": "a"}]
    assert list(of_type(descriptors, "")) == descriptors


def test_a_link_is_percent_encoded() -> None:
    assert render_next("/v2/a/tags/list", n="5", last="a&b+c") == '</v2/a/tags/list?n=5&last=a%26b%2Bc>; rel="next"'


def test_a_list_is_never_null() -> None:
    assert json.loads(render_tags("a", [])) == {"name": "a", "tags": []}
