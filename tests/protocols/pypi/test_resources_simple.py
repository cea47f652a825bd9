import gzip
import json
from pathlib import Path

import pytest

from registry.auth.scopes import parse_scope
from registry.protocols.pypi.index import SIMPLE_HTML, SIMPLE_JSON
from registry.protocols.pypi.resources.simple import PLAIN_HTML, choose_content_type
from tests.builders.pypi import make_wheel, wheel_filename
from tests.protocols.pypi.site import Site

PIP = f"{SIMPLE_JSON}, {SIMPLE_HTML}; q=0.1, text/html; q=0.01"
UV = f"{SIMPLE_JSON}, {SIMPLE_HTML};q=0.2, text/html;q=0.01"
POETRY = f"{SIMPLE_JSON}, */*;q=0.1"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
LATEST = "application/vnd.pypi.simple.latest"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PIP, SIMPLE_JSON),
        (UV, SIMPLE_JSON),
        (POETRY, SIMPLE_JSON),
        (BROWSER, PLAIN_HTML),
        ("", PLAIN_HTML),
        ("*/*", PLAIN_HTML),
        ("text/*", PLAIN_HTML),
        ("application/*", SIMPLE_JSON),
        (f"text/html, {SIMPLE_JSON}", SIMPLE_JSON),
        (f"text/html, {SIMPLE_JSON};q=0.9", PLAIN_HTML),
        (f"{SIMPLE_HTML}, text/html;q=0.5", SIMPLE_HTML),
        (f"{LATEST}+json", SIMPLE_JSON),
        (f"{LATEST}+html", SIMPLE_HTML),
        (f"{SIMPLE_JSON};q=0, */*", PLAIN_HTML),
        (f"{SIMPLE_JSON};q=0", PLAIN_HTML),
        (SIMPLE_JSON.upper(), SIMPLE_JSON),
        ("application/json", PLAIN_HTML),
        (f" {SIMPLE_JSON} ; q=0.3 ,text/html ;q=0.2", SIMPLE_JSON),
    ],
)
def test_a_client_gets_the_representation_it_prefers(accept: str, expected: str) -> None:
    assert choose_content_type(accept) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"), [(SIMPLE_JSON, SIMPLE_JSON), ("text/html", PLAIN_HTML), ("json", PLAIN_HTML)]
)
def test_a_valid_format_in_the_query_goes_before_the_header(wanted: str, expected: str) -> None:
    assert choose_content_type(BROWSER, wanted) == expected


@pytest.mark.parametrize("base", ["", "/pypi"])
def test_an_index_is_at_the_root_and_below_its_base(site: Site, base: str) -> None:
    site.upload()
    assert site.get(f"{base}/simple/", PIP).json["projects"] == [{"name": "demo"}]
    page = site.get(f"{base}/simple/demo/", PIP).json
    assert page["files"][0]["url"] == f"../../packages/demo/{wheel_filename()}"
    assert site.get(f"{base}/packages/demo/{wheel_filename()}").content == make_wheel()


def test_json_has_exactly_the_type_that_installers_know(site: Site) -> None:
    site.upload()
    for path in ("/simple/", "/simple/demo/"):
        assert site.get(path, PIP).headers["content-type"] == SIMPLE_JSON
        assert site.get(path).headers["content-type"] == "text/html; charset=utf-8"
        assert site.get(f"{path}?format={SIMPLE_JSON}").headers["content-type"] == SIMPLE_JSON
        assert site.get(path, PIP).headers["vary"] == "Accept, Accept-Encoding"


def test_a_fresh_upload_is_seen_at_once(site: Site) -> None:
    site.upload()
    before = site.get("/simple/demo/", PIP)
    site.upload(version="1.1")
    after = site.get("/simple/demo/", PIP, If_None_Match=before.headers["etag"])
    assert (after.status_code, after.json["versions"]) == (200, ["1.0", "1.1"])
    assert after.headers["last-modified"] != before.headers["last-modified"]
    assert after.headers["cache-control"] == "public, no-cache"


def test_each_representation_has_a_strong_validator_of_its_own(site: Site) -> None:
    for number in range(5):
        site.upload(version=f"1.{number}")
    answers = [
        site.get("/simple/demo/", accept, Accept_Encoding=coding)
        for accept in (PIP, "text/html")
        for coding in ("identity", "gzip")
    ]
    etags = [answer.headers["etag"] for answer in answers]
    assert len(set(etags)) == 4
    assert not any(etag.startswith("W/") for etag in etags)
    assert gzip.decompress(answers[1].content) == answers[0].content
    for etag, accept, coding in zip(etags, (PIP, PIP, "text/html", "text/html"), ("identity", "gzip") * 2, strict=True):
        for sent in (etag, f"W/{etag}"):
            again = site.get("/simple/demo/", accept, Accept_Encoding=coding, If_None_Match=sent)
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
            assert again.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("path", ["/simple/", "/simple/demo/", "/pypi/demo/json", "/pypi/demo/1.0/json"])
def test_head_answers_as_get_without_a_body(site: Site, path: str) -> None:
    site.upload()
    got, head = site.get(path, PIP), site.ask("HEAD", path, headers={"Accept": PIP})
    assert head.content == b""
    for name in ("content-length", "etag", "content-type", "last-modified", "vary"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/simple/Demo_App/", "../demo-app/"),
        ("/simple/demo-app", "demo-app/"),
        ("/pypi/simple/Demo.App", "demo-app/"),
        ("/simple", "simple/"),
        ("/pypi/simple", "simple/"),
        (f"/simple/Demo.App?format={SIMPLE_JSON}", f"demo-app/?format={SIMPLE_JSON}"),
        ("/pypi/Demo.App/json", "../demo-app/json"),
        ("/pypi/Demo.App/1.0/json", "../../demo-app/1.0/json"),
    ],
)
def test_other_spellings_are_sent_to_the_normal_one(site: Site, path: str, location: str) -> None:
    answer = site.get(path)
    assert (answer.status_code, answer.headers["location"]) == (301, location)


@pytest.mark.parametrize(
    "path", ["/simple/nothing/", "/pypi/simple/nothing/", "/pypi/nothing/json", "/pypi/nothing/1.0/json"]
)
def test_an_unknown_project_is_not_found(site: Site, path: str) -> None:
    answer = site.get(path, UV)
    assert answer.status_code == 404
    assert answer.text == "there is no project nothing\n"


@pytest.mark.parametrize(
    "path", ["/simple/.x/", "/simple/-x/", "/simple/a%20b/", "/simple/d%C3%A9mo/", "/simple/a/b/", "/pypi/x"]
)
def test_a_path_that_no_project_could_have_is_not_found(site: Site, path: str) -> None:
    assert site.get(path).status_code == 404


@pytest.mark.parametrize("name", ["simple", "legacy", "packages", "json"])
def test_a_project_may_be_called_like_a_path(site: Site, name: str) -> None:
    assert site.upload(name=name).status_code == 200
    assert site.get(f"/simple/{name}/", PIP).json["name"] == name
    assert site.get(f"/pypi/simple/{name}/", PIP).json["name"] == name


def test_hatch_finds_the_page_below_the_upload_path(site: Site) -> None:
    site.upload()
    for base in ("/pypi/%2Bsimple", "/pypi/+simple", "/pypi/legacy/%2Bsimple"):
        assert wheel_filename() in site.get(f"{base}/demo/").text


def test_other_origins_may_read_what_everybody_may(site: Site) -> None:
    site.upload()
    for path in ("/simple/", "/simple/demo/", "/pypi/demo/json", f"/packages/demo/{wheel_filename()}"):
        assert site.get(path).headers["access-control-allow-origin"] == "*"
        known = site.ask("GET", path, site.token)
        assert "access-control-allow-origin" not in known.headers
        assert known.headers["cache-control"].startswith("private")


def test_a_private_index_asks_for_credentials_whatever_exists(tmp_path: Path) -> None:
    site = Site(tmp_path, anonymous_read=False)
    site.upload()
    for path in (
        "/simple/",
        "/simple/demo/",
        "/simple/nothing/",
        "/pypi/demo/json",
        f"/packages/demo/{wheel_filename()}",
    ):
        answer = site.get(path, PIP)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="registry"')
    assert site.ask("GET", "/simple/demo/", site.token).status_code == 200


def test_who_may_not_read_a_project_does_not_learn_of_it(tmp_path: Path) -> None:
    site = Site(tmp_path, anonymous_read=False)
    site.upload(name="Open")
    site.upload(name="Secret")
    token = site.issue(scopes=(parse_scope("pypi:package:open:read"),))
    assert site.ask("GET", "/simple/", token, headers={"Accept": PIP}).json["projects"] == [{"name": "Open"}]
    hidden, missing = (site.ask("GET", f"/simple/{name}/", token) for name in ("secret", "missing"))
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.text.replace("secret", "missing") == missing.text


def test_wrong_credentials_are_refused_even_where_none_are_needed(site: Site) -> None:
    assert site.ask("GET", "/simple/", "wrong").status_code == 401


def test_links_of_the_json_api_are_absolute(tmp_path: Path) -> None:
    site = Site(tmp_path, public_url="https://registry.example/base")
    site.upload()
    document = site.get("/pypi/demo/json").json
    assert document["urls"][0]["url"] == f"https://registry.example/base/pypi/packages/demo/{wheel_filename()}"


def test_an_index_that_does_not_know_its_host_links_by_path(site: Site) -> None:
    site.upload()
    document = site.get("/pypi/demo/json", Host="registry.example").json
    assert document["urls"][0]["url"] == f"/pypi/packages/demo/{wheel_filename()}"
    assert site.get("/simple/demo/", PIP, Host="registry.example").status_code == 200


def test_the_json_api_tells_any_spelling_of_a_version(site: Site) -> None:
    site.upload(version="1.0+cu121", data=make_wheel(version="1.0+cu121"), filename="demo-1.0+cu121-py3-none-any.whl")
    for version in ("1.0+cu121", "1.0%2Bcu121", "1.0.0+CU121"):
        assert site.get(f"/pypi/demo/{version}/json").json["info"]["version"] == "1.0+cu121"
    assert site.get("/pypi/demo/1.0/json").status_code == 404


def test_xml_rpc_is_gone(site: Site) -> None:
    answer = site.ask("POST", "/pypi", headers={"Content-Type": "text/xml"}, body=b"<?xml version='1.0'?>")
    assert answer.status_code == 410


def test_every_answer_of_the_json_api_is_json(site: Site) -> None:
    site.upload()
    assert json.loads(site.get("/pypi/demo/json").content)["info"]["name"] == "demo"
    assert site.get("/pypi/demo/json").headers["content-type"] == "application/json"
