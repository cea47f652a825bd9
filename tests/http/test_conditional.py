import pytest

from registry.errors import RangeNotSatisfiable
from registry.http.conditional import etag_matches, http_date, is_not_modified, parse_range, range_applies


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"x", "a"', "*", '"a-gzip"', 'W/"a;gzip"', '"a--gzip"'])
def test_an_etag_is_recognised_weakly_in_lists_and_with_the_suffixes_of_proxies(header: str) -> None:
    assert etag_matches(header, '"a"')


@pytest.mark.parametrize("header", ["", None, '"b"', "a", '"a', 'W/"b", "c"'])
def test_another_etag_does_not_match(header: str | None) -> None:
    assert not etag_matches(header, '"a"')


def test_a_date_counts_only_without_if_none_match() -> None:
    assert is_not_modified(None, http_date(1000), ('"a"',), 1000)
    assert not is_not_modified('"b"', http_date(1000), ('"a"',), 1000)
    assert not is_not_modified(None, http_date(999), ('"a"',), 1000)
    assert not is_not_modified(None, "yesterday", ('"a"',), 1000)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=90-1000", (90, 100)),
        ("Bytes=5-5", (5, 6)),
        ("bytes=0-1,3-4", None),
        ("lines=0-9", None),
        ("bytes=-", None),
        (None, None),
        ("bytes=" + "9" * 5000, None),
    ],
)
def test_a_range_is_clipped_and_a_malformed_one_ignored(header: str | None, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=100-", 100), ("bytes=200-300", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=9-5", 100)],
)
def test_a_range_outside_the_object_is_refused_with_its_size(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as refusal:
        parse_range(header, size)
    assert refusal.value.headers["Content-Range"] == f"bytes */{size}"


def test_if_range_compares_strongly() -> None:
    assert range_applies(None, '"a"', 0)
    assert range_applies('"a"', '"a"', 0)
    assert not range_applies('W/"a"', '"a"', 0)
    assert range_applies(http_date(1000), '"a"', 1000)
    assert not range_applies(http_date(1001), '"a"', 1000)
