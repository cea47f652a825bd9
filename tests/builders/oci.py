"""Images and artifacts as values, and a client that pushes them; valid unless told otherwise."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.core.digests import Digest
from registry.protocols.oci.media_types import OCI_INDEX, OCI_MANIFEST
from tests.builders.asking import Answer, Ask
from tests.builders.registry import OWNER, Registry

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"


def digest_of(data: bytes, algorithm: str = "sha256") -> Digest:
    return Digest(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")


def descriptor(content: bytes, media_type: str = LAYER, algorithm: str = "sha256", **more: Any) -> dict[str, Any]:
    """The descriptor of the bytes."""
    return {"mediaType": media_type, "digest": digest_of(content, algorithm), "size": len(content), **more}


@dataclass(frozen=True)
class Image:
    """A manifest as bytes, with the blobs that have to be there before it."""

    body: bytes
    media_type: str
    blobs: Sequence[bytes] = field(default_factory=tuple)
    algorithm: str = "sha256"

    @property
    def digest(self) -> Digest:
        return digest_of(self.body, self.algorithm)

    def describe(self, **more: Any) -> dict[str, Any]:
        """The descriptor of the manifest."""
        return descriptor(self.body, self.media_type, self.algorithm, **more)


def make_image(
    *layers: bytes,
    config: bytes = b'{"architecture":"amd64","os":"linux"}',
    config_type: str = CONFIG,
    algorithm: str = "sha256",
    media_type: str = OCI_MANIFEST,
    **members: Any,
) -> Image:
    """An image of these layers; `members` are added to the manifest, or replace what it has, None taking it away."""
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(config, config_type, algorithm),
        "layers": [descriptor(layer, LAYER, algorithm) for layer in layers],
        **members,
    }
    body = json.dumps({name: value for name, value in document.items() if value is not None}).encode()
    return Image(body, media_type, (config, *layers), algorithm)


def make_artifact(subject: Image | None = None, kind: str = "application/vnd.example.sbom", **members: Any) -> Image:
    """An artifact, about the subject if one is given."""
    members = {"artifactType": kind, "subject": subject.describe() if subject else None, **members}
    return make_image(b"{}", config=b"{}", config_type=EMPTY, **members)


def make_index(*children: Image, **members: Any) -> Image:
    """An index of these manifests."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [child.describe() for child in children],
        **members,
    }
    return Image(json.dumps(document).encode(), OCI_INDEX)


@dataclass(frozen=True)
class Pusher:
    """Who pushes to and pulls from one repository of a registry in this process."""

    registry: Registry
    name: str = "team/app"
    who: str | None = OWNER
    base: str = "/v2"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **environ: Any,
    ) -> Answer:
        """The answer at a path below the repository's; `path` may be absolute, as a Location is."""
        whole = path if path.startswith("/") else f"{self.base}/{self.name}/{path}"
        return self.registry.ask(Ask(method, whole, body, headers or {}), self.who, **environ)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, {name.replace("_", "-"): value for name, value in headers.items()})

    def open(self, query: str = "") -> str:
        """The location of a new upload."""
        answer = self.ask("POST", f"blobs/uploads/{query}", b"")
        assert answer.status == 202, answer.everything()
        return answer.headers["location"]

    def patch(self, location: str, data: bytes, start: int | None = None) -> Answer:
        headers = {} if start is None else {"Content-Range": f"{start}-{start + len(data) - 1}"}
        return self.ask("PATCH", location, data, headers)

    def finish(self, location: str, digest: str, data: bytes = b"", **headers: str) -> Answer:
        return self.ask("PUT", f"{location}?digest={digest}", data, headers)

    def push_blob(self, data: bytes, algorithm: str = "sha256") -> Digest:
        """The digest of the bytes, which are in the repository."""
        digest = digest_of(data, algorithm)
        answer = self.ask("POST", f"blobs/uploads/?digest={digest}", data)
        assert answer.status == 201, answer.everything()
        return digest

    def put(self, image: Image, reference: str = "", query: str = "", **headers: str) -> Answer:
        """The answer to the manifest by itself, put under its digest or another reference."""
        headers = {"Content-Type": image.media_type, **{name.replace("_", "-"): text for name, text in headers.items()}}
        return self.ask("PUT", f"manifests/{reference or image.digest}{query}", image.body, headers)

    def push(self, *images: Image, tag: str = "") -> Image:
        """The last of the images; all are in the repository, that one under the tag."""
        for image in images:
            for blob in dict.fromkeys(image.blobs):
                self.push_blob(blob, image.algorithm)
            answer = self.put(image, tag if image is images[-1] else "")
            assert answer.status == 201, answer.everything()
        return images[-1]

    def tags(self, query: str = "") -> list[str]:
        answer = self.get(f"tags/list{query}")
        assert answer.status == 200, answer.everything()
        assert answer.json["name"] == self.name
        found: list[str] = answer.json["tags"]
        return found

    def referrers(self, digest: str, query: str = "") -> list[dict[str, Any]]:
        answer = self.get(f"referrers/{digest}{query}")
        assert answer.status == 200, answer.everything()
        assert answer.headers["content-type"] == OCI_INDEX
        assert answer.json["schemaVersion"] == 2
        found: list[dict[str, Any]] = answer.json["manifests"]
        return found

    def elsewhere(self, name: str) -> "Pusher":
        return Pusher(self.registry, name, self.who, self.base)


def codes(answer: Answer) -> list[str]:
    """The codes of a refusal."""
    assert answer.headers["content-type"] == "application/json", answer.everything()
    return [error["code"] for error in answer.json["errors"]]


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, set(codes(answer))) == (status, {code}), answer.everything()


def cut(data: bytes, *sizes: int) -> Iterable[bytes]:
    """The bytes in pieces of these sizes, and the rest."""
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]
