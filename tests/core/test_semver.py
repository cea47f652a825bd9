import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.semver import coerce_latest, is_semver, is_semver_range, parse_semver
from registry.errors import Invalid

ASCENDING = [
    "0.0.0-0",
    "0.0.0",
    "0.9.10",
    "0.10.0-9.9",
    "1.0.0--",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-0",
    "1.0.1-1",
    "1.0.1-1.0",
    "1.0.1-10",
    "1.0.1-1a",
    "1.0.1-A",
    "1.0.1-a",
    "1.0.1",
    "2.0.0",
    "10.0.0",
    "99999999999999999999.0.0",
]

IDENTIFIERS = st.from_regex(r"0|[1-9][0-9]{0,3}|[0-9]{0,2}[a-zA-Z-][0-9a-zA-Z-]{0,3}", fullmatch=True)
NUMBERS = st.integers(min_value=0, max_value=10**20)


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, tuple[int, int, int], tuple[str, ...], tuple[str, ...]]:
    numbers = draw(st.tuples(NUMBERS, NUMBERS, NUMBERS))
    prerelease = draw(st.lists(IDENTIFIERS, max_size=4))
    build = draw(st.lists(st.from_regex(r"[0-9a-zA-Z-]{1,4}", fullmatch=True), max_size=4))
    text = ".".join(map(str, numbers)) + "-" * bool(prerelease) + ".".join(prerelease)
    return text + "+" * bool(build) + ".".join(build), numbers, tuple(prerelease), tuple(build)


@given(versions())
def test_a_version_is_taken_apart(
    spelled: tuple[str, tuple[int, int, int], tuple[str, ...], tuple[str, ...]],
) -> None:
    text, numbers, prerelease, build = spelled
    version = parse_semver(text)
    assert (version.major, version.minor, version.patch) == numbers
    assert version.prerelease == prerelease
    assert version.build == build
    assert is_semver(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "=1.2.3",
        " 1.2.3",
        "1.2.3\n",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.x",
        "-1.2.3",
        "1.2.-3",
        "1.2.3-",
        "1.2.3-a.",
        "1.2.3-.a",
        "1.2.3-a..b",
        "1.2.3-01",
        "1.2.3-a.00",
        "1.2.3+",
        "1.2.3+a..b",
        "1.2.3+a+b",
        "1.2.3-a_b",
        "1.2.3beta",
        "1.2.3-é",
        "١.2.3",
        "1.2.3-²",
        "1.2.3-" + "a" * 251,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert not is_semver(text)
    with pytest.raises(Invalid):
        parse_semver(text)


def test_a_version_may_have_256_characters() -> None:
    assert is_semver("1.2.3-" + "a" * 250)


def test_versions_are_ordered_by_precedence() -> None:
    for lower, higher in itertools.combinations(ASCENDING, 2):
        assert parse_semver(lower) < parse_semver(higher)
        assert parse_semver(lower) != parse_semver(higher)


def test_build_metadata_does_not_count() -> None:
    assert parse_semver("1.0.0+a") == parse_semver("1.0.0+b.2") == parse_semver("1.0.0")
    assert len({parse_semver("1.0.0+a"), parse_semver("1.0.0")}) == 1


@pytest.mark.parametrize(
    ("given_versions", "latest"),
    [
        (["1.0.0"], "1.0.0"),
        (["1.9.0", "1.10.0", "1.2.0"], "1.10.0"),
        (["1.0.0", "2.0.0-rc.1"], "1.0.0"),
        (["2.0.0-rc.2", "2.0.0-rc.10", "1.0.0-z"], "2.0.0-rc.10"),
        (["1.0.0+old", "0.9.0"], "1.0.0+old"),
    ],
)
def test_latest_is_the_highest_release_or_else_the_highest(given_versions: list[str], latest: str) -> None:
    assert coerce_latest(given_versions) == latest
    assert coerce_latest(reversed(given_versions)) == latest


def test_latest_of_nothing_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="empty"):
        coerce_latest([])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1",
        "v1",
        "=1",
        "0",
        "1.2",
        "v1.2",
        "1.2.3",
        "v1.2.3",
        "1.2.3-rc.1",
        "1.2.3+build",
        "1.x+build",
        "x",
        "X",
        "*",
        "1.x",
        "1.2.*",
        "1.x.x",
        ">1",
        "> 1.2",
        ">=1 <2",
        ">=1.2.3 <2.0.0-0",
        ">*",
        "<=v1.2",
        "=v1.2.3",
        "~1",
        "~ 1.2",
        "~>1.2.3",
        "^1",
        "^ 1.2.3-beta.4",
        "^x",
        "1 - 2",
        "1.2.3 - 2.x",
        "  1.2   -   2 ",
        "1.2\t- 2",
        "||",
        "1 || 2",
        "1||>=2.5.0||5.0.0 - 7.2.3",
        "<1.2.3 || ",
        "20240101",
        "9007199254740990",
        "+build",
        "1.2.3*",
        "1.2.3-99999999999999999999",
    ],
)
def test_what_npm_reads_as_a_range_is_one(text: str) -> None:
    assert is_semver_range(text)


@pytest.mark.parametrize(
    "text",
    [
        "latest",
        "next",
        "beta-1",
        "release-1.0",
        "1.2.3.4",
        "01",
        "1.02",
        "1.2.3beta",
        "1.2.3-01",
        "1-beta",
        "1.2-beta",
        "v",
        "vx.y",
        "xx",
        "1,2",
        "1.",
        ".1",
        ">1<2",
        "> = 1",
        ">",
        "^",
        "1 -2",
        "1 - ",
        "1 - 2 - 3",
        "1 | 2",
        "1 || latest",
        "latest || 1",
        "!1",
        "20240101123045123",
        "99999999999999999999",
        "1.99999999999999999999",
        "__proto__",
        "stable+1",
    ],
)
def test_what_npm_reads_as_a_tag_is_no_range(text: str) -> None:
    assert not is_semver_range(text)


@given(versions())
def test_every_version_that_javascript_can_count_is_a_range(
    spelled: tuple[str, tuple[int, int, int], tuple[str, ...], tuple[str, ...]],
) -> None:
    text, numbers, _, _ = spelled
    assert is_semver_range(text) == is_semver_range("v" + text) == (max(numbers) < 10**16)


@pytest.mark.parametrize(
    "unit",
    ["0", "9", "1.", "1-", "a.", "1 ", " ", "\t1", "x*", "*", "v", "=", "~ ", "^", "+a", "1 - ", "||", "1.2.3-a."],
)
def test_long_versions_and_ranges_take_no_time(unit: str) -> None:
    started = time.process_time()
    for text in (unit * 10_000, "1.2.3-" + unit * 10_000, "1.2.3+" + unit * 10_000, unit * 10_000 + "!"):
        assert not is_semver(text)
        is_semver_range(text)
    assert time.process_time() - started < 0.2
