from hashlib import sha256

import pytest

from registry.protocols.pypi.index import SIMPLE_JSON
from tests.builders.pypi import make_metadata, make_sdist, make_wheel, sdist_filename, wheel_filename
from tests.protocols.pypi.site import Site

WHEEL = f"/packages/demo/{wheel_filename()}"


def test_a_file_is_sent_as_it_was_received_and_for_ever(site: Site) -> None:
    site.upload()
    answer = site.get(WHEEL, Accept_Encoding="gzip")
    assert answer.content == make_wheel()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "content-encoding" not in answer.headers
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["accept-ranges"] == "bytes"
    assert wheel_filename() in answer.headers["content-disposition"]


def test_an_sdist_is_not_sent_as_something_to_unpack(site: Site) -> None:
    site.upload(make_sdist(), sdist_filename(), filetype="sdist")
    answer = site.get(f"/packages/demo/{sdist_filename()}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == make_sdist()


def test_head_tells_the_size_of_a_file(site: Site) -> None:
    site.upload()
    got, head = site.get(WHEEL), site.ask("HEAD", WHEEL)
    assert head.content == b""
    for name in ("content-length", "accept-ranges", "etag", "content-type"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-10", -10, None), ("bytes=5-999999", 5, None)],
)
def test_part_of_a_file_is_sent(site: Site, asked: str, start: int, end: int | None) -> None:
    site.upload()
    answer = site.get(WHEEL, Range=asked)
    assert (answer.status_code, answer.content) == (206, make_wheel()[start:end])
    assert answer.headers["content-range"].endswith(f"/{len(make_wheel())}")


def test_a_suffix_longer_than_the_file_is_all_of_it(site: Site) -> None:
    site.upload()
    answer = site.get(WHEEL, Range="bytes=-10000")
    size = len(make_wheel())
    assert (answer.status_code, answer.headers["content-range"]) == (206, f"bytes 0-{size - 1}/{size}")


def test_a_range_outside_of_the_file_is_refused(site: Site) -> None:
    site.upload()
    answer = site.get(WHEEL, Range="bytes=999999-")
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(make_wheel())}")


def test_metadata_is_what_the_page_says(site: Site) -> None:
    site.upload(make_wheel(requires_python=">=3.8"))
    answer = site.get(f"{WHEEL}.metadata")
    assert answer.content == make_metadata(requires_python=">=3.8")
    assert answer.headers["content-type"] == "application/octet-stream"
    file = site.get("/simple/demo/", SIMPLE_JSON).json["files"][0]
    assert file["core-metadata"] == {"sha256": sha256(answer.content).hexdigest()}


def test_what_is_not_advertised_is_not_there(site: Site) -> None:
    site.upload(make_sdist(), sdist_filename(), filetype="sdist")
    for path in (f"{sdist_filename()}.metadata", f"{sdist_filename()}.provenance", f"{sdist_filename()}.asc"):
        assert site.get(f"/packages/demo/{path}").status_code == 404


def test_a_local_version_has_a_plus_in_its_path(site: Site) -> None:
    filename = "demo-1.0+cu121-py3-none-any.whl"
    data = make_wheel(version="1.0+cu121")
    site.upload(data, filename, version="1.0+cu121")
    for path in (filename, filename.replace("+", "%2B")):
        assert site.get(f"/packages/demo/{path}").content == data
        assert site.get(f"/packages/demo/{path}.metadata").status_code == 200


@pytest.mark.parametrize(
    "name", ["demo-1.0.tar.gz", "demo", "..", "%2e%2e%2fdemo", "a%00b", "d%5Cemo", ".hidden", "a..b.whl"]
)
def test_no_other_name_leads_anywhere(site: Site, name: str) -> None:
    site.upload()
    assert site.get(f"/packages/demo/{name}").status_code in (400, 404)


def test_a_file_of_another_project_is_not_found(site: Site) -> None:
    site.upload()
    site.upload(name="other")
    assert site.get(f"/packages/other/{wheel_filename()}").status_code == 404
