import json
from typing import Any

import pytest

from registry.errors import TooLarge
from registry.protocols.oci.artifact import (
    MAX_DESCRIPTORS,
    Manifest,
    ManifestInvalid,
    describe_referrer,
    parse_manifest,
)
from registry.protocols.oci.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_ARTIFACT, OCI_INDEX, OCI_MANIFEST
from tests.builders.oci import EMPTY, LAYER, descriptor, digest_of, make_artifact, make_image, make_index

IMAGE = make_image(b"one", b"two")


def parse(document: Any, content_type: str = "") -> Manifest:
    return parse_manifest(json.dumps(document).encode(), content_type)


def image_with(**members: Any) -> dict[str, Any]:
    document = {**json.loads(make_image(b"layer").body), **members}
    return {name: value for name, value in document.items() if value is not None}


def test_an_image_is_made_of_its_config_and_layers() -> None:
    manifest = parse_manifest(IMAGE.body, OCI_MANIFEST)
    assert manifest.media_type == OCI_MANIFEST
    assert [each.digest for each in manifest.blobs] == [digest_of(blob) for blob in IMAGE.blobs]
    assert [each.size for each in manifest.blobs] == [len(blob) for blob in IMAGE.blobs]
    assert manifest.manifests == ()
    assert manifest.subject is None


def test_an_index_is_made_of_manifests() -> None:
    manifest = parse_manifest(make_index(IMAGE).body, OCI_INDEX)
    assert [each.digest for each in manifest.manifests] == [IMAGE.digest]
    assert manifest.blobs == ()
    assert manifest.artifact_type == ""
    assert parse_manifest(make_index(artifactType="application/x").body).artifact_type == "application/x"


def test_docker_manifests_are_manifests() -> None:
    assert parse(image_with(mediaType=DOCKER_MANIFEST), DOCKER_MANIFEST).media_type == DOCKER_MANIFEST
    document = {"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": []}
    assert parse(document, DOCKER_LIST).media_type == DOCKER_LIST


def test_an_artifact_of_the_withdrawn_kind_has_blobs_and_a_subject() -> None:
    document = {"mediaType": OCI_ARTIFACT, "artifactType": "application/x", "blobs": [descriptor(b"b")]}
    manifest = parse({**document, "subject": IMAGE.describe()}, OCI_ARTIFACT)
    assert [each.digest for each in manifest.blobs] == [digest_of(b"b")]
    assert manifest.subject
    assert manifest.subject.digest == IMAGE.digest
    assert parse({"mediaType": OCI_ARTIFACT}).blobs == ()


def test_the_type_comes_from_the_header_or_from_the_manifest() -> None:
    assert parse(image_with(mediaType=None), OCI_MANIFEST).media_type == OCI_MANIFEST
    assert parse(image_with()).media_type == OCI_MANIFEST
    assert parse(image_with(), f"{OCI_MANIFEST}; charset=utf-8").media_type == OCI_MANIFEST


def test_what_artifacts_may_leave_out_or_add() -> None:
    assert parse(image_with(layers=[])).blobs
    assert parse(image_with(annotations=None)).annotations == {}
    assert parse(image_with(annotations={"a": "b"}, unknown={"c": 1})).annotations == {"a": "b"}
    odd = image_with(
        config=descriptor(b"{}", "application/vnd.odd+json"), layers=[descriptor(b"x", "text/plain", data="eA==")]
    )
    assert parse(odd).artifact_type == "application/vnd.odd+json"


def test_content_elsewhere_is_told_from_content_here() -> None:
    layers = [
        descriptor(b"1", LAYER, urls=["https://example.com/1"]),
        descriptor(b"2", "application/vnd.oci.image.layer.nondistributable.v1.tar"),
        descriptor(b"3", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        descriptor(b"4", LAYER, urls=[]),
    ]
    assert [each.elsewhere for each in parse(image_with(layers=layers)).blobs] == [False, True, True, True, False]


@pytest.mark.parametrize(
    "document",
    [
        image_with(manifests=[]),
        image_with(fsLayers=[]),
        image_with(config=None),
        image_with(layers=None),
        image_with(layers={}),
        image_with(layers=["a"]),
        image_with(layers=[{"mediaType": LAYER, "digest": digest_of(b"")}]),
        image_with(layers=[{"mediaType": LAYER, "digest": digest_of(b""), "size": -1}]),
        image_with(layers=[{"mediaType": LAYER, "digest": digest_of(b""), "size": True}]),
        image_with(layers=[{"mediaType": LAYER, "digest": digest_of(b""), "size": "1"}]),
        image_with(layers=[{"mediaType": LAYER, "digest": "sha256:abc", "size": 1}]),
        image_with(layers=[{"digest": digest_of(b""), "size": 1}]),
        image_with(schemaVersion=1),
        image_with(schemaVersion=None),
        image_with(subject={"digest": "x"}),
        image_with(annotations=["a"]),
        image_with(annotations={"a": 1}),
        image_with(artifactType=5),
        image_with(mediaType="application/vnd.docker.distribution.manifest.v1+json"),
        image_with(mediaType="text/html"),
        image_with(mediaType=5),
        image_with(mediaType=OCI_INDEX),
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "layers": []},
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "config": {}},
        {"schemaVersion": 2, "mediaType": OCI_INDEX},
        {"schemaVersion": 2},
        [],
        "text",
        None,
    ],
)
def test_what_is_no_manifest_is_refused(document: Any) -> None:
    with pytest.raises(ManifestInvalid):
        parse(document)


@pytest.mark.parametrize("content_type", [OCI_INDEX, DOCKER_MANIFEST, "application/json"])
def test_a_manifest_of_two_types_is_refused(content_type: str) -> None:
    with pytest.raises(ManifestInvalid):
        parse_manifest(IMAGE.body, content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b"\xef\xbb\xbf{}",
        b"\xff",
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b"\x1f\x8b",
    ],
)
def test_what_is_no_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(ManifestInvalid):
        parse_manifest(body, OCI_MANIFEST)


def test_size_and_number_are_bounded() -> None:
    with pytest.raises(TooLarge):
        parse(image_with(annotations={"a": "b" * (8 << 20)}))
    with pytest.raises(ManifestInvalid):
        parse(image_with(layers=[descriptor(b"")] * (MAX_DESCRIPTORS + 1)))


def test_a_referrer_is_described_by_what_it_says_of_itself() -> None:
    artifact = make_artifact(IMAGE, "application/vnd.sbom", annotations={"a": "b"})
    described = describe_referrer(parse_manifest(artifact.body), artifact.digest, len(artifact.body))
    assert described == {**artifact.describe(), "artifactType": "application/vnd.sbom", "annotations": {"a": "b"}}
    plain = make_image(config=b"{}", config_type=EMPTY, subject=IMAGE.describe())
    assert describe_referrer(parse_manifest(plain.body), plain.digest, 1)["artifactType"] == EMPTY
    index = make_index(subject=IMAGE.describe())
    assert set(describe_referrer(parse_manifest(index.body), index.digest, 1)) == {"mediaType", "digest", "size"}
