import base64
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from registry.config import LimitSettings
from tests.builders.archives import TAR_END, tar_member
from tests.builders.npm import make_bundle, make_document, make_manifest, make_tar_gz, make_tarball
from tests.protocols.npm.site import Site


def test_a_published_version_can_be_read_at_once(site: Site) -> None:
    answer = site.publish()
    assert answer.status_code == 201
    assert answer.json == {"ok": True, "success": True, "id": "demo", "rev": answer.json["rev"]}
    document = site.packument(who=None)
    assert document["_rev"] == answer.json["rev"]
    assert document["dist-tags"] == {"latest": "1.0.0"}
    assert document["maintainers"] == [{"name": "alice", "email": "alice@example.com"}]
    assert document["readme"] == "# demo\n"
    manifest = document["versions"]["1.0.0"]
    assert manifest["_id"] == "demo@1.0.0"
    assert manifest["_npmUser"] == {"name": "alice", "email": "alice@example.com"}
    assert "readme" not in manifest
    assert manifest["dist"]["tarball"] == "http://localhost/npm/demo/-/demo-1.0.0.tgz"
    assert manifest["dist"]["fileCount"] == 2
    tarball = site.get("/demo/-/demo-1.0.0.tgz")
    assert tarball.content == make_tarball()
    assert manifest["dist"]["unpackedSize"] == len(json.dumps(make_manifest())) + len(b"module.exports = 1\n")


def test_the_attachments_may_come_before_everything_else(site: Site) -> None:
    document = make_document("@acme/demo")
    reordered = {key: document[key] for key in ("_id", "_attachments", "name", "access", "versions", "dist-tags")}
    assert site.ask("PUT", "/@acme%2fdemo", body=reordered).status_code == 201
    assert site.get("/@acme/demo/-/demo-1.0.0.tgz").status_code == 200


def test_local_paths_and_digests_of_the_publisher_are_not_kept(site: Site) -> None:
    leaks = {"_resolved": "/home/x.tgz", "_from": "file:x", "_integrity": "y", "integrity": "z", "shasum": "0"}
    site.publish(manifest=leaks)
    assert not leaks.keys() & site.packument()["versions"]["1.0.0"].keys()


def test_unknown_fields_of_a_manifest_pass_through(site: Site) -> None:
    site.publish(fields={"browserslist": ["last 1 version"], "x": {"y": None, "z": 1.5}})
    manifest = site.packument()["versions"]["1.0.0"]
    assert (manifest["browserslist"], manifest["x"]) == (["last 1 version"], {"y": None, "z": 1.5})


def test_a_first_version_under_another_tag_is_the_latest_too(site: Site) -> None:
    site.publish(version="2.0.0-rc.1", tag="next")
    assert site.packument()["dist-tags"] == {"latest": "2.0.0-rc.1", "next": "2.0.0-rc.1"}
    site.publish(version="1.0.0", tag="old")
    assert site.packument()["dist-tags"] == {"latest": "2.0.0-rc.1", "next": "2.0.0-rc.1", "old": "1.0.0"}


def test_publishing_the_same_bytes_again_changes_nothing(site: Site) -> None:
    first = site.publish()
    again = site.publish()
    assert (again.status_code, again.json["rev"]) == (201, first.json["rev"])


def test_other_bytes_for_a_version_are_refused_as_npm_knows_it(site: Site) -> None:
    site.publish()
    answer = site.publish(tarball=make_tarball(files={"package/more.js": b""}))
    assert answer.status_code == 403
    assert answer.json["error"] == "You cannot publish over the previously published versions: 1.0.0."
    assert site.get("/demo/-/demo-1.0.0.tgz").content == make_tarball()


def test_the_same_bytes_of_another_maintainer_are_refused(site: Site) -> None:
    site.publish()
    assert site.publish(who="root").status_code == 403


def test_a_version_that_differs_in_its_build_only_is_refused(site: Site) -> None:
    assert site.publish(version="1.0.0+one").status_code == 201
    assert site.publish(version="1.0.0+two").status_code == 403
    assert site.publish(version="1.0.0").status_code == 403
    assert site.get("/demo/1.0.0%2Bone").json["version"] == "1.0.0+one"
    url = site.packument()["versions"]["1.0.0+one"]["dist"]["tarball"]
    assert url.endswith("/demo/-/demo-1.0.0%2Bone.tgz")
    assert site.get("/demo/-/demo-1.0.0%2Bone.tgz").status_code == 200


def test_npm_cuts_off_the_build_before_it_publishes(site: Site) -> None:
    assert site.publish(tarball=make_tarball(make_manifest(version="1.0.0+build"))).status_code == 201


REFUSED: dict[str, dict[str, Any]] = {
    "another _id": {"_id": "other"},
    "no versions": {"versions": ...},
    "versions are a list": {"versions": []},
    "two versions": {"versions": {"1.0.0": make_manifest(), "1.0.1": make_manifest(version="1.0.1")}},
    "a manifest that is no object": {"versions": {"1.0.0": 1}},
    "a version that is none": {"versions": {"1.0": make_manifest(version="1.0")}},
    "a version that differs from its key": {"manifest": {"version": "1.0.1"}},
    "a manifest of another package": {"manifest": {"name": "other"}},
    "attachments are a list": {"_attachments": [1]},
    "an attachment that is no object": {"_attachments": {"demo-1.0.0.tgz": 1}},
    "no tarball": {"_attachments": {"demo-1.0.0.sigstore": {"data": "{}"}}},
    "a tarball without data": {"_attachments": {"demo-1.0.0.tgz": {"length": 3}}},
    "data that is no base64": {"_attachments": {"demo-1.0.0.tgz": {"data": "!!!!"}}},
    "half a base64 group": {"_attachments": {"demo-1.0.0.tgz": {"data": "AAA"}}},
    "a file beside the tarball": {"_attachments": {"demo-1.0.0.tgz": {"data": ""}, "readme.md": {"data": ""}}},
    "a wrong shasum": {"dist": {"shasum": "0" * 40}},
    "a shasum in capitals": {"dist": {"shasum": "A" * 40}},
    "a wrong integrity": {"dist": {"integrity": "sha512-" + base64.b64encode(bytes(64)).decode()}},
    "a malformed integrity": {"dist": {"integrity": "sha512:abc"}},
    "an unknown algorithm": {"dist": {"integrity": "md5-AAAA"}},
    "no computed algorithm": {"dist": {"integrity": "sha384-AAAA"}},
    "an empty integrity": {"dist": {"integrity": ""}},
    "an integrity that is no text": {"dist": {"integrity": 5}},
    "restricted without a scope": {"access": "restricted"},
    "an unknown access": {"access": "secret"},
    "a tag that is a range": {"tag": "v1"},
    "a tag that is a prototype": {"tag": "__proto__"},
    "a tag on another version": {"dist-tags": {"latest": "0.9.0"}},
    "tags that are a list": {"dist-tags": ["latest"]},
    "a tag on a list": {"dist-tags": {"latest": ["1.0.0"]}},
    "a tarball that is no gzip": {"tarball": b"not gzip"},
    "a truncated tarball": {"tarball": make_tarball()[:-20]},
    "a tarball with something behind it": {"tarball": make_tarball() + b"tail"},
    "an empty archive": {"tarball": make_tar_gz({})},
    "no package.json": {"tarball": make_tar_gz({"package/index.js": b""})},
    "a package.json too deep": {"tarball": make_tar_gz({"package/lib/package.json": b"{}"})},
    "a package.json at the top": {"tarball": make_tar_gz({"package.json": b"{}"})},
    "two top directories": {"tarball": make_tarball(files={"other/a.js": b""})},
    "two files of one name": {"tarball": make_tarball(files={"package//package.json": b"{}"})},
    "a package.json that is a list": {"tarball": make_tarball(b"[]")},
    "a package.json with a key twice": {"tarball": make_tarball(b'{"name":"demo","name":"demo","version":"1.0.0"}')},
    "a package.json nested deeply": {"tarball": make_tarball(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}")},
    "a name that leaves the archive": {"tarball": make_tarball(files={"package/../../x": b""})},
    "an absolute name": {"tarball": make_tarball(files={"/etc/passwd": b""})},
    "the package.json of another package": {"tarball": make_tarball(make_manifest("other"))},
    "the package.json of another version": {"tarball": make_tarball(make_manifest(version="1.0.1"))},
    "dependencies that the tarball does not have": {"manifest": {"dependencies": {"evil": "1.0.0"}}},
    "dependencies that the manifest hides": {"tarball": make_tarball(make_manifest(dependencies={"evil": "1.0.0"}))},
    "other versions of dependencies": {
        "fields": {"dependencies": {"a": "1.0.0"}},
        "manifest": {"dependencies": {"a": "2.0.0"}},
    },
    "an install script that the manifest hides": {
        "tarball": make_tarball(make_manifest(scripts={"postinstall": "rm"}))
    },
    "an install script that the tarball does not have": {"manifest": {"scripts": {"install": "node-gyp rebuild"}}},
    "another program": {"fields": {"bin": {"demo": "a.js"}}, "manifest": {"bin": {"demo": "b.js"}}},
    "other engines": {"manifest": {"engines": {"node": ">=99"}}},
    "a manifest of more than a megabyte": {"fields": {"x": "y" * 2**20}},
}


@pytest.mark.parametrize("odd", REFUSED)
def test_what_is_wrong_or_disagrees_is_refused_and_leaves_nothing(site: Site, odd: str) -> None:
    answer = site.publish(**REFUSED[odd])
    assert answer.status_code == 400, answer.text
    assert answer.json["error"]
    assert site.get("/demo").status_code == 404
    assert list((site.directory).glob("**/package*/demo*")) == []
    assert not any(site.services.storage.driver.scratch().iterdir())


def test_a_document_of_another_package_than_the_url_names_is_refused(site: Site) -> None:
    document = make_document("other", _id=...)
    assert site.ask("PUT", "/demo", body=document).status_code == 400
    assert site.ask("PUT", "/demo", body={**document, "name": "demo"}).status_code == 400
    assert site.get("/demo").status_code == site.get("/other").status_code == 404


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"6"])
def test_links_out_of_the_archive_and_devices_are_refused(site: Site, kind: bytes) -> None:
    package_json = json.dumps(make_manifest()).encode()
    link = tar_member(b"package/link", kind=kind, link=b"../../etc/passwd")
    archive = tar_member(b"package/package.json", package_json) + link + TAR_END
    assert site.publish(tarball=gzip.compress(archive)).status_code == 400


def test_a_tarball_that_unpacks_to_far_more_than_its_size_is_refused(site: Site) -> None:
    bomb = make_tarball(files={"package/zeros": bytes(80 * 2**20)})
    assert len(bomb) < 2**20
    assert site.publish(tarball=bomb).status_code == 400


def test_what_clients_tidy_up_counts_as_the_same(site: Site) -> None:
    packed = make_manifest(
        "@acme/demo",
        bin="./cli.js",
        dependencies={"a": "1", "b": "user/repo", "o": "2", "g": "git+https://github.com/user/repo.git#v1"},
        optionalDependencies={"o": "2"},
        scripts={"test": "x", "preinstall": "./node_modules/.bin/check"},
    )
    sent = {
        "bin": {"demo": "cli.js"},
        "dependencies": {"a": "1", "b": "github:user/repo", "g": "git+ssh://git@github.com/user/repo.git#v1"},
        "optionalDependencies": {"o": "2"},
        "scripts": {"preinstall": "check"},
    }
    answer = site.publish("@acme/demo", tarball=make_tarball(packed), manifest=sent)
    assert answer.status_code == 201, answer.text


def test_npm_writes_down_what_a_binding_will_run(site: Site) -> None:
    tarball = make_tarball(files={"package/binding.gyp": b"{}"})
    sent = {"scripts": {"install": "node-gyp rebuild"}, "gypfile": True}
    assert site.publish(tarball=tarball, manifest=sent).status_code == 201
    assert site.packument(accept="application/vnd.npm.install-v1+json")["versions"]["1.0.0"]["hasInstallScript"] is True


@pytest.mark.parametrize(
    "name", ["UPPER", "node_modules", "favicon.ico", "fs", "a~b", "_a", ".a", "con", "nul.js", "a" * 215, "constructor"]
)
def test_a_new_package_cannot_have_every_name(site: Site, name: str) -> None:
    assert site.publish(name).status_code == 400


def test_a_body_that_is_no_object_is_refused(site: Site) -> None:
    assert site.ask("PUT", "/demo", body=b"[]").status_code == 400
    assert site.ask("PUT", "/demo", body=b"{").status_code == 400
    assert site.ask("PUT", "/demo", body=b'{"a":1,"a":2}').status_code == 400
    assert site.ask("PUT", "/demo", body={}).status_code in (400, 404)


def test_a_tarball_or_document_beyond_the_limit_is_too_large(tmp_path: Path) -> None:
    site = Site(tmp_path, limits=LimitSettings(max_artifact=1000, max_document=4000))
    assert site.publish(tarball=make_tarball(files={"package/a": os.urandom(2000)})).status_code == 413
    assert site.publish(fields={"x": "y" * 5000}).status_code == 413
    assert site.publish().status_code == 201


def test_publishing_needs_somebody_who_may(site: Site) -> None:
    assert site.publish(who=None).status_code == 401
    assert site.publish(who=None).headers["www-authenticate"] == 'Bearer, Basic realm="registry"'
    assert site.publish(who=site.issue("alice", readonly=True)).status_code == 403
    assert site.publish(who=site.issue("alice", "npm:package:other:write")).status_code == 403
    assert site.publish(who="no-such-token").status_code == 401
    assert site.publish(who=site.issue("alice", "npm:package:demo:write")).status_code == 201


def test_only_maintainers_and_administrators_publish_to_a_package(site: Site) -> None:
    site.publish()
    answer = site.publish(version="2.0.0", who="bob")
    assert answer.status_code == 403
    assert "bob" in answer.json["error"]
    assert site.publish(version="2.0.0", who="root").status_code == 201
    assert [person["name"] for person in site.packument()["maintainers"]] == ["alice"]


def test_provenance_is_kept_and_served(site: Site) -> None:
    assert site.publish(bundle=make_bundle()).status_code == 201
    dist = site.packument()["versions"]["1.0.0"]["dist"]
    assert dist["attestations"] == {
        "url": "http://localhost/npm/-/npm/v1/attestations/demo@1.0.0",
        "provenance": {"predicateType": "https://slsa.dev/provenance/v1"},
    }
    served = site.get("/-/npm/v1/attestations/demo@1.0.0").json
    assert served["attestations"][0]["predicateType"] == "https://slsa.dev/provenance/v1"
    assert served["attestations"][0]["bundle"] == json.loads(make_bundle())
    site.publish("plain")
    assert site.get("/-/npm/v1/attestations/plain@1.0.0").status_code == 404
    assert site.get("/-/npm/v1/attestations/demo@latest").status_code == 404


@pytest.mark.parametrize(
    "bundle",
    [
        make_bundle("pkg:npm/other@1.0.0"),
        make_bundle("pkg:npm/demo@1.0.1"),
        make_bundle(data=b"other"),
        make_bundle(subject=[]),
        make_bundle(predicateType=1),
        "{}",
        "not json",
        '{"mediaType":"x","dsseEnvelope":{"payload":"!"}}',
    ],
)
def test_provenance_of_something_else_is_refused(site: Site, bundle: str) -> None:
    assert site.publish(bundle=bundle).status_code == 400
    assert site.get("/demo").status_code == 404


def test_the_purl_of_a_scoped_package_is_escaped(site: Site) -> None:
    tarball = make_tarball(make_manifest("@acme/demo"))
    answer = site.publish("@acme/demo", tarball=tarball, bundle=make_bundle("pkg:npm/%40acme/demo@1.0.0", tarball))
    assert answer.status_code == 201
    assert site.get("/-/npm/v1/attestations/@acme%2fdemo@1.0.0").status_code == 200


def test_a_long_readme_is_cut_at_64_kilobytes(site: Site) -> None:
    site.publish(manifest={"readme": "é" * 40_000})
    assert site.packument()["readme"] == "é" * 32_768


def test_an_old_version_may_become_the_latest_but_not_vanish_from_time(site: Site) -> None:
    for version in ("2.0.0", "1.0.0"):
        site.publish(version=version)
    document = site.packument()
    assert document["dist-tags"]["latest"] == "1.0.0"
    assert list(document["time"]) == ["created", "modified", "2.0.0", "1.0.0"]
    assert document["time"]["modified"] >= document["time"]["1.0.0"]


@pytest.mark.parametrize(
    "odd",
    [
        {"_id": "x" * 100_000},
        {"_id": [["x" * 1000] * 100]},
        {"manifest": {"name": "x" * 100_000}},
        {"manifest": {"version": {"x" * 100_000: 1}}},
        {"manifest": {"dependencies": {f"d{number}": "x" * 100 for number in range(1000)}}},
    ],
)
def test_a_refusal_repeats_little_of_what_was_sent(site: Site, odd: dict[str, Any]) -> None:
    answer = site.publish(**odd)
    assert answer.status_code == 400
    assert len(answer.json["error"]) < 200
