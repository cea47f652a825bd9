import json
from html.parser import HTMLParser

import pytest

from registry.core.digests import Digest
from registry.protocols.pypi.index import (
    About,
    File,
    Project,
    Status,
    describing_file,
    group_releases,
    is_tombstone,
    latest_version,
    list_files,
    list_versions,
    render_file_html,
    render_file_json,
    render_project_json,
    tombstone,
)
from registry.protocols.pypi.metadata import parse_metadata
from registry.protocols.pypi.names import ProjectName
from tests.builders.pypi import make_file, make_metadata
from tests.protocols.pypi import golden

DEMO = ProjectName("demo")
BASE_URL = "https://registry.example/pypi"
METADATA = Digest("sha256:" + "4d" * 32)


@pytest.mark.parametrize("name", sorted(golden.documents()))
def test_documents_are_as_kept(name: str) -> None:
    assert golden.readable(name, golden.documents()[name]) == (golden.DATA / name).read_bytes()


def test_a_file_survives_the_ledger() -> None:
    full = make_file(
        metadata=METADATA,
        provenance=METADATA,
        hashes={"md5": "00" * 16},
        requires_python=">=3.8",
        yanked="broken",
        uploader="ann",
        comment="x",
        about=About(summary="A demo", keywords=("a", "b"), license="MIT"),
    )
    for file in (full, make_file(), make_file(yanked=True)):
        assert File.from_entry(json.loads(json.dumps(file.to_entry()))) == file


def test_listings_get_a_few_words_of_the_metadata() -> None:
    core = parse_metadata(
        make_metadata(summary="s" * 600, keywords="a, b,,c", author_email="ann@example.com", license="MIT\n  and more")
    )
    about = About.from_metadata(core.fields)
    assert about == About("s" * 512, ("a", "b", "c"), "ann@example.com", "MIT")
    assert About.from_metadata(parse_metadata(make_metadata()).fields) == About()


def test_an_entry_names_all_its_blobs_and_nothing_empty() -> None:
    file = make_file(metadata=METADATA)
    assert file.to_entry() == {
        "key": "demo-1.0-py3-none-any.whl",
        "version": "1.0",
        "filetype": "bdist_wheel",
        "python": "py3",
        "size": 1234,
        "uploaded": "2026-01-02T03:04:05.123456Z",
        "blobs": {"file": file.digest, "metadata": METADATA},
    }


def test_a_tombstone_keeps_the_digest_and_offers_nothing() -> None:
    file = make_file()
    assert is_tombstone(tombstone(file))
    assert tombstone(file)["deleted"] == file.digest
    assert tombstone(file)["blobs"] == {}
    assert list_files([file.to_entry(), tombstone(make_file("demo-2.0.tar.gz", "2.0"))]) == [file]


def test_a_project_survives_the_ledger() -> None:
    project = Project(DEMO, "Demo", Status.ARCHIVED, "finished", "demo-1.0.tar.gz", 3)
    assert Project.from_state("demo", project.to_state(), 3) == project
    assert Project.from_state("demo", {}, 0) == Project(DEMO, "demo")


@pytest.mark.parametrize(
    ("status", "takes_uploads", "offers_files"),
    [("active", True, True), ("deprecated", True, True), ("archived", False, True), ("quarantined", False, False)],
)
def test_the_status_says_what_a_project_allows(status: str, *, takes_uploads: bool, offers_files: bool) -> None:
    project = Project(DEMO, "demo", Status(status))
    assert (project.takes_uploads, project.offers_files) == (takes_uploads, offers_files)


def test_versions_are_listed_once_as_spelled_first_lowest_first() -> None:
    assert list_versions(["1.10", "1.0.0", "1.0", "odd", "1.2"]) == ["odd", "1.0.0", "1.2", "1.10"]


def test_releases_group_files_of_equal_versions() -> None:
    wheel, sdist = make_file(version="1.0"), make_file("demo-1.0.0.tar.gz", "1.0.0")
    newer = make_file("demo-1.1.tar.gz", "1.1")
    assert group_releases([newer, wheel, sdist]) == {"1.0": [wheel, sdist], "1.1": [newer]}


@pytest.mark.parametrize(
    ("versions", "yanked", "latest"),
    [
        (["1.0", "1.10", "1.9"], [], "1.10"),
        (["1.0", "2.0rc1"], [], "1.0"),
        (["1.0", "2.0"], ["2.0"], "1.0"),
        (["1.0", "2.0rc1"], ["1.0"], "2.0rc1"),
        (["1.0", "2.0"], ["1.0", "2.0"], "2.0"),
        (["legacy"], [], "legacy"),
        ([], [], None),
    ],
)
def test_the_latest_release_is_the_one_to_install(versions: list[str], yanked: list[str], latest: str | None) -> None:
    files = [make_file(f"demo-{version}.tar.gz", version, yanked=version in yanked) for version in versions]
    assert latest_version(group_releases(files)) == latest


def test_a_release_is_not_yanked_while_one_file_of_it_is_not() -> None:
    files = [make_file(version="2.0", yanked=True), make_file("demo-2.0.tar.gz", "2.0"), make_file("d", "1.0")]
    assert latest_version(group_releases(files)) == "2.0"


def test_the_wheel_describes_a_release_rather_than_the_sdist() -> None:
    sdist, wheel = make_file("demo-1.0.tar.gz", metadata=METADATA), make_file(metadata=METADATA)
    assert describing_file([sdist, wheel]) == wheel
    assert describing_file([sdist]) == sdist
    assert describing_file([make_file()]) is None


def test_json_never_has_the_key_that_crashes_old_pip() -> None:
    assert b"dist-info-metadata" not in render_file_json(make_file(metadata=METADATA), DEMO, BASE_URL)


def test_the_metadata_of_an_sdist_is_not_advertised() -> None:
    sdist = make_file("demo-1.0.tar.gz", metadata=METADATA)
    assert json.loads(render_file_json(sdist, DEMO, BASE_URL))["core-metadata"] is False
    assert b"metadata" not in render_file_html(sdist, DEMO, BASE_URL)


def test_a_project_without_files_has_a_valid_page() -> None:
    page = json.loads(render_project_json(Project(DEMO, "Demo"), [], []))
    assert (page["versions"], page["files"], page["name"]) == ([], [], "demo")


@pytest.mark.parametrize("reason", ['it\'s "bad" & <b>', "</a><script>alert(1)</script>", "ü"])
def test_html_attributes_say_what_was_stored(reason: str) -> None:
    seen: list[dict[str, str | None]] = []

    class Anchors(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag in {"a", "br"}
            seen.append(dict(attrs))

    Anchors().feed(render_file_html(make_file(yanked=reason), DEMO, BASE_URL).decode())
    assert seen[0]["data-yanked"] == reason
