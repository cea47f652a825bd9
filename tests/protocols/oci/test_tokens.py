"""Docker's token authentication over HTTP; how tokens are made is tested with identity."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from registry.config import AuthSettings
from tests.builders.asking import Answer, Ask, basic
from tests.builders.oci import Pusher, digest_of, make_image, refused
from tests.builders.registry import OWNER, READER, STRANGER, Registry

PASSWORD = "correct horse"
IMAGE = make_image(b"layer")


@pytest.fixture
def closed(tmp_path: Path) -> Registry:
    """A registry where nobody unknown may read."""
    return Registry(tmp_path / "data", auth=AuthSettings(anonymous_read=False))


def token_for(registry: Registry, *scopes: str, who: str | None = OWNER, **more: str) -> dict[str, Any]:
    query = urlencode([("service", "registry"), *(("scope", scope) for scope in scopes), *more.items()])
    answer = registry.get(f"/v2/token?{query}", who)
    assert answer.status == 200, answer.everything()
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json
    return found


def access(token: str) -> list[dict[str, Any]]:
    part = token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    found: list[dict[str, Any]] = claims["access"]
    return found


def with_token(registry: Registry, token: str, method: str, path: str, body: bytes | None = None) -> Answer:
    return registry.ask(Ask(method, path, body, {"Authorization": f"Bearer {token}"}), None)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "team/app/manifests/v1", "repository:team/app:pull"),
        ("HEAD", "team/app/manifests/v1", "repository:team/app:pull"),
        ("GET", "team/app/tags/list", "repository:team/app:pull"),
        ("GET", f"team/app/referrers/{IMAGE.digest}", "repository:team/app:pull"),
        ("GET", f"team/app/blobs/{IMAGE.digest}", "repository:team/app:pull"),
        ("POST", "team/app/blobs/uploads/", "repository:team/app:pull,push"),
        ("PUT", "team/app/manifests/v1", "repository:team/app:pull,push"),
        ("PATCH", "team/app/blobs/uploads/11111111-2222-4333-8444-555555555555", "repository:team/app:pull,push"),
        ("DELETE", "team/app/manifests/v1", "repository:team/app:delete"),
        ("DELETE", f"team/app/blobs/{IMAGE.digest}", "repository:team/app:delete"),
        ("GET", "_catalog", "registry:catalog:*"),
        (
            "POST",
            f"team/app/blobs/uploads/?mount={IMAGE.digest}&from=team/old",
            "repository:team/app:pull,push repository:team/old:pull",
        ),
    ],
)
def test_a_challenge_names_what_is_needed(closed: Registry, method: str, path: str, scope: str) -> None:
    answer = closed.ask(Ask(method, f"/v2/{path}", b"" if method in ("POST", "PUT", "PATCH") else None), None)
    assert answer.status == 401
    expected = f'Bearer realm="http://localhost/v2/token",service="registry",scope="{scope}"'
    assert answer.headers["www-authenticate"] == expected
    if method != "HEAD":
        refused(answer, 401, "UNAUTHORIZED")


def test_the_first_path_is_closed_although_everybody_may_pull(registry: Registry) -> None:
    Pusher(registry).push(IMAGE, tag="v1")
    assert registry.get("/v2/", None).status == 401
    token = token_for(registry, "repository:team/app:pull", who=None)["token"]
    assert with_token(registry, token, "GET", "/v2/").status == 200
    assert with_token(registry, token, "GET", "/v2/team/app/manifests/v1").body == IMAGE.body
    assert registry.get("/v2/team/app/manifests/v1", None).body == IMAGE.body


def test_a_login_check_is_a_token_for_nothing(registry: Registry) -> None:
    answer = token_for(registry, account="owner")
    assert access(answer["token"]) == []
    assert answer["token"] == answer["access_token"]
    assert answer["expires_in"] >= 60
    assert "issued_at" not in answer
    assert "refresh_token" not in answer
    assert with_token(registry, answer["token"], "GET", "/v2/").status == 200


@pytest.mark.parametrize("password", ["wrong", ""])
def test_wrong_credentials_are_refused(registry: Registry, password: str) -> None:
    for path in ("/v2/token", "/v2/", "/v2/_catalog"):
        answer = registry.ask(Ask("GET", path, None, {"Authorization": basic("owner", password)}), None)
        refused(answer, 401, "UNAUTHORIZED")
    assert registry.get("/v2/token", None).status == 200


def test_less_than_asked_is_no_error(registry: Registry) -> None:
    scopes = ["repository:team/new:pull,push", "repository:elsewhere:*", "weird:x:y", "repository:Bad Name:pull", ""]
    asked = token_for(registry, *scopes, who=READER)
    granted = {each["name"]: each["actions"] for each in access(asked["token"])}
    assert granted == {"team/new": ["pull"], "elsewhere": ["pull"]}
    both = token_for(registry, "repository:a:push,pull repository:b:pull", who=OWNER)
    assert both["scope"] == "repository:a:pull,push repository:b:pull"


def test_a_token_opens_what_it_lists_and_nothing_else(registry: Registry) -> None:
    Pusher(registry).push(IMAGE, tag="v1")
    token = token_for(registry, "repository:team/app:pull")["token"]
    assert with_token(registry, token, "GET", "/v2/team/app/manifests/v1").body == IMAGE.body
    answer = with_token(registry, token, "POST", "/v2/team/app/blobs/uploads/", b"")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].endswith(
        'scope="repository:team/app:pull,push",error="insufficient_scope"'
    )
    pushing = token_for(registry, "repository:team/app:push,pull")["token"]
    assert with_token(registry, pushing, "POST", "/v2/team/app/blobs/uploads/", b"").status == 202
    assert with_token(registry, pushing, "DELETE", "/v2/team/app/manifests/v1").status == 401
    everything = token_for(registry, "repository:team/app:*")["token"]
    assert with_token(registry, everything, "DELETE", "/v2/team/app/manifests/v1").status == 202


def test_a_token_gives_no_more_than_its_owner_has(closed: Registry) -> None:
    Pusher(closed).push(IMAGE, tag="v1")
    for who in (STRANGER, None):
        token = token_for(closed, "repository:team/app:pull,push,delete", who=who)["token"]
        assert access(token) == []
        for method in ("GET", "DELETE"):
            assert with_token(closed, token, method, "/v2/team/app/manifests/v1").status == 401


def test_a_token_of_one_mount_or_protocol_opens_no_other(registry: Registry) -> None:
    token = token_for(registry, "repository:team/app:*")["token"]
    assert with_token(registry, token, "GET", "/npm/-/whoami").status == 401
    answer = with_token(registry, token, "GET", "/v2/token")
    refused(answer, 403, "DENIED")


def test_a_mount_needs_the_right_to_pull_from_the_source(closed: Registry) -> None:
    Pusher(closed, "private/app").push_blob(b"layer")
    digest = digest_of(b"layer")
    token = closed.issue(OWNER, "oci:repository:team/*:push", "oci:repository:team/*:pull")
    closed.tokens["team"] = token
    team = Pusher(closed, who="team")
    for query in ("&from=private/app", "&from=private/none", ""):
        answer = team.ask("POST", f"blobs/uploads/?mount={digest}{query}", b"")
        assert answer.status == 202, query
    assert team.get(f"blobs/{digest}").status == 404
    Pusher(closed, "team/base").push_blob(b"layer")
    assert team.ask("POST", f"blobs/uploads/?mount={digest}", b"").status == 201


def test_a_private_repository_looks_like_a_missing_one(closed: Registry) -> None:
    Pusher(closed).push(IMAGE, tag="v1")
    there, missing = (closed.get(f"/v2/{name}/manifests/v1", None) for name in ("team/app", "team/no"))
    assert there.status == missing.status == 401
    assert there.body == missing.body


def form(registry: Registry, **fields: str) -> Answer:
    body = urlencode(fields).encode()
    return registry.ask(Ask("POST", "/v2/token", body, {"Content-Type": "application/x-www-form-urlencoded"}), None)


@pytest.fixture
def with_password(registry: Registry) -> Registry:
    registry.services.auth.users.add("carol", PASSWORD, email="carol@example.com")
    return registry


def test_a_password_gets_a_token_by_post(with_password: Registry) -> None:
    scope = "repository:a:pull,push repository:b:pull"
    answer = form(
        with_password,
        grant_type="password",
        service="registry",
        client_id="docker",
        username="carol",
        password=PASSWORD,
        scope=scope,
    )
    assert answer.status == 200, answer.everything()
    assert answer.json["scope"] == scope
    assert "refresh_token" not in answer.json
    assert with_token(with_password, answer.json["access_token"], "POST", "/v2/a/blobs/uploads/", b"").status == 202


def test_a_refresh_token_stands_for_the_password(with_password: Registry) -> None:
    first = form(with_password, grant_type="password", username="carol", password=PASSWORD, access_type="offline")
    refresh = first.json["refresh_token"]
    for _ in range(2):
        answer = form(with_password, grant_type="refresh_token", refresh_token=refresh, scope="repository:a:push")
        assert answer.status == 200
        assert answer.json["refresh_token"] == refresh
        assert access(answer.json["access_token"])[0]["actions"] == ["push"]
    assert with_token(with_password, refresh, "GET", "/v2/").status == 401
    credentials = {"Authorization": basic("carol", PASSWORD)}
    got = with_password.ask(Ask("GET", "/v2/token?offline_token=true", None, credentials), None)
    assert form(with_password, grant_type="refresh_token", refresh_token=got.json["refresh_token"]).status == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"grant_type": "password", "username": "carol", "password": "wrong"}, 401),
        ({"grant_type": "password"}, 401),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, 401),
        ({"grant_type": "refresh_token"}, 401),
        ({"grant_type": "client_credentials"}, 400),
        ({}, 400),
    ],
)
def test_wrong_forms_are_refused(with_password: Registry, fields: dict[str, str], status: int) -> None:
    answer = form(with_password, **fields)
    assert answer.status == status, answer.everything()
    assert "token" not in answer.json


def test_what_is_no_form_is_refused(registry: Registry) -> None:
    for body in (b"\xff\xfe=1", b"&".join(b"a=1" for _ in range(500)), b"%ff=1", b"x" * 100_000):
        answer = registry.ask(Ask("POST", "/v2/token", body), None)
        assert answer.status in (400, 413)


def test_nothing_secret_is_in_a_refusal(with_password: Registry) -> None:
    answer = form(with_password, grant_type="password", username="carol", password="sesame-open")
    assert "sesame" not in answer.everything()
