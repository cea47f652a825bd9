import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.keys import check_key
from registry.errors import Invalid
from registry.protocols.oci.names import (
    DigestInvalid,
    NameInvalid,
    TagInvalid,
    is_digest,
    parse_digest,
    parse_reference,
    parse_repository,
    parse_tag,
)
from registry.protocols.oci.store.keys import Keys
from tests.builders.oci import digest_of


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "team/app",
        "a/b/c/d/e/f/g/h/i/j",
        "a.b",
        "a_b",
        "a__b",
        "a-b",
        "a---b",
        "0",
        "blobs/uploads/manifests",
        "tags/list",
    ],
)
def test_names_of_the_grammar_are_repositories(name: str) -> None:
    assert parse_repository(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "A",
        "a..b",
        "a._b",
        "a___b",
        "-a",
        "a-",
        "_a",
        ".",
        "..",
        "a/../b",
        "ä",
        "a b",
        "a\n",
        "a:b",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(NameInvalid):
        parse_repository(name)


def test_a_name_has_255_characters_at_most() -> None:
    long = "/".join(["abcdefg"] * 32)
    assert len(parse_repository(long)) == 255
    with pytest.raises(NameInvalid):
        parse_repository(long + "h")


def test_the_version_is_no_first_component() -> None:
    for name in ["v2", "v2/app"]:
        with pytest.raises(NameInvalid):
            parse_repository(name)
    assert parse_repository("team/v2") == "team/v2"


@pytest.mark.parametrize("text", ["v1", "_", "A.b-C_1", "1" * 128])
def test_tags_of_the_grammar(text: str) -> None:
    assert parse_tag(text) == text
    assert parse_reference(text) == text
    assert not is_digest(text)


@pytest.mark.parametrize("text", ["", ".a", "-a", "a b", "a/b", "ä", "1" * 129, "a\n"])
def test_other_tags_are_refused(text: str) -> None:
    with pytest.raises(TagInvalid):
        parse_tag(text)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_what_has_a_colon_is_a_digest(algorithm: str) -> None:
    digest = digest_of(b"", algorithm)
    assert parse_digest(digest) == parse_reference(digest) == digest
    assert is_digest(digest)


@pytest.mark.parametrize(
    "text",
    [
        "sha256:baddigeststring",
        "sha256:" + "a" * 63,
        "sha256:" + "A" * 64,
        "sha1:" + "a" * 40,
        "md5:" + "a" * 32,
        "sha256:../../etc/passwd",
        "sha512:" + "a" * 64,
        "sha256:" + "a" * 64 + "\n",
        "SHA256:" + "a" * 64,
        ":",
    ],
)
def test_other_digests_are_refused(text: str) -> None:
    with pytest.raises(DigestInvalid):
        parse_reference(text)


@given(st.text("ab019._-/AB%:é\x00\n", max_size=40))
def test_whatever_is_a_repository_is_a_key(text: str) -> None:
    try:
        name = parse_repository(text)
    except Invalid:
        return
    keys = Keys("oci")
    assert check_key(keys.repository(name)) == f"oci/repositories/{name}"
    assert keys.tag(name, parse_tag("V1")).endswith("/_tags/%561")
