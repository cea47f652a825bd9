import base64
import hashlib
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.limits import ArchiveInvalid, ArchiveLimits
from registry.protocols.npm.artifact import (
    PublicationInvalid,
    check_agreement,
    check_claims,
    integrity_of,
    package_url,
    read_publication,
    read_tarball,
)
from registry.protocols.npm.names import parse_name
from registry.protocols.npm.versions import TagInvalid, VersionInvalid, check_tag, check_version, choose_latest
from tests.builders.npm import make_document, make_manifest, make_tar_gz, make_tarball

DEMO = parse_name("demo")
DOCUMENT = ["_id", "name", "versions", "dist-tags", "access", "readme", "_attachments"]
RANGES = st.sampled_from(["1", "^1.0.0", "~2", "*", ">=1 <2", "npm:other@1", "file:../x", "https://x.y/z.tgz"])
DEPENDENCIES = st.dictionaries(st.sampled_from(["a", "b", "@c/d"]), RANGES, max_size=3)


def digests(data: bytes) -> dict[str, str]:
    return {name: hashlib.new(name, data).hexdigest() for name in ("sha1", "sha256", "sha512")}


def test_a_document_is_read_without_what_the_registry_knows_better() -> None:
    document = make_document(manifest={"_resolved": "/home/me", "maintainers": [{"name": "evil"}], "deprecated": "no"})
    publication = read_publication(document, DEMO)
    assert publication.manifest == {
        **make_manifest(),
        "readmeFilename": "README.md",
        "_nodeVersion": "22.0.0",
        "_npmVersion": "11.0.0",
    }
    assert (publication.version, publication.tags, publication.access) == ("1.0.0", ("latest",), None)
    assert (publication.readme, publication.deprecated) == ("# demo\n", "no")
    assert publication.length == len(make_tarball())


def test_the_readme_may_be_in_the_document_as_yarn_has_it() -> None:
    document = make_document(manifest={"readme": None}, readme="# top\n")
    assert read_publication(document, DEMO).readme == "# top\n"


def test_a_document_without_tags_means_latest() -> None:
    for tags in (None, dict[str, str]()):
        assert read_publication({**make_document(), "dist-tags": tags}, DEMO).tags == ("latest",)


@given(
    st.dictionaries(
        st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none() | st.lists(st.none()), max_size=4
    )
)
def test_no_document_whatever_breaks_the_reader(odd: dict[str, Any]) -> None:
    document = {**make_document(), **odd}
    with suppress(PublicationInvalid, VersionInvalid, TagInvalid):
        read_publication(document, DEMO)


def test_digests_are_compared_with_the_bytes() -> None:
    data = make_tarball()
    publication = read_publication(make_document(), DEMO)
    check_claims(publication, len(data), digests(data))
    with pytest.raises(PublicationInvalid, match="bytes"):
        check_claims(publication, len(data) + 1, digests(data))
    with pytest.raises(PublicationInvalid, match="SHA-1"):
        check_claims(publication, len(data), {**digests(data), "sha1": "0" * 40})
    with pytest.raises(PublicationInvalid, match="sha512"):
        check_claims(publication, len(data), {**digests(data), "sha512": "0" * 128})


def test_every_digest_of_several_has_to_be_right() -> None:
    data = make_tarball()
    known = digests(data)
    sha256 = "sha256-" + base64.b64encode(bytes.fromhex(known["sha256"])).decode()
    good = f"{sha256} sha384-AAAA {integrity_of(known['sha512'])}?opt"
    check_claims(read_publication(make_document(dist={"integrity": good}), DEMO), len(data), known)
    bad = f"{integrity_of(known['sha512'])} sha256-AAAA"
    with pytest.raises(PublicationInvalid):
        check_claims(read_publication(make_document(dist={"integrity": bad}), DEMO), len(data), known)


def test_claims_may_be_missing() -> None:
    data = make_tarball()
    check_claims(read_publication(make_document(manifest={"dist": None}), DEMO), len(data), digests(data))


def test_a_tarball_is_counted_and_its_package_json_read() -> None:
    packed = read_tarball(io.BytesIO(make_tarball(files={"package/binding.gyp": b"{}", "package/a/b.js": b"12345"})))
    assert packed.package_json == make_manifest()
    assert (packed.files, packed.has_gyp, packed.has_shrinkwrap) == (4, True, False)


def test_the_top_directory_may_have_any_name() -> None:
    assert read_tarball(io.BytesIO(make_tarball(top="demo-1.0.0"))).package_json["name"] == "demo"


def test_a_byte_order_mark_before_package_json_is_passed_over() -> None:
    data = make_tarball(b'\xef\xbb\xbf{"name":"demo"}')
    assert read_tarball(io.BytesIO(data)).package_json == {"name": "demo"}


def test_limits_hold() -> None:
    data = make_tar_gz({f"package/{number}": b"" for number in range(20)})
    with pytest.raises(ArchiveInvalid):
        read_tarball(io.BytesIO(data), ArchiveLimits(max_entries=10))
    with pytest.raises(ArchiveInvalid):
        read_tarball(io.BytesIO(make_tarball()), ArchiveLimits(max_unpacked=1000))


@given(st.binary(max_size=200))
def test_no_bytes_whatever_break_the_reader(data: bytes) -> None:
    with pytest.raises((PublicationInvalid, ArchiveInvalid)):
        read_tarball(io.BytesIO(data))


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_tarball_is_refused_or_says_the_same(position: int, byte: int) -> None:
    data = bytearray(make_tarball())
    position %= len(data)
    data[position] = byte
    try:
        packed = read_tarball(io.BytesIO(bytes(data)))
    except (PublicationInvalid, ArchiveInvalid):
        return
    assert packed.package_json == make_manifest()


@given(DEPENDENCIES, DEPENDENCIES, DEPENDENCIES)
def test_a_manifest_agrees_with_itself(
    dependencies: dict[str, str], optional: dict[str, str], peers: dict[str, str]
) -> None:
    manifest = make_manifest(dependencies=dependencies, optionalDependencies=optional, peerDependencies=peers)
    check_agreement(manifest, manifest)
    merged = {**manifest, "dependencies": {**dependencies, **optional}}
    check_agreement(merged, manifest)


@given(DEPENDENCIES, DEPENDENCIES, st.sampled_from(["dependencies", "peerDependencies", "optionalDependencies"]))
def test_other_dependencies_never_agree(one: dict[str, str], other: dict[str, str], field: str) -> None:
    if one != other:
        with pytest.raises(PublicationInvalid, match="ependencies"):
            check_agreement({**make_manifest(), field: one}, {**make_manifest(), field: other})


@pytest.mark.parametrize(
    ("sent", "packed"),
    [
        ("github:user/repo", "user/repo"),
        ("github:user/repo#v1", "user/repo#v1"),
        ("git+ssh://git@github.com/user/repo.git", "git@github.com:user/repo.git"),
        ("git+https://github.com/user/repo.git", "https://github.com/user/repo"),
        ("gitlab:user/repo", "git+https://gitlab.com/user/repo.git"),
    ],
)
def test_spellings_of_a_repository_mean_the_same(sent: str, packed: str) -> None:
    check_agreement(make_manifest(dependencies={"a": sent}), make_manifest(dependencies={"a": packed}))


@pytest.mark.parametrize(
    ("sent", "packed"),
    [
        ("github:user/repo", "user/other"),
        ("github:user/repo", "gitlab:user/repo"),
        ("github:user/repo#a", "user/repo#b"),
        ("https://evil.com/user/repo", "user/repo"),
        ("https://github.com.evil.com/user/repo", "user/repo"),
        ("git+https://evil.com/github.com/user/repo", "https://github.com/user/repo"),
    ],
)
def test_other_repositories_do_not(sent: str, packed: str) -> None:
    with pytest.raises(PublicationInvalid):
        check_agreement(make_manifest(dependencies={"a": sent}), make_manifest(dependencies={"a": packed}))


def test_a_program_is_named_after_its_package() -> None:
    check_agreement(make_manifest("@a/demo", bin={"demo": "cli.js"}), make_manifest("@a/demo", bin="./cli.js"))
    with pytest.raises(PublicationInvalid, match="bin"):
        check_agreement(make_manifest(bin={"sudo": "cli.js"}), make_manifest(bin="cli.js"))


def test_versions_are_strict_and_tags_no_ranges() -> None:
    assert check_version("1.0.0-rc.1+b") == "1.0.0-rc.1+b"
    for wrong in ("1.0", "v1.0.0", "01.0.0", " 1.0.0", "", None, 1, "1.0.0\n"):
        with pytest.raises(VersionInvalid):
            check_version(wrong)
    assert check_tag("next-11") == "next-11"
    for wrong in ("1", "x", "^1", "", "a b", "a/b", "a\\b", "__proto__"):
        with pytest.raises(TagInvalid):
            check_tag(wrong)
    assert choose_latest(["1.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0"]) == "1.10.0"


def test_a_package_url_escapes_the_scope() -> None:
    assert package_url(parse_name("@acme/demo"), "1.0.0+b") == "pkg:npm/%40acme/demo@1.0.0%2Bb"
