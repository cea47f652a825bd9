from typing import Any

import pytest

from tests.builders.npm import make_tarball
from tests.protocols.npm.site import CORGI, Site


def versions(site: Site, name: str = "demo") -> list[str]:
    return list(site.packument(name)["versions"])


def publish_all(site: Site, *numbers: str, name: str = "demo") -> None:
    for number in numbers:
        assert site.publish(name, number).status_code == 201


def test_a_deprecation_shows_in_both_forms_and_can_be_taken_back(site: Site) -> None:
    publish_all(site, "1.0.0", "1.1.0")
    document = site.packument()
    document["versions"]["1.0.0"]["deprecated"] = "use 1.1"
    answer = site.ask("PUT", "/demo", body=document)
    assert (answer.status_code, answer.json["rev"]) == (201, site.packument()["_rev"])
    for accept in (None, CORGI):
        manifests = site.packument(accept=accept)["versions"]
        assert manifests["1.0.0"]["deprecated"] == "use 1.1"
        assert "deprecated" not in manifests["1.1.0"]
    document["versions"]["1.0.0"]["deprecated"] = ""
    site.ask("PUT", "/demo", body=document)
    assert "deprecated" not in site.packument()["versions"]["1.0.0"]


def test_a_deprecation_changes_nothing_else_however_old_the_document(site: Site) -> None:
    publish_all(site, "1.0.0", "1.1.0")
    before = site.packument()
    stale = {
        "name": "demo",
        "dist-tags": {"latest": "0.0.1"},
        "maintainers": [{"name": "bob"}],
        "versions": {"1.0.0": {"deprecated": "old", "dependencies": {"evil": "1"}}, "9.9.9": {"deprecated": "none"}},
    }
    assert site.ask("PUT", "/demo", body=stale).status_code == 201
    after = site.packument()
    assert after["versions"]["1.0.0"].pop("deprecated") == "old"
    for document in (before, after):
        for key in ("_rev", "time"):
            del document[key]
    assert after == before


def test_only_maintainers_deprecate(site: Site) -> None:
    publish_all(site, "1.0.0")
    body = {"versions": {"1.0.0": {"deprecated": "x"}}}
    assert site.ask("PUT", "/demo", None, body).status_code == 401
    assert site.ask("PUT", "/demo", "bob", body).status_code == 403
    assert site.ask("PUT", "/demo", site.issue("alice", readonly=True), body).status_code == 403
    assert site.ask("PUT", "/missing", "alice", body).status_code == 404


def test_an_unpublished_version_is_gone_and_its_number_stays_burnt(site: Site) -> None:
    publish_all(site, "1.0.0", "1.1.0")
    assert site.unpublish("demo", "1.1.0").status_code == 201
    document = site.packument()
    assert list(document["versions"]) == ["1.0.0"]
    assert document["dist-tags"] == {"latest": "1.0.0"}
    assert "1.1.0" not in document["time"]
    assert site.get("/demo/-/demo-1.1.0.tgz").status_code == 404
    assert site.get("/demo/1.1.0").status_code == 404
    # The last step of npm finds everything done.
    path = f"/demo/-/demo-1.1.0.tgz/-rev/{document['_rev']}"
    assert site.ask("DELETE", path).status_code == 200
    assert site.ask("DELETE", path).status_code == 200
    again = site.publish(version="1.1.0")
    assert again.status_code == 403
    assert "previously published versions: 1.1.0" in again.json["error"]
    assert site.publish(version="1.2.0").status_code == 201


def test_a_tarball_may_be_deleted_without_the_step_before(site: Site) -> None:
    publish_all(site, "1.0.0", "1.1.0")
    assert site.ask("DELETE", "/demo/-/demo-1.1.0.tgz/-rev/1-0").status_code == 200
    assert versions(site) == ["1.0.0"]
    assert site.packument()["dist-tags"] == {"latest": "1.0.0"}


def test_the_latest_tag_moves_to_the_highest_release_that_is_left(site: Site) -> None:
    publish_all(site, "1.0.0", "2.0.0-rc.1", "1.9.0", "3.0.0")
    document = site.packument()
    del document["versions"]["3.0.0"]
    document["dist-tags"] = {}
    answer = site.ask("PUT", f"/demo/-rev/{document['_rev']}", body=document)
    assert answer.status_code == 201
    assert site.packument()["dist-tags"] == {"latest": "1.9.0"}
    site.unpublish("demo", "1.0.0", "1.9.0")
    assert site.packument()["dist-tags"] == {"latest": "2.0.0-rc.1"}


def test_an_unpublished_package_is_gone_and_stays_its_owners(site: Site) -> None:
    publish_all(site, "1.0.0", "1.1.0")
    rev = site.packument()["_rev"]
    assert site.ask("DELETE", f"/demo/-rev/{rev}").json == {"ok": True}
    for path in ("/demo", "/demo/latest", "/demo/-/demo-1.0.0.tgz", "/-/package/demo/dist-tags"):
        assert site.get(path).status_code == 404
    assert site.get("/-/v1/search?text=demo").json["objects"] == []
    assert site.ask("DELETE", f"/demo/-rev/{rev}").status_code == 404
    assert site.publish(version="1.0.0").status_code == 403
    assert site.publish(version="2.0.0", who="bob").status_code == 403
    assert site.publish(version="2.0.0", tag="next").status_code == 201
    assert site.packument()["dist-tags"] == {"latest": "2.0.0", "next": "2.0.0"}


def test_unpublishing_all_versions_one_by_one_removes_the_package(site: Site) -> None:
    publish_all(site, "1.0.0")
    assert site.unpublish("demo", "1.0.0").status_code == 201
    assert site.get("/demo").status_code == 404
    assert site.publish(version="1.0.0").status_code == 403


def test_a_stale_revision_is_a_conflict(site: Site) -> None:
    publish_all(site, "1.0.0", "1.1.0")
    document = site.packument()
    publish_all(site, "1.2.0")
    kept = {**document, "versions": {"1.0.0": document["versions"]["1.0.0"]}}
    assert site.ask("PUT", f"/demo/-rev/{document['_rev']}", body=kept).status_code == 409
    assert site.ask("DELETE", f"/demo/-rev/{document['_rev']}").status_code == 409
    owners = {"maintainers": [{"name": "bob", "email": ""}]}
    assert site.ask("PUT", f"/demo/-rev/{document['_rev']}", body=owners).status_code == 409
    assert versions(site) == ["1.0.0", "1.1.0", "1.2.0"]


@pytest.mark.parametrize("body", [{}, [], {"versions": []}, {"versions": {"9.0.0": {}}}, {"dist-tags": {"a": "1.0.0"}}])
def test_a_revision_only_takes_things_away(site: Site, body: Any) -> None:
    publish_all(site, "1.0.0")
    rev = site.packument()["_rev"]
    assert site.ask("PUT", f"/demo/-rev/{rev}", body=body).status_code == 400
    assert site.packument()["_rev"] == rev


def test_unpublishing_needs_the_right_to_delete(site: Site) -> None:
    publish_all(site, "1.0.0", "1.1.0")
    document = site.packument()
    kept = {**document, "versions": {"1.0.0": {}}}
    rev = document["_rev"]
    writer = site.issue("alice", "npm:package:demo:write", "npm:package:demo:read")
    for who, status in ((None, 401), ("bob", 403), (writer, 403)):
        assert site.ask("PUT", f"/demo/-rev/{rev}", who, kept).status_code == status
        assert site.ask("DELETE", f"/demo/-rev/{rev}", who).status_code == status
        assert site.ask("DELETE", f"/demo/-/demo-1.1.0.tgz/-rev/{rev}", who).status_code == status
    assert versions(site) == ["1.0.0", "1.1.0"]


def test_tags_are_read_moved_and_removed(site: Site) -> None:
    publish_all(site, "1.0.0", "1.1.0", name="@acme/demo")
    path = "/-/package/@acme%2fdemo/dist-tags"
    assert site.get(path).json == {"latest": "1.1.0"}
    assert site.ask("PUT", f"{path}/stable", body="1.0.0").status_code == 201
    assert site.ask("POST", f"{path}/beta", body="1.1.0").status_code == 201
    assert site.get(path).json == {"latest": "1.1.0", "stable": "1.0.0", "beta": "1.1.0"}
    assert site.get(f"{path}/stable").json == "1.0.0"
    assert site.packument("@acme/demo")["dist-tags"]["stable"] == "1.0.0"
    assert site.ask("PUT", f"{path}/latest", body="1.0.0").status_code == 201
    assert site.ask("DELETE", f"{path}/stable").json == {"ok": "tag removed"}
    assert site.ask("DELETE", f"{path}/stable").status_code == 200
    assert site.get(path).json == {"latest": "1.0.0", "beta": "1.1.0"}
    assert site.ask("POST", path, body={"a": "1.0.0"}).status_code == 201
    assert site.get(path).json == {"latest": "1.0.0", "beta": "1.1.0", "a": "1.0.0"}
    assert site.ask("PUT", path, body={"b": "1.1.0"}).status_code == 201
    assert site.get(path).json == {"latest": "1.0.0", "b": "1.1.0"}


@pytest.mark.parametrize(
    "tag", ["1", "v1.2", "x", "*", "1.0.0", ">=1", "__proto__", "constructor", "prototype", "a" * 129]
)
def test_some_words_cannot_be_tags(site: Site, tag: str) -> None:
    publish_all(site, "1.0.0")
    assert site.ask("PUT", f"/-/package/demo/dist-tags/{tag}", body="1.0.0").status_code == 400
    assert site.ask("POST", "/-/package/demo/dist-tags", body={tag: "1.0.0"}).status_code == 400


def test_a_tag_needs_a_version_and_latest_cannot_be_removed(site: Site) -> None:
    publish_all(site, "1.0.0")
    path = "/-/package/demo/dist-tags"
    assert site.ask("PUT", f"{path}/a", body="9.9.9").status_code == 404
    assert site.ask("PUT", f"{path}/a", body={"a": 1}).status_code == 400
    assert site.ask("PUT", path, body=["1.0.0"]).status_code == 400
    assert site.ask("DELETE", f"{path}/latest").status_code == 400
    assert site.ask("PUT", "/-/package/missing/dist-tags/a", body="1.0.0").status_code == 404
    assert site.get(f"{path}/missing").status_code == 404
    for who, status in ((None, 401), ("bob", 403)):
        assert site.ask("PUT", f"{path}/a", who, "1.0.0").status_code == status
        assert site.ask("DELETE", f"{path}/a", who).status_code == status
    assert site.get(path).json == {"latest": "1.0.0"}


def test_owners_are_replaced_by_sending_them_back(site: Site) -> None:
    publish_all(site, "1.0.0")
    rev = site.packument()["_rev"]
    people = [{"name": "alice", "email": "alice@example.com"}, {"name": "bob", "email": "forged@example.com"}]
    assert site.ask("PUT", f"/demo/-rev/{rev}", body={"_rev": rev, "maintainers": people}).status_code == 201
    document = site.packument()
    assert document["maintainers"][1] == {"name": "bob", "email": "bob@example.com"}
    assert site.publish(version="1.1.0", who="bob").status_code == 201
    rev = site.packument()["_rev"]
    alone = {"maintainers": [{"name": "bob", "email": "b"}]}
    assert site.ask("PUT", f"/demo/-rev/{rev}", "bob", alone).status_code == 201
    assert site.publish(version="1.2.0", who="alice").status_code == 403


@pytest.mark.parametrize("people", [[], [{}], [{"name": "nobody"}], ["alice"], [{"name": 1}]])
def test_a_package_keeps_an_owner_who_exists(site: Site, people: list[Any]) -> None:
    publish_all(site, "1.0.0")
    rev = site.packument()["_rev"]
    assert site.ask("PUT", f"/demo/-rev/{rev}", body={"maintainers": people}).status_code in (400, 404)
    assert site.packument()["_rev"] == rev


def test_owners_come_and_go_one_by_one(site: Site) -> None:
    publish_all(site, "1.0.0", name="@acme/demo")
    path = "/-/package/@acme%2fdemo/owners"
    assert site.ask("PUT", path, "bob", {"user": "bob"}).status_code == 403
    assert site.ask("PUT", path, body={"user": "bob"}).status_code == 201
    assert [each["name"] for each in site.get(path).json] == ["alice", "bob"]
    assert site.get("/-/package/@acme%2fdemo/collaborators", "bob").json == {"alice": "write", "bob": "write"}
    assert site.get("/-/package/@acme%2fdemo/collaborators?user=bob", "bob").json == {"bob": "write"}
    for_pnpm = site.get("/-/package/@acme%2fdemo/collaborators?format=cli&user=bob", "bob").json
    assert for_pnpm == [{"user": "bob", "permissions": "write"}]
    assert site.ask("DELETE", path, "bob", {"user": "alice"}).status_code == 200
    assert site.ask("DELETE", f"{path}/bob", "bob").status_code == 400
    assert site.ask("PUT", path, "bob", {"user": "nobody"}).status_code == 404


def test_access_is_changed_by_owners_of_scoped_packages(site: Site) -> None:
    publish_all(site, "1.0.0", name="@acme/demo")
    path = "/-/package/@acme%2fdemo"
    assert site.get(f"{path}/visibility").json == {"public": True}
    assert site.ask("POST", f"{path}/access", "bob", {"access": "restricted"}).status_code == 403
    assert site.ask("POST", f"{path}/access", body={"access": "restricted"}).status_code == 200
    assert site.get(f"{path}/visibility", "bob").json == {"public": False}
    assert site.get("/@acme/demo").status_code == 401
    assert site.ask("POST", f"{path}/access", body={"access": "public"}).status_code == 200
    assert site.get("/@acme/demo").status_code == 200
    wrong: list[Any] = [{"access": "secret"}, {}, [], {"publish_requires_tfa": True}]
    for body in wrong:
        assert site.ask("POST", f"{path}/access", body=body).status_code == 400
    assert site.ask("POST", f"{path}/access", body={"publish_requires_tfa": False}).status_code == 200
    publish_all(site, "1.0.0")
    assert site.ask("POST", "/-/package/demo/access", body={"access": "restricted"}).status_code == 400


def test_stars_are_set_by_everybody_for_themselves_only(site: Site) -> None:
    publish_all(site, "1.0.0")
    rev = site.packument()["_rev"]
    body = {"_id": "demo", "_rev": rev, "users": {"bob": True, "alice": True}}
    assert site.ask("PUT", "/demo", "bob", body).status_code == 201
    assert site.packument()["users"] == {"bob": True}
    assert site.get('/-/_view/starredByUser?key="bob"').json == {"rows": [{"value": "demo"}]}
    assert site.get('/-/_view/starredByUser?key="alice"').json == {"rows": []}
    assert site.get("/-/_view/starredByUser?key=bob").status_code == 400
    assert site.ask("PUT", "/demo", "alice", {"users": {}}).status_code == 201
    assert site.packument()["users"] == {"bob": True}
    assert site.ask("PUT", "/demo", "bob", {"_id": "demo", "users": {}}).status_code == 201
    assert "users" not in site.packument()
    assert site.ask("PUT", "/demo", None, body).status_code == 401
    assert site.ask("PUT", "/demo", site.issue("bob", readonly=True), body).status_code == 403
    assert site.ask("PUT", "/missing", "bob", body).status_code == 404


def test_stars_have_paths_of_their_own(site: Site) -> None:
    publish_all(site, "1.0.0")
    assert site.ask("PUT", "/-/user/v1/star", "bob", {"name": "demo", "package": "demo"}).status_code == 200
    assert site.get("/-/user/bob/stars", "alice").json == ["demo"]
    assert site.ask("DELETE", "/-/user/v1/star", "bob", {"package": "demo"}).status_code == 200
    assert site.ask("PUT", "/-/user/package/demo/star", "bob").status_code == 200
    assert site.get("/-/user/v1/star", "bob").json == ["demo"]
    assert site.ask("DELETE", "/-/user/package/demo/star", "bob").status_code == 200
    assert site.get("/-/user/v1/star", "bob").json == []
    assert site.ask("PUT", "/-/user/v1/star", None, {"package": "demo"}).status_code == 401
    assert site.ask("PUT", "/-/user/v1/star", "bob", {}).status_code == 400


def test_a_foreigner_cannot_publish_under_the_cover_of_a_star(site: Site) -> None:
    publish_all(site, "1.0.0")
    document = {"users": {"bob": True}, "versions": {"1.0.0": {"deprecated": "x"}}}
    assert site.ask("PUT", "/demo", "bob", document).status_code == 403
    assert site.ask("PUT", "/demo", "bob", b"not json").status_code == 403
    assert site.publish(version="2.0.0", who="bob", users={"bob": True}).status_code == 403
    assert site.publish(version="2.0.0", who="bob", tarball=make_tarball(), users={"bob": True}).status_code == 403


def test_the_teams_of_an_organisation_let_their_members_publish(site: Site) -> None:
    publish_all(site, "1.0.0", name="@acme/demo")
    assert site.ask("PUT", "/-/org/acme/team", "alice", {"name": "devs"}).status_code == 403
    assert site.ask("PUT", "/-/org/acme/team", "root", {"name": "devs", "description": "We"}).status_code == 201
    assert site.get("/-/org/acme/team?format=cli", "alice").json == ["acme:devs"]
    assert site.ask("PUT", "/-/team/acme/devs/user", "root", {"user": "bob"}).status_code == 201
    assert site.get("/-/team/acme/devs/user?format=cli", "alice").json == ["bob"]
    assert site.get("/-/org/acme/team", "alice").json == [{"name": "devs", "description": "We"}]
    assert site.get("/-/team/acme/devs/user", "alice").json == [{"name": "bob"}]
    grant = {"package": "@acme/demo", "permissions": "read-only"}
    assert site.ask("PUT", "/-/team/acme/devs/package", "root", grant).status_code == 201
    assert site.publish("@acme/demo", "1.1.0", "bob").status_code == 403
    assert site.get("/-/package/@acme%2fdemo/collaborators", "bob").json == {"bob": "read", "alice": "write"}
    grant["permissions"] = "read-write"
    assert site.ask("PUT", "/-/team/acme/devs/package", "root", grant).status_code == 201
    assert site.get("/-/team/acme/devs/package", "bob").json == {"@acme/demo": "write"}
    assert site.publish("@acme/demo", "1.1.0", "bob").status_code == 201
    # Publishing is all that the team may do.
    assert site.ask("PUT", "/-/package/@acme%2fdemo/owners", "bob", {"user": "bob"}).status_code == 403
    assert site.get("/-/org/acme/package", "bob").json == {"@acme/demo": "write"}
    assert site.get("/-/user/alice/package", "bob").json == {"@acme/demo": "write"}
    assert site.ask("DELETE", "/-/team/acme/devs/user", "root", {"user": "bob"}).status_code == 204
    assert site.publish("@acme/demo", "1.2.0", "bob").status_code == 403
    assert site.ask("DELETE", "/-/team/acme/devs/package", "root", {"package": "@acme/demo"}).status_code == 204
    assert site.ask("DELETE", "/-/team/acme/devs", "root").status_code == 204
    assert site.ask("DELETE", "/-/team/acme/devs", "root").status_code == 404
    assert site.get("/-/org/acme/team", "alice").json == []


def test_a_team_that_publishes_cannot_change_who_reads(site: Site) -> None:
    assert site.publish("@acme/demo", access="restricted").status_code == 201
    assert site.ask("PUT", "/-/org/acme/team", "root", {"name": "devs"}).status_code == 201
    assert site.ask("PUT", "/-/team/acme/devs/user", "root", {"user": "bob"}).status_code == 201
    grant = {"package": "@acme/demo", "permissions": "read-write"}
    assert site.ask("PUT", "/-/team/acme/devs/package", "root", grant).status_code == 201
    assert site.publish("@acme/demo", "1.1.0", "bob", access="public").status_code == 403
    assert site.get("/@acme/demo").status_code == 401
    assert site.publish("@acme/demo", "1.1.0", "bob", access="restricted").status_code == 201
    assert site.publish("@acme/demo", "1.2.0", "bob").status_code == 201
    assert site.publish("@acme/demo", "1.3.0", access="public").status_code == 201
    assert site.get("/@acme/demo").status_code == 200


def test_a_scope_with_an_organisation_is_for_its_members(site: Site) -> None:
    assert site.publish("@acme/one", who="bob").status_code == 201
    assert site.ask("PUT", "/-/org/acme/user", "root", {"user": "@alice", "role": "owner"}).status_code == 200
    assert site.get("/-/org/acme/user", "bob").json == {"root": "owner", "alice": "owner"}
    refused = site.publish("@acme/two", who="bob")
    assert (refused.status_code, "organisation" in refused.json["error"]) == (403, True)
    assert site.publish("@acme/one", "1.1.0", "bob").status_code == 201
    assert site.ask("PUT", "/-/org/acme/user", "bob", {"user": "bob", "role": "owner"}).status_code == 403
    assert site.ask("PUT", "/-/org/acme/user", "alice", {"user": "bob"}).status_code == 200
    assert site.publish("@acme/two", who="bob").status_code == 201
    assert site.ask("PUT", "/-/org/acme/user", "bob", {"user": "bob", "role": "owner"}).status_code == 403
    assert site.ask("DELETE", "/-/org/acme/user", "alice", {"user": "root"}).status_code == 204
    assert site.ask("DELETE", "/-/org/acme/user", "alice", {"user": "alice"}).status_code == 400
    assert site.ask("PUT", "/-/org/acme/user", "alice", {"user": "alice", "role": "admin"}).status_code == 400


def test_only_owners_say_who_is_an_owner(site: Site) -> None:
    members = "/-/org/acme/user"
    assert site.ask("PUT", members, "root", {"user": "alice", "role": "owner"}).status_code == 200
    assert site.ask("PUT", members, "alice", {"user": "bob", "role": "admin"}).status_code == 200
    assert site.ask("PUT", members, "bob", {"user": "bob", "role": "owner"}).status_code == 403
    assert site.ask("PUT", members, "bob", {"user": "alice", "role": "developer"}).status_code == 403
    assert site.ask("DELETE", members, "bob", {"user": "alice"}).status_code == 403
    assert site.get(members, "bob").json == {"root": "owner", "alice": "owner", "bob": "admin"}
    assert site.ask("PUT", "/-/org/acme/team", "bob", {"name": "devs"}).status_code == 201
    assert site.ask("DELETE", members, "alice", {"user": "root"}).status_code == 204
    assert site.ask("PUT", members, "root", {"user": "bob", "role": "owner"}).status_code == 200
    assert site.ask("DELETE", members, "bob", {"user": "alice"}).status_code == 204


def test_organisations_refuse_what_makes_no_sense(site: Site) -> None:
    publish_all(site, "1.0.0", name="@acme/demo")
    assert site.get("/-/org/acme/user", "alice").status_code == 404
    assert site.get("/-/org/acme/user").status_code == 401
    assert site.get("/-/org/other/package", "alice").status_code == 404
    assert site.get("/-/org/acme/package", "alice").json == {"@acme/demo": "write"}
    assert site.ask("PUT", "/-/team/acme/devs/user", "root", {"user": "bob"}).status_code == 404
    assert site.ask("PUT", "/-/org/acme/user", "root", {"user": "bob", "role": "king"}).status_code == 400
    assert site.ask("PUT", "/-/org/acme/user", "root", {"user": "nobody"}).status_code == 404
    assert site.ask("PUT", "/-/org/acme/team", "root", {"name": "a/b"}).status_code == 400
    assert site.ask("PUT", "/-/org/acme/team", "root", {"name": "devs"}).status_code == 201
    foreign = {"package": "demo", "permissions": "read-write"}
    assert site.ask("PUT", "/-/team/acme/devs/package", "root", foreign).status_code == 400
    missing = {"package": "@acme/none", "permissions": "read-write"}
    assert site.ask("PUT", "/-/team/acme/devs/package", "root", missing).status_code == 404
    wrong = {"package": "@acme/demo", "permissions": "all"}
    assert site.ask("PUT", "/-/team/acme/devs/package", "root", wrong).status_code == 400
    readonly = site.issue("root", readonly=True)
    assert site.ask("PUT", "/-/org/acme/team", readonly, {"name": "more"}).status_code == 403
    assert site.get("/org/acme/team?format=cli", "alice").json == ["acme:devs"]
