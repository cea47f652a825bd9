import json
from pathlib import Path
from typing import Any

import pytest

from registry.auth.scopes import parse_scope
from registry.config import LimitSettings
from registry.core.digests import sha256_digest
from registry.protocols.pypi.index import SIMPLE_JSON
from tests.builders.pypi import (
    make_attestation,
    make_form,
    make_multipart,
    make_sdist,
    make_wheel,
    sdist_filename,
    wheel_filename,
)
from tests.protocols.pypi.site import Site, basic

UV = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"


def files(site: Site, project: str = "demo") -> list[str]:
    answer = site.get(f"/simple/{project}/", SIMPLE_JSON)
    return [file["filename"] for file in answer.json["files"]] if answer.status_code == 200 else []


def scratch(site: Site) -> list[Path]:
    return list(site.services.storage.driver.scratch().iterdir())


@pytest.mark.parametrize("path", ["/pypi/", "/pypi", "/pypi/legacy/", "/pypi/legacy"])
def test_files_are_uploaded_with_and_without_a_slash(site: Site, path: str) -> None:
    answer = site.upload(path=path)
    assert (answer.status_code, answer.text) == (200, f"{wheel_filename()} is published\n")
    assert files(site) == [wheel_filename()]


def test_fields_may_come_behind_the_file(site: Site) -> None:
    data = make_wheel()
    attestations = json.dumps([make_attestation(wheel_filename(), sha256_digest(data)[7:])])
    answer = site.upload(data, attestations=attestations, last=("attestations", "name", "sha256_digest"))
    assert answer.status_code == 200
    provenance = site.get(f"/packages/demo/{wheel_filename()}.provenance")
    assert provenance.headers["content-type"] == "application/vnd.pypi.integrity.v1+json"
    assert provenance.json["attestation_bundles"][0]["attestations"] == json.loads(attestations)


def test_flit_sends_no_python_version_for_an_sdist(site: Site) -> None:
    answer = site.upload(make_sdist(), sdist_filename(), filetype="sdist", pyversion="")
    assert answer.status_code == 200
    assert site.get("/pypi/demo/json").json["urls"][0]["python_version"] == "source"


def test_a_form_may_have_many_fields(site: Site) -> None:
    assert site.upload(classifiers=[f"Topic :: {number}" for number in range(500)]).status_code == 200


def test_a_signature_is_taken_and_dropped(site: Site) -> None:
    data = make_wheel()
    body, content_type = make_multipart(make_form(data), wheel_filename(), data)
    signature = b'Content-Disposition: form-data; name="gpg_signature"; filename="demo.asc"\r\n\r\nsigned\r\n--'
    boundary = body[: body.index(b"\r\n") + 2]
    answer = site.ask(
        "POST", "/pypi/", site.token, headers={"Content-Type": content_type}, body=boundary + signature + body[2:]
    )
    assert answer.status_code == 200


def test_the_same_file_again_is_a_success(site: Site) -> None:
    assert [site.upload().status_code for _ in range(3)] == [200, 200, 200]
    assert files(site) == [wheel_filename()]


def test_another_file_of_that_name_is_refused_in_words_that_all_clients_know(site: Site) -> None:
    site.upload()
    answer = site.upload(make_wheel(summary="other"))
    assert (
        answer.status
        == f"400 File already exists ({wheel_filename()}), or did until it was deleted, with other contents"
    )
    assert answer.text.startswith("File already exists")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_uv_gets_the_refusal_in_json(site: Site) -> None:
    site.upload()
    answer = site.upload(make_wheel(summary="other"), accept=UV)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["code"].startswith("400 File already exists")


@pytest.mark.parametrize(
    ("odd", "status"),
    [
        ({":action": "publish"}, 400),
        ({":action": "doc_upload"}, 410),
        ({"protocol_version": "2"}, 400),
        ({"name": "dem o", "filename": wheel_filename()}, 400),
        ({"version": "one", "filename": wheel_filename()}, 400),
        ({"filetype": "bdist_wininst"}, 400),
        ({"sha256_digest": "00" * 32}, 400),
        ({"sha256_digest": ""}, 400),
        ({"filename": "demo-1.0.exe"}, 400),
        ({"filename": "other-1.0-py3-none-any.whl"}, 400),
        ({"filename": "../demo-1.0-py3-none-any.whl"}, 400),
        ({"data": b"PK"}, 400),
        ({"data": make_wheel("other")}, 400),
        ({"attestations": "{}"}, 400),
    ],
)
def test_what_breaks_a_rule_is_refused_in_one_line(site: Site, odd: dict[str, Any], status: int) -> None:
    answer = site.upload(**odd)
    assert answer.status_code == status
    assert answer.text.count("\n") == 1
    assert answer.status.split(" ", 1)[1] in answer.text
    assert (files(site), scratch(site)) == ([], [])


@pytest.mark.parametrize(
    ("name", "version", "filename"),
    [
        ("a\r\nSet-Cookie: b", "1.0", wheel_filename()),
        ("\u4e2d" * 150, "1.0", wheel_filename()),
        ("demo", "1\n2", wheel_filename()),
        ("demo", "1.0", "\u4e2d.whl"),
    ],
)
def test_refusals_never_break_the_status_line(site: Site, name: str, version: str, filename: str) -> None:
    answer = site.upload(make_wheel(), filename, name, version)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert answer.status.isprintable()
    assert len(answer.status) < 210


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    site = Site(tmp_path, limits=LimitSettings(max_artifact=100_000))
    answer = site.upload(make_wheel(files={"demo/big": b"x" * 200_000}), md5_digest="")
    assert answer.status_code == 200
    answer = site.upload(b"x" * 100_001, version="1.1")
    assert answer.status_code == 413
    assert scratch(site) == []


def test_fields_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    site = Site(tmp_path, limits=LimitSettings(max_document=2**20))
    assert site.upload(description="x" * (2**20 + 1)).status_code == 413
    assert site.upload(classifiers=["x" * 2**18] * 5).status_code == 413
    assert scratch(site) == []


@pytest.mark.parametrize("damage", [lambda body: body[:-30], lambda body: body[60:], lambda body: b""])
def test_a_broken_form_is_refused(site: Site, damage: Any) -> None:
    data = make_wheel()
    body, content_type = make_multipart(make_form(data), wheel_filename(), data)
    headers = {"Content-Type": content_type}
    answer = site.ask("POST", "/pypi/", site.token, headers=headers, body=damage(body))
    assert answer.status_code == 400
    assert (files(site), scratch(site)) == ([], [])


@pytest.mark.parametrize("parts", [0, 2])
def test_a_form_holds_one_file(site: Site, parts: int) -> None:
    data = make_wheel()
    body, content_type = make_multipart(make_form(data), wheel_filename(), data)
    boundary = b"--" + content_type.partition("boundary=")[2].encode()
    pieces = body.split(boundary)
    content = next(piece for piece in pieces if b'name="content"' in piece)
    others = [piece for piece in pieces if piece is not content]
    body = boundary.join([*others[:-1], *[content] * parts, others[-1]])
    answer = site.ask("POST", "/pypi/", site.token, headers={"Content-Type": content_type}, body=body)
    assert answer.status_code == 400
    assert "content" in answer.text
    assert scratch(site) == []


def test_another_kind_of_body_is_refused(site: Site) -> None:
    answer = site.ask("POST", "/pypi/", site.token, headers={"Content-Type": "application/json"}, body=b"{}")
    assert answer.status_code == 415


def test_uploading_needs_credentials(site: Site) -> None:
    answer = site.upload(token=None)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="registry"')
    assert site.upload(token="wrong").status_code == 401
    assert files(site) == []


def test_uploading_needs_the_right_to_write_this_project(site: Site) -> None:
    token = site.issue(scopes=(parse_scope("pypi:package:demo-app:write"),))
    assert site.upload(name="Demo.App", token=token).status_code == 200
    answer = site.upload(name="other", token=token)
    assert answer.status_code == 403
    assert site.upload(token=site.issue(readonly=True)).status_code == 403
    assert files(site, "other") == []


def test_ann_may_use_her_password_and_tokens_under_any_name(site: Site) -> None:
    data = make_wheel()
    body, content_type = make_multipart(make_form(data), wheel_filename(), data)
    for authorization in (basic("ann", "correct horse"), basic("whoever", site.token), f"Bearer {site.token}"):
        headers = {"Content-Type": content_type, "Authorization": authorization}
        assert site.ask("POST", "/pypi/", headers=headers, body=body).status_code == 200


def test_the_upload_url_tells_a_browser_where_the_index_is(site: Site) -> None:
    answer = site.get("/pypi/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "/pypi/simple/" in answer.text


@pytest.mark.parametrize("path", ["/simple/", "/simple/demo/", "/pypi/simple/"])
def test_posting_to_the_index_is_not_allowed(site: Site, path: str) -> None:
    assert site.upload(path=path).status_code == 405
