"""What the suites over all protocols need to know of OCI's."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.builders.asking import Answer, Ask
from tests.contracts.adapter import Adapter, Offer, Read

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
INDEX = "application/vnd.oci.image.index.v1+json"
BLOB = {"Content-Type": "application/octet-stream"}


class OciAdapter(Adapter):
    """Images with one layer, pushed as versions are tagged."""

    protocol = "oci"
    mutable = True
    bookkeeping = ("/_blobs/", "/holders/")
    # Where credentials, or none, are exchanged for tokens.
    public = frozenset({("/v2/token", "GET"), ("/v2/token", "POST")})

    def publish(self, version: str = "1.0.0", content: bytes = b"", package: str = "") -> Sequence[Ask]:
        name, layer = package or self.package, content or version.encode()
        config = json.dumps({"architecture": "amd64", "os": "linux", "version": f"{name} {version}"}).encode()
        manifest = make_manifest(config, layer)
        return [push_blob(name, config), push_blob(name, layer), push_manifest(name, version, manifest)]

    def mismatched(self, version: str = "1.0.0") -> Sequence[Ask]:
        return [push_blob(self.package, b"layer", digest_of(b"another layer"))]

    def index(self, package: str = "") -> str:
        return f"/v2/{package or self.package}/tags/list"

    def offers(self, read: Read, package: str = "") -> Mapping[str, Offer]:
        name = package or self.package
        answer = read(self.index(name))
        if answer.status == 404:
            return {}
        return {tag: self._offer(read, name, tag) for tag in answer.json["tags"]}

    def _offer(self, read: Read, name: str, tag: str) -> Offer:
        answer = read(f"/v2/{name}/manifests/{tag}")
        assert answer.headers["docker-content-digest"] == digest_of(answer.body)
        digest = answer.json["layers"][0]["digest"]
        return Offer(f"/v2/{name}/blobs/{digest}", "sha256", digest.removeprefix("sha256:"))

    def listed(self, read: Read) -> set[str]:
        answer = read("/v2/_catalog")
        return set(answer.json["repositories"]) if answer.status == 200 else set()

    def check_refusal(self, answer: Answer) -> None:
        assert answer.headers["content-type"] == "application/json"
        errors = json.loads(answer.body)["errors"]
        assert errors
        assert all(error["code"].isupper() and error["message"] for error in errors)

    def samples(self, version: str = "1.0.0", content: bytes = b"") -> Mapping[str, str]:
        layer = content or version.encode()
        return {
            "name": self.package,
            "digest": digest_of(layer),
            "reference": version,
            "session": "01234567-89ab-4cde-8f01-23456789abcd",
        }

    def request(self, template: str, method: str, path: str) -> Ask:
        ask = super().request(template, method, path)
        if template.endswith("/manifests/{reference}") and method == "PUT":
            return self.publish()[-1].having(path=path)
        if template.endswith("/uploads/{session}") and method == "PUT":
            return ask.having(BLOB, path=f"{path}?digest={digest_of(b'{}')}")
        return ask if ask.body is None else ask.having(BLOB)

    def hostile(self) -> Mapping[str, Sequence[Ask]]:
        name, tag = self.package, "6.6.6"
        config, layer = b"{}", b"layer"
        pushed = [push_blob(name, config), push_blob(name, layer)]
        good = make_manifest(config, layer)
        missing = digest_of(b"missing")
        manifests: dict[str, tuple[bytes, str]] = {
            "a layer that is not there": (changed(good, layers=[describe(LAYER, b"missing")]), MANIFEST),
            "a config that is not there": (changed(good, config=describe(CONFIG, b"missing")), MANIFEST),
            "a manifest and an index in one": (changed(good, manifests=[]), MANIFEST),
            "another media type than the header's": (changed(good, mediaType=INDEX), MANIFEST),
            "a size that is not the blob's": (
                changed(good, layers=[{**describe(LAYER, layer), "size": 1}]),
                MANIFEST,
            ),
            "a negative size": (changed(good, layers=[{**describe(LAYER, layer), "size": -1}]), MANIFEST),
            "a digest with a path": (
                changed(good, layers=[{**describe(LAYER, layer), "digest": "sha256:../../x"}]),
                MANIFEST,
            ),
            "a digest in capitals": (
                changed(good, layers=[{**describe(LAYER, layer), "digest": missing.upper()}]),
                MANIFEST,
            ),
            "schema 1": (changed(good, schemaVersion=1), "application/vnd.docker.distribution.manifest.v1+json"),
            "no JSON": (b"layer", MANIFEST),
            "an array": (b"[]", MANIFEST),
            "a key twice": (good.replace(b'"layers"', b'"layers": [], "layers"'), MANIFEST),
            "depth": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, MANIFEST),
            "ten megabytes": (changed(good, annotations={"x": "y" * (10 << 20)}), MANIFEST),
            "HTML": (good, "text/html"),
        }
        asks = {
            what: [*pushed, push_manifest(name, tag, body, media_type)]
            for what, (body, media_type) in manifests.items()
        }
        for odd in (".", "..%2f..%2fx", "-a", "a" * 129, "a b", "a:b", "a%00"):
            asks[f"the tag {odd[:20]!r}"] = [*pushed, push_manifest(name, odd, good)]
        asks["another digest than the reference"] = [*pushed, push_manifest(name, missing, good)]
        for odd in ("Demo", "../x", "a..b", "-a", "a/", "a//b", "d%D0%B5mo", "a" * 300, "a%00b", "_a", "v2/a"):
            asks[f"the name {odd[:20]!r}"] = [push_blob(odd, layer)]
        for odd in ("md5:" + "a" * 32, "sha256:" + "a" * 63, "sha256:" + "A" * 64, "sha1:" + "a" * 40, "x", ""):
            asks[f"the digest {odd[:20]!r}"] = [push_blob(name, layer, odd)]
        return asks


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def describe(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def make_manifest(config: bytes, layer: bytes) -> bytes:
    """The manifest of an image."""
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": describe(CONFIG, config),
        "layers": [describe(LAYER, layer)],
    }
    return json.dumps(document).encode()


def changed(manifest: bytes, **parts: Any) -> bytes:
    """The manifest with other parts."""
    return json.dumps({**json.loads(manifest), **parts}).encode()


def push_blob(name: str, data: bytes, digest: str | None = None) -> Ask:
    """A blob in one request."""
    wanted = digest_of(data) if digest is None else digest
    return Ask("POST", f"/v2/{name}/blobs/uploads/?digest={wanted}", data, BLOB)


def push_manifest(name: str, reference: str, manifest: bytes, media_type: str = MANIFEST) -> Ask:
    """A manifest under a tag or its digest."""
    return Ask("PUT", f"/v2/{name}/manifests/{reference}", manifest, {"Content-Type": media_type})


ADAPTER = OciAdapter()
