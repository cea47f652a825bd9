import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from registry.auth.actor import Actor
from registry.catalog.catalog import Catalog
from registry.catalog.search import Query
from registry.core.digests import sha256_digest
from registry.errors import AlreadyExists, DigestMismatch, Forbidden, Gone, Invalid, NotFound
from registry.protocols.pypi.artifact import DIGEST_FIELDS, parse_form
from registry.protocols.pypi.index import SIMPLE_JSON, Status
from registry.protocols.pypi.names import ProjectName
from registry.protocols.pypi.store import Projects, of_name, of_release, read_listing
from registry.storage.driver import Driver
from registry.storage.storage import Storage
from tests.builders.catalog import WatchedDriver
from tests.builders.pypi import (
    make_attestation,
    make_form,
    make_metadata,
    make_sdist,
    make_wheel,
    sdist_filename,
    wheel_filename,
)

ANN = Actor("ann", ())
DEMO = ProjectName("demo")
BASE_URL = "http://localhost/pypi"


@pytest.fixture
def publish(projects: Projects, storage: Storage) -> Any:
    def publish(
        data: bytes | None = None, filename: str = "", name: str = "demo", version: str = "1.0", **form: Any
    ) -> None:
        data = make_wheel(name, version) if data is None else data
        filename = filename or wheel_filename(name, version)
        fields = make_form(data, name, version, **form)
        with storage.blobs.stage([data], DIGEST_FIELDS) as staged:
            projects.publish(parse_form(fields), filename, staged, ANN)

    return publish


def simple(projects: Projects, name: ProjectName = DEMO) -> Any:
    return json.loads(projects.page(name, SIMPLE_JSON, BASE_URL).body)


def document(projects: Projects, version: str = "") -> Any:
    found = projects.release_document(DEMO, version, BASE_URL) if version else projects.document(DEMO, BASE_URL)
    return json.loads(found.body)


def names(projects: Projects) -> list[str]:
    return [project["name"] for project in json.loads(projects.list(SIMPLE_JSON).body)["projects"]]


def blobs(storage: Storage) -> set[str]:
    return {digest for digest, _ in storage.blobs.list()}


def test_a_wheel_is_published_with_its_metadata(projects: Projects, storage: Storage, publish: Any) -> None:
    data = make_wheel("Demo", requires_python=">=3.8")
    publish(data, name="Demo")
    file = projects.file(DEMO, wheel_filename())
    assert storage.blobs.read(file.digest, 10**6) == data
    assert file.metadata
    assert storage.blobs.read(file.metadata, 10**6) == make_metadata("Demo", requires_python=">=3.8")
    assert (file.size, file.uploaded, file.uploader) == (len(data), "2026-01-02T03:04:05.123456Z", "ann")
    assert (file.requires_python, set(file.hashes)) == (">=3.8", {"md5", "blake2b_256"})
    assert blobs(storage) == {file.digest, file.metadata}
    assert names(projects) == ["Demo"]


def test_the_page_offers_what_was_published(projects: Projects, publish: Any) -> None:
    publish()
    publish(make_sdist(version="1.1"), sdist_filename(version="1.1"), version="1.1", filetype="sdist")
    page = simple(projects)
    assert [file["filename"] for file in page["files"]] == [wheel_filename(), sdist_filename(version="1.1")]
    assert page["versions"] == ["1.0", "1.1"]
    assert [bool(file["core-metadata"]) for file in page["files"]] == [True, False]


def test_an_unreadable_requires_python_stays_out_of_the_index(projects: Projects, publish: Any) -> None:
    publish(make_wheel(requires_python=">=3.8.*"))
    assert "requires-python" not in simple(projects)["files"][0]
    assert document(projects)["info"]["requires_python"] == ">=3.8.*"


def test_the_same_file_may_be_published_again(catalog: Catalog, projects: Projects, publish: Any) -> None:
    publish()
    before = catalog.package(DEMO)
    publish()
    after = catalog.package(DEMO)
    assert before
    assert after
    assert before.token == after.token
    assert len(simple(projects)["files"]) == 1


def test_a_file_is_never_replaced(projects: Projects, storage: Storage, publish: Any) -> None:
    publish()
    before = blobs(storage)
    with pytest.raises(AlreadyExists, match="File already exists"):
        publish(make_wheel(summary="other"))
    assert blobs(storage) == before
    assert simple(projects)["files"][0]["hashes"]["sha256"] == sha256_digest(make_wheel())[7:]


@pytest.mark.parametrize(
    ("odd", "error"),
    [
        ({"md5_digest": "00" * 16}, DigestMismatch),
        ({"sha256_digest": "00" * 32}, DigestMismatch),
        ({"data": make_wheel("other")}, Invalid),
        ({"filename": "../demo-1.0-py3-none-any.whl"}, Invalid),
        ({"attestations": json.dumps([make_attestation("other.whl", "00" * 32)])}, Invalid),
    ],
)
def test_nothing_is_kept_of_what_is_refused(
    projects: Projects, storage: Storage, publish: Any, odd: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        publish(**odd)
    assert list(storage.list("")) == []


def test_versions_that_are_equal_are_one_release(projects: Projects, publish: Any) -> None:
    publish()
    publish(make_sdist(version="1.0.0"), sdist_filename(version="1.0.0"), version="1.0.0", filetype="sdist")
    assert simple(projects)["versions"] == ["1.0"]
    assert len(document(projects, "1")["urls"]) == 2


def test_attestations_are_handed_on(projects: Projects, storage: Storage, publish: Any) -> None:
    data = make_wheel()
    attestation = make_attestation(wheel_filename(), sha256_digest(data)[7:])
    publish(data, attestations=json.dumps([attestation]))
    file = projects.file(DEMO, wheel_filename())
    assert file.provenance
    provenance = json.loads(storage.blobs.read(file.provenance, 10**6))
    assert provenance["attestation_bundles"][0]["attestations"] == [attestation]
    assert simple(projects)["files"][0]["provenance"].startswith("http://localhost/pypi/packages/demo/")


def test_the_json_document_speaks_of_the_latest_release(projects: Projects, publish: Any) -> None:
    for version in ("1.1", "1.0", "2.0rc1"):
        publish(make_wheel(version=version, summary=f"is {version}"), version=version)
    info = document(projects)["info"]
    assert (info["version"], info["summary"]) == ("1.1", "is 1.1")
    assert list(document(projects)["releases"]) == ["1.0", "1.1", "2.0rc1"]
    assert document(projects, "2.0.rc1")["info"]["summary"] == "is 2.0rc1"


def test_an_old_sdist_without_metadata_has_documents_too(projects: Projects, publish: Any) -> None:
    publish(make_sdist(omit=["PKG-INFO"]), sdist_filename(), filetype="sdist")
    assert document(projects)["info"]["name"] == "demo"
    assert document(projects, "1.0")["info"]["summary"] is None


def test_a_yanked_file_stays_on_offer_and_says_so(projects: Projects, publish: Any) -> None:
    publish()
    publish(make_sdist(), sdist_filename(), filetype="sdist")
    projects.yank(DEMO, of_release("1.0.0"), "broken", ANN)
    assert [file["yanked"] for file in simple(projects)["files"]] == ["broken", "broken"]
    projects.unyank(DEMO, of_name(sdist_filename()), ANN)
    projects.yank(DEMO, of_name(wheel_filename()), "", ANN)
    assert [file["yanked"] for file in simple(projects)["files"]] == [True, False]


def test_a_yank_changes_which_release_is_the_latest(catalog: Catalog, projects: Projects, publish: Any) -> None:
    publish()
    publish(version="2.0")
    assert [listing.version for listing in catalog.listings()] == ["2.0"]
    projects.yank(DEMO, of_release("2.0"), "", ANN)
    assert [listing.version for listing in catalog.listings()] == ["1.0"]
    projects.unyank(DEMO, of_release("2.0"), ANN)
    assert document(projects)["info"]["version"] == "2.0"


def test_yanking_twice_changes_nothing(catalog: Catalog, projects: Projects, publish: Any) -> None:
    publish()
    for _ in range(2):
        projects.yank(DEMO, of_release("1.0"), "broken", ANN)
    ledger = catalog.package(DEMO)
    assert ledger
    assert ledger.revision == 2


def test_a_deleted_file_is_gone_and_its_name_is_taken(projects: Projects, publish: Any) -> None:
    publish()
    projects.delete(DEMO, of_name(wheel_filename()), ANN)
    with pytest.raises(Gone):
        projects.file(DEMO, wheel_filename())
    with pytest.raises(AlreadyExists):
        publish(make_wheel(summary="other"))
    assert simple(projects)["files"] == []
    assert names(projects) == []
    with pytest.raises(NotFound):
        document(projects)


def test_a_deleted_file_may_come_back_as_it_was(projects: Projects, publish: Any) -> None:
    publish()
    projects.delete(DEMO, of_release("1.0"), ANN)
    publish()
    assert [file["filename"] for file in simple(projects)["files"]] == [wheel_filename()]
    assert names(projects) == ["demo"]


def test_what_is_not_there_is_not_found(projects: Projects, publish: Any) -> None:
    other = ProjectName("other")
    publish()
    for look in (
        lambda: simple(projects, other),
        lambda: projects.document(other, BASE_URL),
        lambda: projects.file(other, wheel_filename()),
        lambda: projects.file(DEMO, sdist_filename()),
        lambda: document(projects, "1.1"),
        lambda: projects.yank(DEMO, of_release("1.1"), "", ANN),
        lambda: projects.delete(other, of_release("1.0"), ANN),
        lambda: projects.set_status(other, Status.ARCHIVED, "", ANN),
    ):
        with pytest.raises(NotFound):
            look()
    assert names(projects) == ["demo"]


def test_an_archived_project_takes_no_uploads_but_repeated_ones(projects: Projects, publish: Any) -> None:
    publish()
    projects.set_status(DEMO, Status.ARCHIVED, "finished", ANN)
    publish()
    with pytest.raises(Forbidden):
        publish(version="1.1")
    page = simple(projects)
    assert page["project-status"] == {"status": "archived", "reason": "finished"}
    assert len(page["files"]) == 1


def test_a_quarantined_project_offers_nothing(projects: Projects, publish: Any) -> None:
    publish()
    projects.set_status(DEMO, Status.QUARANTINED, "", ANN)
    page = simple(projects)
    assert (page["files"], page["versions"]) == ([], [])
    assert names(projects) == []
    for look in (
        lambda: projects.file(DEMO, wheel_filename()),
        lambda: document(projects),
        lambda: document(projects, "1"),
    ):
        with pytest.raises(NotFound):
            look()
    projects.set_status(DEMO, Status.ACTIVE, "", ANN)
    assert names(projects) == ["demo"]


def test_a_list_may_be_cut_to_what_is_visible(projects: Projects, publish: Any) -> None:
    publish(name="Alpha")
    publish(name="Beta")
    page = json.loads(projects.list(SIMPLE_JSON, lambda name: name == "beta").body)
    assert page["projects"] == [{"name": "Beta"}]


def test_search_finds_a_project_by_its_words(catalog: Catalog, publish: Any) -> None:
    publish(make_wheel(summary="Counts sheep", keywords="sleep,night", license="MIT"))
    found = catalog.search(Query("sheep")).listings
    assert [(each.name, each.keywords, each.license, each.publisher) for each in found] == [
        ("demo", ("sleep", "night"), "MIT", "ann")
    ]


def test_files_published_at_once_are_all_there(projects: Projects, publish: Any) -> None:
    versions = [f"1.{minor}" for minor in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda version: publish(version=version), versions))
    assert simple(projects)["versions"] == versions


def test_one_of_two_different_files_published_at_once_wins(projects: Projects, publish: Any) -> None:
    def attempt(summary: str) -> bool:
        try:
            publish(make_wheel(summary=summary))
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, "abcdefgh")) == 1
    assert len(simple(projects)["files"]) == 1


def test_the_feed_tells_who_did_what(catalog: Catalog, projects: Projects, publish: Any) -> None:
    publish()
    projects.yank(DEMO, of_release("1.0"), "", ANN)
    projects.delete(DEMO, of_name(wheel_filename()), ANN)
    ledger = catalog.package(DEMO)
    assert ledger
    assert [(event["action"], event["version"], event["actor"]) for event in ledger.events][-1] == (
        "delete",
        wheel_filename(),
        "ann",
    )


class Stopped(BaseException):
    """The process ends here, as far as the code under test can tell."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_publish_cut_short_leaves_the_old_or_the_new_state_and_can_be_repeated(tmp_path: Path, moment: str) -> None:
    for step in range(1, 20):
        driver = WatchedDriver()
        storage = Storage(cast("Driver", driver))
        countdown = count(1)

        def stop(call: str, key: str, countdown: Iterator[int] = countdown, step: int = step) -> None:
            if call == "put" and next(countdown) == step:
                raise Stopped

        setattr(driver, moment, stop)
        try:
            publish_into(storage, tmp_path / f"{step}-stopped")
            stopped = False
        except Stopped:
            stopped = True
        setattr(driver, moment, lambda call, key: None)
        with closing(open_catalog(storage, tmp_path / f"{step}-again")) as catalog:
            projects = Projects(catalog, storage.blobs)
            if catalog.package(DEMO):
                assert simple(projects)["files"][0]["filename"] == wheel_filename()
                file = projects.file(DEMO, wheel_filename())
                assert storage.blobs.read(file.digest, 10**6) == make_wheel()
        publish_into(storage, tmp_path / f"{step}-repeated")
        with closing(open_catalog(storage, tmp_path / f"{step}-after")) as catalog:
            projects = Projects(catalog, storage.blobs)
            assert [file["filename"] for file in simple(projects)["files"]] == [wheel_filename()]
            assert names(projects) == ["demo"]
        if not stopped:
            return
    pytest.fail("a publish takes too many writes")


def open_catalog(storage: Storage, directory: Path) -> Catalog:
    return Catalog(storage, "pypi", listing=read_listing, directory=directory)


def publish_into(storage: Storage, directory: Path) -> None:
    """Publish the wheel of demo 1.0 from a process of its own."""
    data = make_wheel()
    with (
        closing(open_catalog(storage, directory)) as catalog,
        storage.blobs.stage([data], DIGEST_FIELDS) as staged,
    ):
        Projects(catalog, storage.blobs).publish(parse_form(make_form(data)), wheel_filename(), staged, ANN)
