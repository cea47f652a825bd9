import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.core.keys import MAX_SEGMENT, check_key, escape_segment, join_key, unescape_segment
from registry.errors import Invalid

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("left-pad", "left-pad"),
        ("@acme", "@acme"),
        ("1.0.0-rc.1+build~5", "1.0.0-rc.1+build~5"),
        ("snake_case", "snake_case"),
        ("_private", "%5fprivate"),
        ("__proto__", "%5f_proto__"),
        (".hidden", "%2ehidden"),
        ("trailing.", "trailing%2e"),
        (".", "%2e"),
        ("..", "%2e%2e"),
        ("...", "%2e.%2e"),
        ("JSONStream", "%4a%53%4f%4e%53tream"),
        ("a/b", "a%2fb"),
        ("a\\b", "a%5cb"),
        ("a%2fb", "a%252fb"),
        ("a b\n", "a%20b%0a"),
        ("nul\0", "nul%00"),
        ("ñ", "%c3%b1"),
    ],
)
def test_a_name_becomes_a_segment_and_comes_back(text: str, segment: str) -> None:
    assert escape_segment(text) == segment
    assert unescape_segment(segment) == text


@given(NAMES)
@example("A" * 128)
@example("_" + "É" * 70)
def test_every_name_comes_back_from_a_valid_key(name: str) -> None:
    segment = escape_segment(name)
    assert check_key(segment) == segment
    assert "/" not in segment
    assert not segment.startswith(("_", "."))
    assert unescape_segment(segment) == name


@given(st.text(alphabet="%aA_./25e\n", max_size=8))
def test_only_what_was_escaped_is_unescaped(segment: str) -> None:
    try:
        name = unescape_segment(segment)
    except Invalid:
        return
    assert escape_segment(name) == segment


@pytest.mark.parametrize(
    "segment",
    ["", "%", "%4", "%zz", "%41a%4B", "%61", "Upper", "_ours", ".", "a.", "%%", "%%0", "%%c5h66", "%ff", "a/b", "%%ñ"],
)
def test_a_segment_that_no_name_has_is_refused(segment: str) -> None:
    with pytest.raises(Invalid):
        unescape_segment(segment)


def test_names_that_differ_in_case_or_form_differ_in_key_when_case_is_ignored() -> None:
    names = ["foo", "Foo", "FOO", "nｕmpy", "numpy", "é", "e\u0301", "a", "а", "foo\u200b"]
    assert len({escape_segment(name).casefold() for name in names}) == len(names)


@pytest.mark.parametrize("name", ["a" * MAX_SEGMENT, "A" * 128, "A" * 80, "Z" * 148])
def test_a_long_name_is_stored(name: str) -> None:
    segment = escape_segment(name)
    assert len(segment) <= MAX_SEGMENT
    assert unescape_segment(check_key(segment)) == name


@pytest.mark.parametrize("name", ["", "a" * (MAX_SEGMENT + 1), "A" * 149, "\ud800"])
def test_a_name_that_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        escape_segment(name)


@pytest.mark.parametrize(
    "key", ["a", "npm/packages/@acme/left-pad/_ledger.jsonl", "blobs/sha256/ab/ab12.at", "a%2fb/%%c5h66", "x" * 240]
)
def test_keys_are_keys(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "a/./b",
        ".hidden",
        "a/.hidden",
        "a./b",
        "a.",
        "A",
        "a b",
        "a\n",
        "a\0",
        "a\\b",
        "a:b",
        "é",
        "x" * 241,
        "/".join(["a" * 100] * 9),
    ],
)
def test_anything_else_is_no_key(key: str) -> None:
    with pytest.raises(Invalid):
        check_key(key)


def test_segments_are_joined_and_checked() -> None:
    assert join_key("npm", "packages", escape_segment("A/b"), "_ledger.jsonl") == "npm/packages/%41%2fb/_ledger.jsonl"
    with pytest.raises(Invalid):
        join_key("npm", "..", "x")
    with pytest.raises(Invalid):
        join_key("npm", "")


@pytest.mark.parametrize("key", ["a/" * 100_000, "%" * 100_000, "." * 100_000, "a." * 440 + "/"])
def test_hostile_keys_are_refused_at_once(key: str) -> None:
    started = time.process_time()
    with pytest.raises(Invalid):
        check_key(key)
    assert time.process_time() - started < 0.05
