from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from registry.auth.credentials import BasicCredentials
from registry.config import AuthSettings
from tests.protocols.npm.site import PASSWORD, Site, basic

ALICE = "/-/user/org.couchdb.user:alice"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "data", person="alice")


def login(
    site: Site, name: str = "alice", password: str = PASSWORD, who: str | None = None, **odd: Any
) -> testing.Result:
    body = {"_id": f"org.couchdb.user:{name}", "name": name, "password": password, "type": "user", "roles": [], **odd}
    return site.ask("PUT", f"/-/user/org.couchdb.user:{name}", who, body)


def test_a_sign_of_life(site: Site) -> None:
    assert site.get("/-/ping").json == {}
    assert site.get("/-/ping?write=true").json == {}


def test_whoami_is_for_users(site: Site) -> None:
    assert site.get("/-/whoami", "bob").json == {"username": "bob"}
    assert site.ask("GET", "/-/whoami", headers={"Authorization": basic("alice", PASSWORD)}).json["username"] == "alice"
    anonymous = site.get("/-/whoami")
    assert anonymous.status_code == 401
    assert anonymous.headers["cache-control"] == "no-store"


def test_a_token_serves_as_a_password(site: Site) -> None:
    header = {"Authorization": basic("whoever", site.tokens["bob"])}
    assert site.ask("GET", "/-/whoami", headers=header).json == {"username": "bob"}
    assert site.ask("GET", "/-/whoami", headers={"Authorization": f"BEARER {site.tokens['bob']}"}).status_code == 200


def test_a_password_is_exchanged_for_a_token_in_one_step(site: Site) -> None:
    answer = login(site)
    assert answer.status_code == 201
    assert (answer.json["id"], answer.json["ok"]) == ("org.couchdb.user:alice", "you are authenticated as 'alice'")
    assert site.get("/-/whoami", answer.json["token"]).json == {"username": "alice"}


def test_the_colon_may_be_escaped_and_a_revision_named(site: Site) -> None:
    body = {"name": "alice", "password": PASSWORD}
    assert site.ask("PUT", "/-/user/org.couchdb.user%3Aalice", None, body).status_code == 201
    header = {"Authorization": basic("alice", PASSWORD)}
    assert site.ask("PUT", f"{ALICE}/-rev/undefined", None, body, headers=header).status_code == 201


def test_the_old_token_that_comes_along_does_not_matter(site: Site) -> None:
    assert login(site, who="no-such-token").status_code == 201
    assert site.ask("POST", "/-/v1/login", "no-such-token", {}).status_code == 200


def test_a_wrong_password_is_told_so_that_npm_says_it(site: Site) -> None:
    for name in ("alice", "bob", "nobody"):
        answer = login(site, name, "wrong")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="registry"'


def test_a_token_of_somebody_else_is_no_password(site: Site) -> None:
    assert login(site, "alice", site.tokens["bob"]).status_code == 401
    assert login(site, "bob", site.tokens["bob"]).status_code == 201


@pytest.mark.parametrize("body", [{}, [], {"name": "bob", "password": PASSWORD}, {"name": "alice", "password": 1}])
def test_a_login_names_its_user_and_a_password(site: Site, body: Any) -> None:
    assert site.ask("PUT", ALICE, None, body).status_code == 400


def test_users_register_only_where_they_may(tmp_path: Path, site: Site) -> None:
    for name in ("carol", "alice"):
        refused = login(site, name, "a good password", email=f"{name}@example.com")
        assert (refused.status_code, "administrator" in refused.json["error"]) == (403, True)
    assert login(site, "alice", email="alice@example.com").status_code == 201
    open_site = Site(tmp_path / "open", auth=AuthSettings(registration=True))
    answer = login(open_site, "carol", "a good password", email="carol@example.com", admin=True, roles=["admin"])
    assert (answer.status_code, answer.json["ok"]) == (201, "user 'carol' created")
    carol = open_site.services.auth.users.get("carol")
    assert carol is not None
    assert (carol.email, carol.admin) == ("carol@example.com", False)
    assert login(open_site, "carol", "another").status_code == 401
    assert login(open_site, "CAROL", "a good password").status_code == 400


def test_a_user_is_shown_to_users_with_the_address_that_owner_add_needs(site: Site) -> None:
    expected = {"_id": "org.couchdb.user:bob", "name": "bob", "email": "bob@example.com"}
    assert site.get("/-/user/org.couchdb.user:bob", "alice").json == expected
    assert site.get("/-/user/org.couchdb.user:bob").status_code == 401
    assert site.get("/-/user/org.couchdb.user:nobody", "alice").status_code == 404


def test_a_login_in_the_browser_gives_one_token_once(site: Site) -> None:
    started = site.ask("POST", "/-/v1/login", None, {"hostname": "laptop"})
    assert started.headers["cache-control"] == "no-store"
    login_url, done_url = started.json["loginUrl"], started.json["doneUrl"]
    assert done_url.startswith("http://localhost/npm/-/v1/done?sessionId=")
    login_id = login_url.removeprefix("http://localhost/ui/login/")
    code = site.services.auth.logins.show(login_id).code
    assert code in started.headers["npm-notice"]
    done = done_url.removeprefix("http://localhost/npm")
    waiting = site.get(done)
    assert (waiting.status_code, waiting.headers["retry-after"]) == (202, "2")
    site.services.auth.approve_login(login_id, code, site.services.auth.identify(BasicCredentials("alice", PASSWORD)))
    assert site.ask("HEAD", done, None).status_code == 200
    # npm asks with the method and the body of the request that it wants to repeat.
    answer = site.ask("PUT", done, None, "1.0.0")
    assert site.get("/-/whoami", answer.json["token"]).json == {"username": "alice"}
    assert site.get(done).status_code == 404


@pytest.mark.parametrize("query", ["", "?sessionId=", "?sessionId=abc", "?sessionId=" + "0" * 104])
def test_an_unknown_login_is_404(site: Site, query: str) -> None:
    assert site.get(f"/-/v1/done{query}").status_code == 404


def test_logging_out_ends_the_token_and_may_be_repeated(site: Site) -> None:
    token = login(site).json["token"]
    for _ in range(2):
        assert site.ask("DELETE", f"/-/user/token/{token}", token).status_code == 200
    assert site.get("/-/whoami", token).status_code == 401


def test_nobody_logs_others_out_by_the_key_of_a_token(site: Site) -> None:
    key = site.get("/-/npm/v1/tokens", "bob").json["objects"][0]["key"]
    assert site.ask("DELETE", f"/-/user/token/{key}", "alice").status_code == 200
    assert site.get("/-/whoami", "bob").status_code == 200


def test_a_profile_is_read_and_changed_field_by_field(site: Site) -> None:
    profile = site.get("/-/npm/v1/user", "alice").json
    assert profile["tfa"] is False
    assert (profile["name"], profile["email"], profile["fullname"]) == ("alice", "alice@example.com", "")
    body = {"email": None, "fullname": "Alice", "name": "root", "admin": True, "scopes": ["*"], "homepage": "http://x"}
    assert site.ask("POST", "/-/npm/v1/user", body=body).json["fullname"] == "Alice"
    alice = site.services.auth.users.get("alice")
    assert alice is not None
    assert (alice.name, alice.email, alice.admin) == ("alice", "alice@example.com", False)
    assert site.ask("POST", "/-/npm/v1/user", body={"email": "a@b.c"}).json["email"] == "a@b.c"
    wrong: list[Any] = [{"email": "none"}, {"email": 1}, [], {"tfa": {"mode": "auth-only"}}, {"password": "x"}]
    for each in wrong:
        assert site.ask("POST", "/-/npm/v1/user", body=each).status_code == 400
    assert site.ask("POST", "/-/npm/v1/user", None, {"email": "a@b.c"}).status_code == 401
    assert site.ask("POST", "/-/npm/v1/user", site.issue("alice", readonly=True), {"email": "x@y.z"}).status_code == 403


def test_a_new_password_needs_the_old_one(site: Site) -> None:
    change = {"password": {"old": "wrong", "new": "another good one"}}
    assert site.ask("POST", "/-/npm/v1/user", body=change).status_code == 401
    change["password"]["old"] = PASSWORD
    assert site.ask("POST", "/-/npm/v1/user", body=change).status_code == 200
    assert login(site).status_code == 401
    assert login(site, password="another good one").status_code == 201


@pytest.mark.parametrize("wrong", [{"email": "none"}, {"email": 1}, {"fullname": "a\0b"}, {"fullname": 1}])
def test_a_profile_is_changed_as_a_whole_or_not_at_all(site: Site, wrong: dict[str, Any]) -> None:
    change = {"password": {"old": PASSWORD, "new": "another good one"}, **wrong}
    assert site.ask("POST", "/-/npm/v1/user", body=change).status_code == 400
    assert login(site).status_code == 201


def create(site: Site, who: str = "alice", **body: Any) -> testing.Result:
    return site.ask("POST", "/-/npm/v1/tokens", who, {"password": PASSWORD, **body})


def test_a_new_token_is_shown_once_and_listed_by_its_beginning(site: Site) -> None:
    created = create(site, name="ci", readonly=False, cidr_whitelist=["127.0.0.0/8"], expires=30)
    assert created.status_code == 201
    secret = created.json["token"]
    listed = site.get("/-/npm/v1/tokens", "alice").json
    assert listed["urls"] == {}
    assert listed["total"] == len(listed["objects"]) == 2
    (found,) = (each for each in listed["objects"] if each["name"] == "ci")
    assert secret.startswith(found["token"])
    assert secret not in str(listed)
    assert found["key"] == created.json["key"]
    assert (found["readonly"], found["cidr_whitelist"]) == (False, ["127.0.0.0/8"])
    assert found["expires"] > found["created"]
    assert site.get("/-/whoami", secret).json == {"username": "alice"}


def test_the_least_is_granted_where_nothing_is_said(site: Site) -> None:
    created = create(site, name=None)
    assert created.json["readonly"] is True
    assert site.publish(who=created.json["token"]).status_code == 403
    assert create(site, readonly=False).json["readonly"] is False


def test_a_token_may_be_good_for_some_packages_only(site: Site) -> None:
    body: dict[str, Any] = {"packages": ["demo"], "scopes": ["@acme"], "packages_and_scopes_permission": "read-write"}
    token = create(site, **body).json["token"]
    assert site.publish("demo", who=token).status_code == 201
    assert site.publish("@acme/demo", who=token).status_code == 201
    assert site.publish("other", who=token).status_code == 403
    readonly = create(site, **{**body, "packages_and_scopes_permission": "read-only"}).json
    assert (readonly["readonly"], site.publish("demo", "1.1.0", readonly["token"]).status_code) == (True, 403)
    nothing = create(site, packages=["demo"], packages_and_scopes_permission="no-access").json["token"]
    assert site.publish("demo", "1.1.0", nothing).status_code == 403


def test_a_token_for_all_packages_is_asked_for_as_such(site: Site) -> None:
    body: dict[str, Any] = {"packages_all": True, "packages": ["*"], "packages_and_scopes_permission": "read-write"}
    assert site.publish("other", who=create(site, **body).json["token"]).status_code == 201


def test_a_token_issues_no_more_than_it_may(site: Site) -> None:
    assert create(site, site.issue("alice", readonly=True), readonly=False).status_code == 403
    narrow = site.issue("alice", "npm:package:demo:write", "npm:user:alice:write")
    child = create(site, narrow, readonly=False).json["token"]
    assert site.publish("demo", who=child).status_code == 201
    assert site.publish("other", who=child).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"expires": -1},
        {"expires": "soon"},
        {"expires": True},
        {"cidr_whitelist": ["300.0.0.0/8"]},
        {"cidr_whitelist": "10.0.0.0/8"},
        {"packages": ["../x"]},
        {"packages": ["*"]},
        {"packages": ["demo", "@acme/*"]},
        {"orgs": ["*"], "orgs_permission": "read-write"},
        {"scopes": ["a b"]},
        {"orgs": ["a b"], "orgs_permission": "read-write"},
        {"name": 5},
        {"name": "x" * 200},
    ],
)
def test_a_token_request_that_makes_no_sense_is_refused(site: Site, body: dict[str, Any]) -> None:
    assert create(site, **body).status_code == 400


def test_a_token_needs_the_password(site: Site) -> None:
    assert create(site, password="wrong").status_code == 401
    assert create(site, password=None).status_code == 401
    assert site.ask("POST", "/-/npm/v1/tokens", None, {"password": PASSWORD}).status_code == 401
    assert site.ask("POST", "/-/npm/v1/tokens", body=[]).status_code == 400


def test_a_token_is_revoked_by_key_or_by_itself_by_its_user_only(site: Site) -> None:
    first, second = create(site).json, create(site).json
    path = "/-/npm/v1/tokens/token"
    assert site.ask("DELETE", f"{path}/{first['key']}", "bob").status_code == 404
    assert site.ask("DELETE", f"{path}/{second['token']}", "bob").status_code == 404
    assert site.ask("DELETE", f"{path}/{first['key']}").status_code == 204
    assert site.ask("DELETE", f"{path}/{second['token']}").status_code == 204
    assert site.ask("DELETE", f"{path}/{first['key']}").status_code == 404
    for each in (first, second):
        assert site.get("/-/whoami", each["token"]).status_code == 401
