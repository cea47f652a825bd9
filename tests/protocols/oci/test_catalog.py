from pathlib import Path

import pytest

from registry.catalog.catalog import Catalog
from registry.catalog.search import Query
from registry.config import AuthSettings
from registry.protocols.oci.routes import references, sweep
from registry.protocols.oci.store import read_listing
from registry.storage.driver import Stat
from tests.builders.asking import Ask, basic
from tests.builders.oci import Pusher, digest_of, make_artifact, make_image, make_index
from tests.builders.registry import OWNER, STRANGER, Registry
from tests.contracts.routes import mount_of
from tests.protocols.oci.test_tags import link_of
from tests.protocols.oci.test_tokens import token_for, with_token

IMAGE = make_image(b"layer", annotations={"org.opencontainers.image.description": "A small image", "other": "x"})


def catalog_of(registry: Registry) -> Catalog:
    return registry.services.catalog(mount_of(registry, "oci"), read_listing)


def listed(registry: Registry, query: str = "", who: str | None = OWNER) -> list[str]:
    answer = registry.get(f"/v2/_catalog{query}", who)
    assert answer.status == 200, answer.everything()
    found: list[str] = answer.json["repositories"]
    return found


def test_repositories_with_manifests_are_listed_in_order_and_pages(registry: Registry) -> None:
    names = ["zoo", "team/app", "a", "team/app/sub", "b-c"]
    for name in names:
        Pusher(registry, name).push(IMAGE, tag="v1")
    Pusher(registry, "only/blobs").push_blob(b"blob")
    assert listed(registry) == sorted(names)
    found: list[str] = []
    path: str | None = "/v2/_catalog?n=2"
    while path:
        answer = registry.get(path)
        found += answer.json["repositories"]
        path = link_of(answer)
    assert found == sorted(names)
    assert listed(registry, "?last=team/app") == ["team/app/sub", "zoo"]
    assert listed(registry, "?n=0") == []
    assert registry.get("/v2/_catalog?n=-1").status == 400


def test_a_repository_is_listed_until_its_last_manifest_is_gone(pusher: Pusher) -> None:
    registry = pusher.registry
    pusher.push(IMAGE, tag="v1")
    other = pusher.push(make_image(b"other"))
    pusher.ask("DELETE", "manifests/v1")
    pusher.ask("DELETE", f"manifests/{IMAGE.digest}")
    assert listed(registry) == ["team/app"]
    pusher.ask("DELETE", f"manifests/{other.digest}")
    assert listed(registry) == []
    pusher.push(IMAGE, tag="v1")
    assert listed(registry) == ["team/app"]


def test_only_what_the_caller_may_pull_is_listed(tmp_path: Path) -> None:
    registry = Registry(tmp_path, auth=AuthSettings(anonymous_read=False))
    for name in ("team/app", "private/app"):
        Pusher(registry, name).push(IMAGE, tag="v1")
    registry.services.auth.users.add(
        "dora", email="d@example.com", scopes=["oci:repository:team/*:pull", "oci:registry:catalog:pull"]
    )
    registry.tokens["dora"] = registry.issue("dora")
    assert listed(registry, who="dora") == ["team/app"]
    assert listed(registry, who=STRANGER) == []
    assert registry.get("/v2/_catalog", None).status == 401
    token = token_for(registry, "registry:catalog:*", who="dora")["token"]
    assert with_token(registry, token, "GET", "/v2/_catalog").json == {"repositories": ["team/app"]}
    everything = token_for(registry, "registry:catalog:*")["token"]
    assert with_token(registry, everything, "GET", "/v2/_catalog").json == {"repositories": ["private/app", "team/app"]}
    registry.tokens["narrow"] = registry.issue(OWNER, "oci:repository:team/*:pull", "oci:registry:catalog:pull")
    narrow = token_for(registry, "registry:catalog:*", who="narrow")["token"]
    assert with_token(registry, narrow, "GET", "/v2/_catalog").json == {"repositories": ["team/app"]}
    for scope, who in (
        ("repository:team/app:pull", "dora"),
        ("registry:catalog:*", STRANGER),
        ("registry:catalog:*", None),
    ):
        token = token_for(registry, scope, who=who)["token"]
        assert with_token(registry, token, "GET", "/v2/_catalog").status == 401


def test_everybody_lists_where_everybody_may_pull(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    assert listed(pusher.registry, who=None) == ["team/app"]
    token = token_for(pusher.registry, "registry:catalog:*", who=None)["token"]
    assert with_token(pusher.registry, token, "GET", "/v2/_catalog").json == {"repositories": ["team/app"]}


def test_wrong_credentials_list_nothing(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    answer = pusher.registry.ask(Ask("GET", "/v2/_catalog", None, {"Authorization": basic("x", "y")}), None)
    assert answer.status == 401


def test_searches_know_what_was_tagged_last(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    pusher.push(make_image(b"untagged"))
    result = catalog_of(pusher.registry).search(Query("small"))
    assert result.total == 1
    (listing,) = result.listings
    assert (listing.name, listing.version, listing.publisher) == ("team/app", "v1", OWNER)
    assert listing.description == "A small image"


def test_the_feed_tells_pushes_and_deletions_once_each(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    pusher.put(IMAGE, "v1")
    pusher.put(IMAGE, "v2")
    pusher.ask("DELETE", "manifests/v1")
    pusher.ask("DELETE", f"manifests/{IMAGE.digest}")
    events = [(event.action, event.version, event.actor) for event in catalog_of(pusher.registry).feed.events()]
    assert events == [
        ("push", "v1", OWNER),
        ("push", "v2", OWNER),
        ("delete", "v1", OWNER),
        ("delete", IMAGE.digest, OWNER),
    ]


def test_all_blobs_that_manifests_name_are_references(pusher: Pusher) -> None:
    registry = pusher.registry
    sha512 = make_image(b"other", algorithm="sha512")
    pusher.push(IMAGE, sha512, make_index(IMAGE), make_artifact(IMAGE), tag="v1")
    pusher.push_blob(b"named by nobody")
    found = set(references(mount_of(registry, "oci"), registry.services))
    expected = {each.digest for each in (IMAGE, sha512, make_index(IMAGE), make_artifact(IMAGE))}
    expected |= {
        digest_of(blob, image.algorithm) for image in (IMAGE, sha512, make_artifact(IMAGE)) for blob in image.blobs
    }
    assert found == expected


def test_references_are_all_or_none(pusher: Pusher) -> None:
    registry = pusher.registry
    pusher.push(IMAGE, tag="v1")
    registry.services.storage.blobs.delete(IMAGE.digest)
    with pytest.raises(Exception, match="gone"):
        list(references(mount_of(registry, "oci"), registry.services))


def test_idle_uploads_are_swept(pusher: Pusher) -> None:
    location = pusher.open()
    pusher.patch(location, b"some")
    mount = mount_of(pusher.registry, "oci")
    assert sweep(mount, pusher.registry.services, 3600) == 0
    assert pusher.get(location).status == 204
    assert sweep(mount, pusher.registry.services, -1) == 1
    assert pusher.get(location).status == 404


def test_a_push_cut_off_before_the_feed_knew_is_told_when_it_is_repeated(
    pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = pusher.registry.services.storage.driver
    pusher.push(IMAGE)
    put = driver.put

    def failing(key: str, *arguments: object) -> Stat:
        if "_ledger" in key:
            raise OSError("broken")
        return put(key, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(driver, "put", failing)
        assert pusher.put(IMAGE, "v1").status == 503
    assert pusher.tags() == ["v1"]
    assert pusher.put(IMAGE, "v1").status == 201
    assert pusher.put(IMAGE, "v1").status == 201
    assert [event.version for event in catalog_of(pusher.registry).feed.events()] == [IMAGE.digest, "v1"]
