from pathlib import Path

import pytest

from registry.auth.actor import Actor
from registry.catalog.ledgers import Change
from registry.config import AuthSettings
from tests.builders.npm import make_tarball
from tests.protocols.npm.site import CORGI, Site

ABBREVIATED = "application/vnd.npm.install-v1+json"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json; q=1.0, */*", "application/json"),
        (CORGI, ABBREVIATED),
        (ABBREVIATED, ABBREVIATED),
        (f"{ABBREVIATED}, */*", ABBREVIATED),
        (f"{ABBREVIATED}; q=0.1, application/json", "application/json"),
        (f"{ABBREVIATED}; q=0", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_the_short_form_goes_to_who_asks_for_it_by_name(site: Site, accept: str | None, content_type: str) -> None:
    site.publish()
    answer = site.get("/demo", accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type
    assert "Accept" in answer.headers["vary"].split(", ")


def test_the_short_form_holds_what_installers_need_and_nothing_else(site: Site) -> None:
    fields = {
        "dependencies": {"a": "1"},
        "peerDependencies": {"b": "2"},
        "peerDependenciesMeta": {"b": {"optional": True}},
        "bin": "cli.js",
        "engines": {"node": ">=20"},
        "libc": ["glibc"],
        "scripts": {"postinstall": "x", "test": "y"},
        "license": "MIT",
        "bundledDependencies": ["a"],
    }
    site.publish("@acme/demo", fields=fields)
    document = site.packument("@acme/demo", accept=CORGI)
    assert list(document) == ["name", "dist-tags", "versions", "time", "modified"]
    manifest = document["versions"]["1.0.0"]
    dist = manifest.pop("dist")
    assert manifest == {
        "name": "@acme/demo",
        "version": "1.0.0",
        "dependencies": {"a": "1"},
        "peerDependencies": {"b": "2"},
        "peerDependenciesMeta": {"b": {"optional": True}},
        "bundleDependencies": ["a"],
        "bin": {"demo": "cli.js"},
        "engines": {"node": ">=20"},
        "libc": ["glibc"],
        "hasInstallScript": True,
    }
    assert dist["tarball"] == "http://localhost/npm/@acme/demo/-/demo-1.0.0.tgz"
    assert document["modified"] == document["time"]["modified"]


def test_a_shrinkwrap_in_the_tarball_shows_in_both_forms(site: Site) -> None:
    site.publish(tarball=make_tarball(files={"package/npm-shrinkwrap.json": b"{}"}))
    for accept in (None, CORGI):
        assert site.packument(accept=accept)["versions"]["1.0.0"]["_hasShrinkwrap"] is True


def test_times_are_iso_with_milliseconds_and_never_before_a_version(site: Site) -> None:
    site.publish()
    for accept in (None, CORGI):
        time = site.packument(accept=accept)["time"]
        assert list(time) == ["created", "modified", "1.0.0"]
        assert all(len(value) == len("2026-01-01T00:00:00.000Z") and value.endswith("Z") for value in time.values())
        assert time["modified"] >= max(time.values())


def test_the_two_forms_have_different_etags_that_change_with_the_bytes_only(site: Site) -> None:
    site.publish()
    full, short = site.get("/demo"), site.get("/demo", accept=CORGI)
    assert full.headers["etag"] != short.headers["etag"]
    assert site.get("/demo").headers["etag"] == full.headers["etag"]
    site.publish(version="1.1.0")
    assert site.get("/demo").headers["etag"] != full.headers["etag"]


def test_whoever_has_the_document_gets_no_other(site: Site) -> None:
    site.publish()
    for accept in (None, CORGI):
        fresh = site.get("/demo", accept=accept)
        tag = fresh.headers["etag"]
        for known in (tag, f"W/{tag}", "*", f'"other", {tag}'):
            answer = site.get("/demo", accept=accept, If_None_Match=known)
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == tag
            assert answer.headers["vary"] == fresh.headers["vary"]
        # pnpm 12 sends both.
        both = {"If_None_Match": tag, "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"}
        assert site.get("/demo", accept=accept, **both).status_code == 304
        assert site.get("/demo", accept=accept, If_None_Match='"other"').status_code == 200


def test_documents_are_gzipped_for_who_can_take_that(site: Site) -> None:
    site.publish(fields={"keywords": ["pad"] * 200})
    answer = site.get("/demo", Accept_Encoding="gzip, deflate, br")
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in site.get("/demo", Accept_Encoding="identity").headers


def test_a_document_about_to_be_changed_is_not_stored(site: Site) -> None:
    site.publish()
    assert site.get("/demo?write=true").headers["cache-control"] == "public, no-store"
    assert site.get("/demo").headers["cache-control"] == "public, no-cache"
    assert site.get("/demo", "alice").headers["cache-control"] == "private, no-cache"


def test_a_scope_may_be_separated_by_a_slash_or_an_escaped_one(site: Site) -> None:
    site.publish("@acme/demo")
    for path in ("/@acme/demo", "/@acme%2fdemo", "/@acme%2Fdemo", "/%40acme%2fdemo"):
        assert site.get(path).status_code == 200
    for path in ("/@acme/demo/-/demo-1.0.0.tgz", "/@acme%2fdemo/-/demo-1.0.0.tgz"):
        assert site.get(path).status_code == 200
    assert site.get("/@acme/demo/-/@acme/demo-1.0.0.tgz").status_code == 200


def test_a_version_is_read_by_number_or_tag(site: Site) -> None:
    site.publish(version="1.0.0")
    site.publish(version="2.0.0-rc.1", tag="next")
    for path, version in (("1.0.0", "1.0.0"), ("latest", "1.0.0"), ("next", "2.0.0-rc.1")):
        answer = site.get(f"/demo/{path}")
        assert answer.json["version"] == version
        assert answer.json["dist"]["tarball"].endswith(f"demo-{version}.tgz")
        assert site.get(f"/demo/{path}", If_None_Match=answer.headers["etag"]).status_code == 304
    missing = site.get("/demo/3.0.0")
    assert (missing.status_code, missing.json["error"]) == (404, "version not found: 3.0.0")


def test_a_tarball_is_sent_whole_or_in_part_and_kept_for_ever(site: Site) -> None:
    site.publish()
    path, data = "/demo/-/demo-1.0.0.tgz", make_tarball()
    answer = site.get(path)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in site.get(path, Accept_Encoding="gzip").headers
    part = site.get(path, Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, data[10:20])
    assert site.get(path, Range=f"bytes={len(data)}-").status_code == 416
    assert site.get(path, If_None_Match=answer.headers["etag"]).status_code == 304


def test_head_answers_as_get_does(site: Site) -> None:
    site.publish()
    for path in ("/demo", "/demo/latest", "/demo/-/demo-1.0.0.tgz", "/-/package/demo/dist-tags", "/-/ping"):
        get, head = site.get(path), site.ask("HEAD", path, None)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers.get("etag") == get.headers.get("etag")
        assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize(
    "path",
    [
        "/demo/-/demo-1.0.1.tgz",
        "/demo/-/other-1.0.0.tgz",
        "/demo/-/demo-.tgz",
        "/demo/-/demo-1.0.0.tgz.tgz",
        "/other/-/demo-1.0.0.tgz",
        "/other",
        "/other/1.0.0",
        "/@acme",
        "/-/no-such-thing",
        "/-/stage",
        "/-/npm/v1/hooks",
        "/-/package/demo/trust",
        "/demo/-/a/b/c",
        "/",
    ],
)
def test_what_is_not_there_is_404_in_json(site: Site, path: str) -> None:
    site.publish()
    answer = site.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["error"]
    assert site.ask("POST", "/-/stage/package/demo", body={}).status_code == 404


@pytest.mark.parametrize("path", ["/a%00b", "/..%2f..%2fetc", "/demo%5cx", "/%2e%2e", "/a%0ab", "/" + "a" * 300])
def test_what_is_no_name_is_refused(site: Site, path: str) -> None:
    assert site.get(path).status_code == 400


def test_a_method_that_a_path_does_not_take_is_405(site: Site) -> None:
    answer = site.ask("DELETE", "/demo")
    assert answer.status_code == 405
    assert "PUT" in answer.headers["allow"]


def test_names_that_differ_in_case_are_different_packages(site: Site) -> None:
    site.publish("demo")
    assert site.get("/Demo").status_code == 404


def test_without_anonymous_reading_everything_asks_for_a_login(tmp_path: Path) -> None:
    site = Site(tmp_path, auth=AuthSettings(anonymous_read=False))
    site.publish()
    paths = ("/demo", "/demo/latest", "/demo/-/demo-1.0.0.tgz", "/-/package/demo/dist-tags", "/-/v1/search?text=demo")
    for path in (*paths, "/no-such-package"):
        answer = site.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer, Basic realm="registry"')
    for path in paths:
        assert site.get(path, site.issue("bob", readonly=True)).status_code == 200
    assert site.get("/demo", site.issue("bob", "npm:package:@acme/*:read")).status_code == 403
    assert site.get("/-/v1/search?text=demo", site.issue("bob", "npm:package:@acme/*:read")).json["objects"] == []


def test_a_restricted_package_is_for_users(site: Site) -> None:
    assert site.publish("@acme/secret", access="restricted").status_code == 201
    paths = (
        "/@acme/secret",
        "/@acme/secret/latest",
        "/@acme/secret/-/secret-1.0.0.tgz",
        "/-/package/@acme%2fsecret/dist-tags",
        "/-/package/@acme%2fsecret/visibility",
        "/-/package/@acme%2fsecret/access",
    )
    for path in paths:
        assert site.get(path).status_code == 401
        assert site.get(path, accept=CORGI).status_code == 401
        assert site.ask("HEAD", path, None).status_code == 401
        assert site.get(path, "bob").status_code == 200
    assert site.get("/@acme/secret", "bob").headers["cache-control"].startswith("private")
    assert site.get("/-/v1/search?text=secret").json["total"] == 0
    assert site.get("/-/v1/search?text=secret", "bob").json["total"] == 1
    assert site.publish("@acme/secret", "1.1.0").status_code == 201
    assert site.get("/@acme/secret").status_code == 401


@pytest.mark.parametrize(("scope", "status"), [("elsewhere:*:*:*", 403), ("npm:package:@acme/*:write", 200)])
def test_a_restricted_package_is_for_those_whose_own_rights_cover_it(site: Site, scope: str, status: int) -> None:
    assert site.publish("@acme/secret", access="restricted").status_code == 201
    token = site.issue("bob", scope)
    assert site.get("/@acme/secret", token).status_code == status
    assert site.get("/@acme/secret/-/secret-1.0.0.tgz", token).status_code == status
    assert site.get("/-/v1/search?text=secret", token).json["total"] == 0
    assert site.get("/-/org/acme/package", token).json.get("@acme/secret") is None


def test_a_package_of_ten_thousand_versions_stays_readable(site: Site) -> None:
    """Through the ledger: publishing so many one by one would take too long."""
    site.publish()
    ledger = site.catalog.package("demo")
    entry = ledger and ledger.get("1.0.0")
    assert entry
    entries = [{**entry, "key": f"1.0.{patch}"} for patch in range(1, 10_000)]
    site.catalog.update("demo", lambda _: Change(entries), action="publish", actor=Actor("alice", ()))
    document = site.packument()
    assert len(document["versions"]) == len(document["time"]) - 2 == 10_000
    assert document["versions"]["1.0.9999"]["_id"] == "demo@1.0.9999"
    assert site.publish(version="2.0.0").status_code == 201
    assert len(site.packument(accept=CORGI)["versions"]) == 10_001
