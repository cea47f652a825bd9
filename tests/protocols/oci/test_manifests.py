import json
import threading
from pathlib import Path
from typing import Any

import pytest

from registry.config import MountSettings
from registry.errors import ConfigError
from registry.protocols.oci.media_types import DOCKER_MANIFEST, OCI_ARTIFACT, OCI_INDEX, OCI_MANIFEST
from tests.builders.oci import Image, Pusher, descriptor, digest_of, make_artifact, make_image, make_index, refused
from tests.builders.registry import Registry

IMAGE = make_image(b"one", b"two")


def pusher_with(directory: Path, **features: Any) -> Pusher:
    return Pusher(Registry(directory, mounts={"oci": MountSettings(features=features)}))


def test_a_manifest_is_served_as_it_was_pushed(pusher: Pusher) -> None:
    spaced = Image(IMAGE.body.replace(b", ", b" ,\n  ") + b"\n", IMAGE.media_type, IMAGE.blobs)
    pusher.push(spaced, tag="v1")
    for reference in ("v1", spaced.digest):
        got, head = pusher.get(f"manifests/{reference}"), pusher.ask("HEAD", f"manifests/{reference}")
        assert (got.status, got.body) == (200, spaced.body)
        assert (head.status, head.body) == (200, b"")
        for answer in (got, head):
            assert answer.headers["content-type"] == OCI_MANIFEST
            assert answer.headers["content-length"] == str(len(spaced.body))
            assert answer.headers["docker-content-digest"] == spaced.digest
            assert answer.headers["etag"] == f'"{spaced.digest}"'
    assert "immutable" in pusher.get(f"manifests/{spaced.digest}").headers["cache-control"]
    assert "no-cache" in pusher.get("manifests/v1").headers["cache-control"]


def test_accept_decides_nothing(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    for accept in ("application/json", OCI_INDEX, "text/html;q=0.1", ""):
        answer = pusher.get("manifests/v1", Accept=accept, Accept_Encoding="gzip")
        assert (answer.status, answer.body) == (200, IMAGE.body)
        assert "content-encoding" not in answer.headers


def test_what_the_client_has_is_not_sent_again(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    assert pusher.get("manifests/v1", If_None_Match=f'"{IMAGE.digest}"').status == 304


def test_the_answer_to_a_push_tells_where_it_is(pusher: Pusher) -> None:
    pusher.push(IMAGE)
    answer = pusher.put(IMAGE, "v1")
    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/team/app/manifests/{IMAGE.digest}"
    assert answer.headers["docker-content-digest"] == IMAGE.digest
    assert "oci-subject" not in answer.headers
    assert pusher.get(answer.headers["location"]).body == IMAGE.body


def test_an_index_has_its_children_here(pusher: Pusher) -> None:
    index = make_index(IMAGE, make_image(b"arm"))
    pusher.push(IMAGE)
    answer = pusher.put(index, "v1")
    refused(answer, 400, "MANIFEST_BLOB_UNKNOWN")
    assert [each["detail"]["digest"] for each in answer.json["errors"]] == [make_image(b"arm").digest]
    pusher.push(make_image(b"arm"), index, make_index(index), tag="v1")
    assert pusher.get("manifests/v1").headers["content-type"] == OCI_INDEX
    assert pusher.put(make_index(), "empty").status == 201


def test_every_missing_blob_is_named(pusher: Pusher) -> None:
    answer = pusher.put(IMAGE, "v1")
    refused(answer, 400, "MANIFEST_BLOB_UNKNOWN")
    assert [each["detail"]["digest"] for each in answer.json["errors"]] == [digest_of(blob) for blob in IMAGE.blobs]
    assert pusher.get("manifests/v1").status == 404
    assert pusher.get("tags/list").status == 404


def test_an_index_of_layers_is_what_buildkit_caches_are(pusher: Pusher) -> None:
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(b"layer")]}
    cache = Image(json.dumps(document).encode(), OCI_INDEX)
    refused(pusher.put(cache, "cache"), 400, "MANIFEST_BLOB_UNKNOWN")
    pusher.push_blob(b"layer")
    assert pusher.put(cache, "cache").status == 201


def test_sparse_indexes_are_an_option(tmp_path: Path) -> None:
    pusher = pusher_with(tmp_path, sparse_indexes=True)
    assert pusher.put(make_index(IMAGE), "v1").status == 201
    refused(pusher.put(IMAGE, "v1"), 400, "MANIFEST_BLOB_UNKNOWN")


def test_layers_that_are_elsewhere_are_not_looked_for(pusher: Pusher) -> None:
    foreign = descriptor(
        b"foreign", "application/vnd.oci.image.layer.nondistributable.v1.tar", urls=["http://127.0.0.1:1/x"]
    )
    image = make_image(layers=[foreign])
    pusher.push_blob(image.blobs[0])
    assert pusher.put(image, "v1").status == 201


def test_a_size_that_is_not_right_is_refused(pusher: Pusher) -> None:
    pusher.push(IMAGE)
    wrong = make_image(b"one", layers=[{**descriptor(b"one"), "size": 4}])
    refused(pusher.put(wrong), 400, "MANIFEST_INVALID")
    index = make_index(manifests=[{**IMAGE.describe(), "size": 1}])
    refused(pusher.put(index), 400, "MANIFEST_INVALID")


def test_a_manifest_keeps_its_type(pusher: Pusher) -> None:
    untyped = make_image(b"one", mediaType=None)
    pusher.push(untyped, tag="v1")
    docker = Image(untyped.body, DOCKER_MANIFEST)
    refused(pusher.put(docker, "v2"), 400, "MANIFEST_INVALID")
    assert pusher.get(f"manifests/{untyped.digest}").headers["content-type"] == OCI_MANIFEST
    refused(pusher.put(Image(IMAGE.body, DOCKER_MANIFEST), "v1"), 400, "MANIFEST_INVALID")


def test_without_a_content_type_the_manifest_says_what_it_is(pusher: Pusher) -> None:
    pusher.push(IMAGE)
    assert pusher.ask("PUT", "manifests/v1", IMAGE.body).status == 201
    assert (
        pusher.ask("PUT", "manifests/v2", IMAGE.body, {"Content-Type": f"{OCI_MANIFEST}; charset=utf-8"}).status == 201
    )


def test_old_artifacts_are_kept(pusher: Pusher) -> None:
    document = {
        "mediaType": OCI_ARTIFACT,
        "artifactType": "a/b",
        "blobs": [descriptor(b"b")],
        "subject": IMAGE.describe(),
    }
    artifact = Image(json.dumps(document).encode(), OCI_ARTIFACT)
    pusher.push_blob(b"b")
    assert pusher.put(artifact).headers["oci-subject"] == IMAGE.digest
    assert [each["digest"] for each in pusher.referrers(IMAGE.digest)] == [artifact.digest]


def test_a_digest_has_to_be_that_of_the_manifest(pusher: Pusher) -> None:
    pusher.push(IMAGE)
    refused(pusher.put(IMAGE, digest_of(b"other")), 400, "DIGEST_INVALID")
    refused(pusher.put(IMAGE, "sha256:baddigeststring"), 400, "DIGEST_INVALID")
    refused(pusher.get("manifests/sha256:baddigeststring"), 400, "DIGEST_INVALID")
    refused(pusher.put(IMAGE, "-bad-tag"), 400, "TAG_INVALID")


def test_sha512_end_to_end(pusher: Pusher) -> None:
    image = make_image(b"one", algorithm="sha512")
    index_body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [image.describe()]}).encode()
    index = Image(index_body, OCI_INDEX, algorithm="sha512")
    pusher.push(image, index)
    assert pusher.put(index, query="?tag=v1").headers["docker-content-digest"] == index.digest
    for reference in ("v1", index.digest):
        answer = pusher.get(f"manifests/{reference}")
        assert (answer.body, answer.headers["docker-content-digest"]) == (index.body, index.digest)
    assert pusher.get(f"manifests/{image.digest}").body == image.body
    assert pusher.get(f"manifests/{digest_of(index.body)}").status == 404
    assert pusher.ask("DELETE", f"manifests/{index.digest}").status == 202
    assert pusher.tags() == []


def test_tags_come_as_parameters(pusher: Pusher) -> None:
    pusher.push(IMAGE)
    names = [f"v{number}" for number in range(20)]
    answer = pusher.put(IMAGE, query="?" + "&".join(f"tag={name}" for name in names))
    assert answer.status == 201
    assert answer.headers["oci-tag"] == ", ".join(names)
    assert pusher.tags() == sorted(names)
    refused(pusher.put(IMAGE, query="?tag=.bad"), 400, "TAG_INVALID")
    assert pusher.put(IMAGE, query="?" + "&".join(f"tag=t{number}" for number in range(101))).status == 400
    assert pusher.put(IMAGE, "v20", "?tag=v21").status == 201
    assert {"v20", "v21"} <= set(pusher.tags())


def test_large_manifests_have_a_limit(pusher: Pusher) -> None:
    large = make_image(b"one", annotations={f"a{number}": "A" * 10_000 for number in range(390)})
    pusher.push(large, tag="large")
    assert pusher.get("manifests/large").body == large.body
    larger = make_image(b"one", annotations={"a": "A" * (9 << 20)})
    refused(pusher.put(larger, "larger"), 413, "SIZE_INVALID")


def test_a_tag_moves(pusher: Pusher) -> None:
    other = make_image(b"other")
    pusher.push(IMAGE, tag="latest")
    pusher.push(other, tag="latest")
    assert pusher.get("manifests/latest").body == other.body
    assert pusher.get(f"manifests/{IMAGE.digest}").body == IMAGE.body


def test_fixed_tags_stay(tmp_path: Path) -> None:
    pusher = pusher_with(tmp_path, immutable_tags=r"v[0-9.]+")
    other = make_image(b"other")
    pusher.push(IMAGE, tag="v1.0")
    pusher.push(IMAGE, tag="latest")
    pusher.push(other, tag="latest")
    before = pusher.registry.stored()
    refused(pusher.put(other, "v1.0"), 409, "DENIED")
    refused(pusher.put(other, query="?tag=fresh&tag=v1.0"), 409, "DENIED")
    assert pusher.put(IMAGE, "v1.0").status == 201
    assert pusher.registry.stored() == {
        **before,
        **{key: token for key, token in pusher.registry.stored().items() if "_feed" in key or "packages" in key},
    }
    assert pusher.get("manifests/v1.0").body == IMAGE.body
    assert pusher.tags() == ["latest", "v1.0"]


def test_a_broken_pattern_of_fixed_tags_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="immutable"):
        pusher_with(tmp_path, immutable_tags="(")


def test_one_of_many_wins_a_fixed_tag(tmp_path: Path) -> None:
    pusher = pusher_with(tmp_path, immutable_tags=".*")
    images = [make_image(str(number).encode()) for number in range(5)]
    for image in images:
        pusher.push(image)
    statuses: list[int] = []
    start = threading.Barrier(len(images))

    def race(image: Image) -> None:
        start.wait()
        statuses.append(pusher.put(image, "v1").status)

    threads = [threading.Thread(target=race, args=(image,)) for image in images]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 409, 409, 409, 409]


def test_deleting_a_tag_leaves_the_manifest(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    pusher.put(IMAGE, "v2")
    assert pusher.ask("DELETE", "manifests/v1").status == 202
    refused(pusher.get("manifests/v1"), 404, "MANIFEST_UNKNOWN")
    refused(pusher.ask("DELETE", "manifests/v1"), 404, "MANIFEST_UNKNOWN")
    assert pusher.tags() == ["v2"]
    assert pusher.get(f"manifests/{IMAGE.digest}").status == 200


def test_deleting_a_manifest_takes_its_tags_along(pusher: Pusher) -> None:
    other = make_image(b"other")
    pusher.push(other, tag="other")
    pusher.push(IMAGE, tag="v1")
    for tag in ("V2", "_3", "v4"):
        pusher.put(IMAGE, tag)
    assert pusher.ask("DELETE", f"manifests/{IMAGE.digest}").status == 202
    for reference in ("v1", "V2", "_3", "v4", IMAGE.digest):
        for method in ("GET", "HEAD"):
            assert pusher.ask(method, f"manifests/{reference}").status == 404
    refused(pusher.ask("DELETE", f"manifests/{IMAGE.digest}"), 404, "MANIFEST_UNKNOWN")
    assert pusher.tags() == ["other"]
    assert pusher.put(IMAGE, "v1").status == 201


def test_deleting_can_be_switched_off_for_tags_too(tmp_path: Path) -> None:
    pusher = pusher_with(tmp_path, deletion=False)
    pusher.push(IMAGE, tag="v1")
    for path in ("manifests/v1", f"manifests/{IMAGE.digest}", f"blobs/{digest_of(b'one')}"):
        refused(pusher.ask("DELETE", path), 405, "UNSUPPORTED")
    assert pusher.tags() == ["v1"]
    location = pusher.open()
    assert pusher.ask("DELETE", location).status == 204


def test_a_deletion_elsewhere_is_seen_at_once(tmp_path: Path) -> None:
    from registry.config import StorageSettings

    storage = StorageSettings(data_dir=tmp_path)
    here = Pusher(Registry(tmp_path, storage))
    there = Pusher(Registry(tmp_path, storage, here.registry.tokens))
    here.push(IMAGE, tag="v1")
    for pusher in (here, there):
        assert pusher.get("manifests/v1").body == IMAGE.body
    there.ask("DELETE", f"manifests/{IMAGE.digest}")
    for reference in ("v1", IMAGE.digest):
        assert here.get(f"manifests/{reference}").status == 404
    here.push(make_image(b"next"), tag="v1")
    assert there.get("manifests/v1").body == make_image(b"next").body


def test_a_manifest_belongs_to_its_repository(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    other = pusher.elsewhere("team/other")
    refused(other.get(f"manifests/{IMAGE.digest}"), 404, "MANIFEST_UNKNOWN")
    refused(other.put(make_index(IMAGE), "v1"), 400, "MANIFEST_BLOB_UNKNOWN")


def test_a_damaged_record_is_not_taken_for_an_absent_one(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    pusher.registry.services.storage.put("oci/repositories/team/app/_tags/v1", b"{")
    assert pusher.get("manifests/v1").status == 503


def test_manifests_whose_bytes_are_gone_are_unknown(pusher: Pusher) -> None:
    pusher.push(IMAGE, tag="v1")
    pusher.registry.services.storage.blobs.delete(IMAGE.digest)
    refused(pusher.get("manifests/v1"), 404, "MANIFEST_UNKNOWN")


def test_artifacts_need_no_known_config(pusher: Pusher) -> None:
    pusher.push(make_artifact(kind="application/vnd.odd"), tag="odd")
    assert pusher.get("manifests/odd").status == 200
