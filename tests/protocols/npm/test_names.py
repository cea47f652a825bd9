import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.keys import escape_segment
from registry.protocols.npm.names import (
    NameInvalid,
    base_name,
    check_new_name,
    parse_name,
    scope_of,
    tarball_filename,
    version_in_filename,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
NEW = st.from_regex(r"(@[a-z0-9][a-z0-9._-]{0,20}/)?[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    "name", ["a", "left-pad", "JSONStream", "@acme/x", "@a/b.c", "lodash.merge", "crypto-js", "a'b"]
)
def test_names_old_and_new_can_be_looked_up(name: str) -> None:
    assert parse_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        "a/b",
        "@a",
        "@/a",
        "@a/",
        "@a/b/c",
        "..",
        ".",
        "@../a",
        "@a/..",
        "a b",
        "a%2fb",
        "é",
        "a\n",
        "a\0",
        "a:b",
        "a" * 215,
        "@a@b/c",
        "a\\b",
    ],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(NameInvalid):
        parse_name(name)


@pytest.mark.parametrize("name", ["a", "left-pad", "@acme/x", "@acme/_x", "@acme/fs", "lodash.merge", "123", "a_b"])
def test_names_of_new_packages(name: str) -> None:
    assert check_new_name(parse_name(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        *["JSONStream", "fs", "node_modules", "favicon.ico", "constructor", "_a", ".a", "a'b", "a!", "con", "aux.js"],
        *["@Acme/x", "@acme/.x", "@acme/-x", "@_a/x", "@.a/x", "@acme/nul", "a.", "__proto__", "com1"],
    ],
)
def test_some_names_are_only_looked_up(name: str) -> None:
    with pytest.raises(NameInvalid):
        check_new_name(parse_name(name))


def test_a_name_has_a_scope_and_a_base() -> None:
    assert (scope_of(parse_name("@acme/x")), base_name(parse_name("@acme/x"))) == ("acme", "x")
    assert (scope_of(parse_name("x")), base_name(parse_name("x"))) == ("", "x")


@given(NEW, st.from_regex(r"[0-9]\.[0-9]\.[0-9](-[a-z0-9-]{1,5}\.[1-9])?", fullmatch=True))
def test_the_version_comes_back_out_of_the_name_of_a_tarball(text: str, version: str) -> None:
    name = parse_name(text)
    assert version_in_filename(name, tarball_filename(name, version)) == version


def test_no_tarball_belongs_to_two_packages() -> None:
    filename = tarball_filename(parse_name("foo-bar"), "1.0.0")
    assert version_in_filename(parse_name("foo"), filename) == "bar-1.0.0"
    assert version_in_filename(parse_name("foo-bar"), "foo-1.0.0.tgz") == ""


@given(NEW)
def test_every_name_makes_keys_of_its_own(name: str) -> None:
    assert all(escape_segment(segment) for segment in parse_name(name).split("/"))


@pytest.mark.parametrize("text", ["@" * 50_000, "a/" * 50_000, "0" * 50_000, "@" + "a" * 50_000 + "/"])
def test_long_names_are_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(NameInvalid):
        parse_name(text)
    assert time.process_time() - started < 0.05
