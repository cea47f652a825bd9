"""One registry under three mounts, and names that hold the words of its paths."""

from pathlib import Path

import pytest

from registry.config import MountSettings, ServerSettings
from tests.builders.oci import Pusher, digest_of, make_artifact, make_image, refused
from tests.builders.registry import OWNER, Registry

IMAGE = make_image(b"layer")
FORMS = ["/v2", "/oci/v2", "/oci"]


@pytest.mark.parametrize("base", FORMS)
def test_links_lead_back_by_the_way_the_request_came(registry: Registry, base: str) -> None:
    pusher = Pusher(registry, base=base)
    location = pusher.open()
    assert location.startswith(f"{base}/team/app/blobs/uploads/")
    assert pusher.patch(location, b"layer").headers["location"] == location
    assert (
        pusher.finish(location, digest_of(b"layer")).headers["location"]
        == f"{base}/team/app/blobs/{digest_of(b'layer')}"
    )
    pusher.push(IMAGE, tag="v1")
    assert pusher.put(IMAGE, "v2").headers["location"] == f"{base}/team/app/manifests/{IMAGE.digest}"
    assert pusher.get("tags/list?n=1").headers["link"].startswith(f"<{base}/team/app/tags/list?")
    Pusher(registry, "other", base=base).push(IMAGE, tag="v1")
    catalog = pusher.get(f"{base}/_catalog?n=1")
    assert catalog.headers["link"] == f'<{base}/_catalog?n=1&last=other>; rel="next"'
    for form in FORMS:
        assert Pusher(registry, base=form).get("manifests/v1").body == IMAGE.body


@pytest.mark.parametrize("path", ["/v2/", "/v2", "/oci/v2/", "/oci/v2", "/oci/", "/oci"])
def test_the_first_path_answers_without_a_redirect(registry: Registry, path: str) -> None:
    answer = registry.get(path)
    assert (answer.status, answer.json) == (200, {})
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert answer.headers["content-type"] == "application/json"
    unknown = registry.get(path, None)
    assert unknown.status == 401
    assert unknown.headers["www-authenticate"] == 'Bearer realm="http://localhost/v2/token",service="registry"'


@pytest.mark.parametrize(
    "name",
    [
        "a/manifests/b",
        "a/blobs/uploads/b",
        "x/manifests",
        "manifests/manifests",
        "blobs/uploads",
        "tags/list",
        "referrers",
        "a/tags/list/b",
        "uploads/11111111-2222-4333-8444-555555555555",
        "a/b/c/d/e/f/g/h/i/j",
        "token",
        "team/v2",
    ],
)
@pytest.mark.parametrize("base", FORMS)
def test_a_name_may_hold_any_word(registry: Registry, name: str, base: str) -> None:
    pusher = Pusher(registry, name, base=base)
    pusher.push(IMAGE, tag="list")
    artifact = pusher.push(make_artifact(IMAGE), tag="uploads")
    assert pusher.get("manifests/list").body == IMAGE.body
    assert pusher.tags() == ["list", "uploads"]
    assert pusher.get(f"blobs/{digest_of(b'layer')}").body == b"layer"
    assert [each["digest"] for each in pusher.referrers(IMAGE.digest)] == [artifact.digest]
    location = pusher.open()
    assert pusher.patch(location, b"more").status == 202
    assert pusher.get(location).status == 204
    assert registry.get("/v2/_catalog").json["repositories"] == [name]


def test_the_version_is_no_name(registry: Registry) -> None:
    for base in ("/v2", "/oci/v2"):
        refused(Pusher(registry, "v2/app", base=base).put(IMAGE, "v1"), 400, "NAME_INVALID")
    refused(registry.get("/oci/v2/manifests/v1"), 400, "NAME_INVALID")
    Pusher(registry, "app").push(IMAGE, tag="v1")
    assert registry.get("/oci/v2/app/manifests/v1").body == IMAGE.body


@pytest.mark.parametrize(
    "name", ["Team/app", "a//b", "a/../b", "-a", "a_", "a" * 256, "a%20b", "%E2%82%AC", "_catalog"]
)
def test_what_is_no_name_is_refused(registry: Registry, name: str) -> None:
    pusher = Pusher(registry, name)
    assert pusher.put(IMAGE, "v1").status == 400
    assert pusher.get("manifests/v1").status in (400, 404)
    assert pusher.ask("POST", "blobs/uploads/", b"").status == 400
    assert [key for key in registry.stored() if key.startswith("oci/")] == []


def test_a_percent_encoded_name_is_decoded_once(registry: Registry) -> None:
    Pusher(registry).push(IMAGE, tag="v1")
    assert registry.get("/v2/team%2Fapp/manifests/v1").body == IMAGE.body
    assert registry.get("/v2/%74eam/app/manifests/v1").body == IMAGE.body
    assert registry.get("/v2/team%252Fapp/manifests/v1").status == 400


def test_wrong_methods_are_told_the_right_ones(pusher: Pusher) -> None:
    answer = pusher.ask("POST", "manifests/v1", b"")
    refused(answer, 405, "UNSUPPORTED")
    assert {"DELETE", "GET", "HEAD", "PUT"} <= set(answer.headers["allow"].split(", "))
    refused(pusher.ask("PATCH", "tags/list", b""), 405, "UNSUPPORTED")
    assert pusher.ask("OPTIONS", "manifests/v1").status == 204


def test_paths_of_nothing_are_refused_in_the_dialect(registry: Registry) -> None:
    for path in ("/v2/a", "/v2/a/b/c", "/oci/a/blobs", "/v2/_catalog/x", "/v2/a/manifests/"):
        refused(registry.get(path), 404, "NAME_UNKNOWN")


def test_a_path_below_that_of_the_public_url(tmp_path: Path) -> None:
    registry = Registry(tmp_path, server=ServerSettings(public_url="https://example.com/registry"))
    pusher = Pusher(registry)
    assert pusher.open().startswith("/registry/v2/team/app/")
    assert Pusher(registry, base="/registry/v2").open().startswith("/registry/v2/team/app/")
    assert Pusher(registry, base="/registry/oci").open().startswith("/registry/oci/team/app/")
    challenge = registry.get("/v2/", None).headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="https://example.com/registry/v2/token"')


def test_a_second_mount_has_paths_and_repositories_of_its_own(tmp_path: Path) -> None:
    mounts = {"oci-internal": MountSettings(protocol="oci", path="/internal")}
    registry = Registry(tmp_path, mounts=mounts)
    internal = Pusher(registry, base="/internal/v2")
    internal.push(IMAGE, tag="v1")
    assert internal.open().startswith("/internal/v2/team/app/")
    assert Pusher(registry).get("manifests/v1").status == 404
    challenge = registry.get("/internal/v2/team/app/blobs/uploads/", None)
    assert challenge.status in (401, 405)
    challenge = Pusher(registry, base="/internal/v2", who=None).ask("POST", "blobs/uploads/", b"")
    assert challenge.headers["www-authenticate"].startswith('Bearer realm="http://localhost/internal/v2/token"')
    token = registry.get("/internal/v2/token?scope=repository:team/app:push,pull", OWNER).json["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert internal.ask("POST", "blobs/uploads/", b"", bearer).status == 202
    assert Pusher(registry).ask("POST", "blobs/uploads/", b"", bearer).status == 401


def test_without_a_url_of_its_own_the_registry_asks_for_basic(registry: Registry) -> None:
    pusher = Pusher(registry, who=None)
    answer = pusher.ask("POST", "blobs/uploads/", b"", {}, HTTP_HOST="registry.example.com")
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="registry"'
