import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protocols.pypi.versions import (
    VersionInvalid,
    is_prerelease,
    normalize_version,
    parse_version,
    usable_specifier,
    version_key,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.0", "1.0.0"), ("1", "v1.0"), ("1.0-1", "1.0.post1"), ("1.0ALPHA1", "1.0a1"), ("1.0+CU-121", "1.0+cu.121")],
)
def test_two_spellings_of_a_version_are_one_release(one: str, other: str) -> None:
    assert normalize_version(one) == normalize_version(other)


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0+cu121"), ("1.0", "1!1.0"), ("1.0", "1.0.1"), ("1", "10")])
def test_different_versions_are_different_releases(one: str, other: str) -> None:
    assert normalize_version(one) != normalize_version(other)


@pytest.mark.parametrize("text", ["", "one", "1.0_1", "1.0 ", " 1.0", "1.0\n", "1.0/2", "١.٠", "1" * 129])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(VersionInvalid):
        parse_version(text)


def test_versions_sort_as_pep_440_says_and_legacy_ones_first() -> None:
    ordered = ["2004d", "final", "1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0+local", "1.0.post1", "1.10", "1!0.1"]
    shuffled = list(set(ordered))
    assert sorted(shuffled, key=version_key) == ordered


@given(st.lists(st.one_of(st.text(), st.from_regex(r"[0-9]{1,3}([._-]?[a-z0-9+!]{1,4}){0,4}", fullmatch=True))))
def test_any_list_of_versions_has_one_order(texts: list[str]) -> None:
    ordered = sorted(texts, key=version_key)
    assert sorted(set(texts), key=version_key) == list(dict.fromkeys(ordered))


@given(st.text())
def test_any_text_has_a_normal_form(text: str) -> None:
    assert normalize_version(normalize_version(text)) == normalize_version(text)


@pytest.mark.parametrize(("text", "expected"), [("1.0", False), ("1.0.post1", False), ("1.0rc1", True), ("x", True)])
def test_a_prerelease_is_told_from_a_final_release(text: str, expected: bool) -> None:
    assert is_prerelease(text) is expected


@pytest.mark.parametrize(("text", "expected"), [(">=3.8", ">=3.8"), ("", None), (None, None), (">=3.8.*", None)])
def test_a_specifier_counts_only_where_installers_can_read_it(text: str | None, expected: str | None) -> None:
    assert usable_specifier(text) == expected


@pytest.mark.parametrize("text", ["0" * 50_000, "1." * 25_000, "1+" + "a." * 25_000, ">=" * 25_000])
def test_no_version_takes_long_to_read(text: str) -> None:
    started = time.process_time()
    version_key(text)
    normalize_version(text)
    usable_specifier(text)
    assert time.process_time() - started < 0.05
