"""Valid npm tarballs and the documents they are published in; a test states only what is odd about one."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any


def make_manifest(name: str = "demo", version: str = "1.0.0", **fields: Any) -> dict[str, Any]:
    """A package.json; a field of None is left out."""
    manifest = {"name": name, "version": version, "description": "A demo", "main": "index.js", **fields}
    return {key: value for key, value in manifest.items() if value is not None}


def make_tarball(
    manifest: Mapping[str, Any] | bytes | None = None, *, top: str = "package", files: Mapping[str, bytes] | None = None
) -> bytes:
    """What `npm pack` makes of that package.json (bytes: exactly these), index.js and the files."""
    content = manifest if isinstance(manifest, bytes) else json.dumps(manifest or make_manifest()).encode()
    return make_tar_gz({f"{top}/package.json": content, f"{top}/index.js": b"module.exports = 1\n", **(files or {})})


def make_tar_gz(contents: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in contents.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue(), mtime=0)


def make_document(
    name: str = "demo",
    version: str = "1.0.0",
    *,
    tarball: bytes | None = None,
    manifest: Mapping[str, Any] | None = None,
    tag: str = "latest",
    dist: Mapping[str, Any] | None = None,
    bundle: str = "",
    fields: Mapping[str, Any] | None = None,
    **odd: Any,
) -> dict[str, Any]:
    """What `npm publish` PUTs; `fields` go into manifest and package.json, `odd` ones replace those of the document."""
    described = make_manifest(name, version, **(fields or {}))
    data = make_tarball(described) if tarball is None else tarball
    sent = {
        **described,
        "readme": f"# {name}\n",
        "readmeFilename": "README.md",
        "_id": f"{name}@{version}",
        "_nodeVersion": "22.0.0",
        "_npmVersion": "11.0.0",
        "dist": {
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode(),
            "shasum": hashlib.sha1(data).hexdigest(),
            "tarball": f"http://localhost/{name}/-/{name}-{version}.tgz",
            **(dist or {}),
        },
        **(manifest or {}),
    }
    attachments: dict[str, Any] = {
        f"{name}-{version}.tgz": {
            "content_type": "application/octet-stream",
            "data": base64.b64encode(data).decode(),
            "length": len(data),
        }
    }
    if bundle:
        media_type = "application/vnd.dev.sigstore.bundle.v0.3+json"
        attachments[f"{name}-{version}.sigstore"] = {"content_type": media_type, "data": bundle, "length": len(bundle)}
    document = {
        "_id": name,
        "name": name,
        "description": "A demo",
        "dist-tags": {tag: version},
        "versions": {version: sent},
        "access": None,
        "_attachments": attachments,
        **odd,
    }
    return {key: value for key, value in document.items() if value != ...}


def make_bundle(purl: str = "pkg:npm/demo@1.0.0", data: bytes | None = None, **odd: Any) -> str:
    """A Sigstore bundle about that tarball, with a signature that nobody could verify; `odd` go into its statement."""
    digest = hashlib.sha512(make_tarball() if data is None else data).hexdigest()
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": purl, "digest": {"sha512": digest}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
        **odd,
    }
    return json.dumps(
        {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"certificate": {"rawBytes": "AA=="}, "tlogEntries": []},
            "dsseEnvelope": {
                "payload": base64.b64encode(json.dumps(statement).encode()).decode(),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"sig": "AA=="}],
            },
        }
    )
