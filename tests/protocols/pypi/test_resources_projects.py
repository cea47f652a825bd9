import json
from typing import Any

import pytest
from falcon import testing

from registry.auth.scopes import parse_scope
from registry.protocols.pypi.index import SIMPLE_JSON
from tests.builders.pypi import make_sdist, sdist_filename, wheel_filename
from tests.protocols.pypi.site import Site

WHEEL = f"/packages/demo/{wheel_filename()}"


@pytest.fixture
def site(site: Site) -> Site:
    site.upload()
    site.upload(make_sdist(), sdist_filename(), filetype="sdist")
    return site


def page(site: Site) -> Any:
    return site.get("/simple/demo/", SIMPLE_JSON).json


def put(site: Site, path: str, value: Any, token: str | None = None) -> testing.Result:
    return site.ask("PUT", path, token or site.token, body=json.dumps(value).encode())


def test_a_release_is_yanked_and_comes_back(site: Site) -> None:
    assert put(site, "/pypi/demo/1.0.0/yank", {"reason": "broken"}).status_code == 204
    assert [file["yanked"] for file in page(site)["files"]] == ["broken", "broken"]
    assert site.get("/pypi/demo/json").json["info"]["yanked_reason"] == "broken"
    assert site.get(WHEEL).status_code == 200
    assert site.ask("DELETE", "/pypi/demo/1.0/yank", site.token).status_code == 204
    assert [file["yanked"] for file in page(site)["files"]] == [False, False]


def test_one_file_is_yanked_without_a_reason(site: Site) -> None:
    assert site.ask("PUT", f"{WHEEL}/yank", site.token).status_code == 204
    assert [file["yanked"] for file in page(site)["files"]] == [True, False]
    assert site.ask("DELETE", f"/pypi{WHEEL}/yank", site.token).status_code == 204
    assert [file["yanked"] for file in page(site)["files"]] == [False, False]


def test_a_file_is_deleted(site: Site) -> None:
    assert site.ask("DELETE", WHEEL, site.token).status_code == 204
    assert [file["filename"] for file in page(site)["files"]] == [sdist_filename()]
    assert site.get(WHEEL).status_code == 410
    assert site.ask("DELETE", WHEEL, site.token).status_code == 404


def test_a_release_is_deleted(site: Site) -> None:
    assert site.ask("DELETE", "/pypi/demo/1", site.token).status_code == 204
    assert page(site)["files"] == []
    assert site.get("/simple/", SIMPLE_JSON).json["projects"] == []


def test_a_status_is_shown_with_its_reason(site: Site) -> None:
    assert put(site, "/pypi/demo/status", {"status": "deprecated", "reason": "use other"}).status_code == 204
    assert page(site)["project-status"] == {"status": "deprecated", "reason": "use other"}
    assert site.upload(version="1.1").status_code == 200


def test_an_archived_project_refuses_new_files(site: Site) -> None:
    put(site, "/pypi/demo/status", {"status": "archived"})
    assert site.upload(version="1.1").status_code == 403
    assert site.upload().status_code == 200


def test_a_quarantined_project_offers_nothing(site: Site) -> None:
    put(site, "/pypi/demo/status", {"status": "quarantined"})
    assert page(site)["files"] == []
    assert site.get("/simple/demo/").text.count("<a ") == 0
    for path in (WHEEL, f"{WHEEL}.metadata", "/pypi/demo/json", "/pypi/demo/1.0/json"):
        assert site.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/pypi/demo/status", {"status": "gone"}),
        ("/pypi/demo/status", {}),
        ("/pypi/demo/status", ["active"]),
        ("/pypi/demo/1.0/yank", {"reason": 1}),
        ("/pypi/demo/1.0/yank", {"reason": "x" * 1001}),
        ("/pypi/demo/1.0/yank", "reason"),
    ],
)
def test_a_change_that_says_nothing_sensible_is_refused(site: Site, path: str, value: Any) -> None:
    before = page(site)
    assert put(site, path, value).status_code == 400
    assert page(site) == before


def test_what_is_not_there_cannot_be_changed(site: Site) -> None:
    for path in ("/pypi/demo/2.0/yank", "/pypi/other/1.0/yank", "/packages/demo/demo-2.0.tar.gz/yank"):
        assert put(site, path, {}).status_code == 404
    assert put(site, "/pypi/other/status", {"status": "active"}).status_code == 404
    assert site.ask("DELETE", "/pypi/demo/2.0", site.token).status_code == 404
    assert site.get("/simple/other/").status_code == 404


CHANGES = [
    ("PUT", "/pypi/demo/1.0/yank", "write"),
    ("DELETE", "/pypi/demo/1.0/yank", "write"),
    ("PUT", f"{WHEEL}/yank", "write"),
    ("DELETE", "/pypi/demo/1.0", "delete"),
    ("DELETE", WHEEL, "delete"),
    ("PUT", "/pypi/demo/status", "admin"),
]


@pytest.mark.parametrize(("method", "path", "action"), CHANGES)
def test_a_change_needs_exactly_its_right(site: Site, method: str, path: str, action: str) -> None:
    body = b'{"status": "archived"}'
    before = page(site)
    others = {"read", "write", "delete", "admin"} - {action}
    for name, actions in (("demo", others), ("other", {"*"})):
        token = site.issue(scopes=tuple(parse_scope(f"pypi:package:{name}:{each}") for each in actions))
        assert site.ask(method, path, token, body=body).status_code == 403
    assert site.ask(method, path, body=body).status_code == 401
    assert page(site) == before
    token = site.issue(scopes=(parse_scope(f"pypi:package:demo:{action}"),))
    assert site.ask(method, path, token, body=body).status_code == 204


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/pypi/demo/1.0"), ("GET", "/pypi/demo/1.0/yank"), ("POST", WHEEL)]
)
def test_other_methods_are_refused_with_those_that_work(site: Site, method: str, path: str) -> None:
    answer = site.ask(method, path, site.token)
    assert answer.status_code == 405
    assert answer.headers["allow"]
