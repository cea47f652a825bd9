"""npm: packuments, tarballs and publishing, beside Verdaccio."""

import base64
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from bench import servers
from bench.contests import Case, Contest
from bench.load import Request
from bench.options import Options
from bench.reading import get, get_again, publish
from bench.servers import Server
from bench.stores import Store
from registry.protocols.npm.index import Package, Release
from registry.protocols.npm.names import PackageName
from registry.protocols.npm.store import read_listing

SHORT = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"
GZIP = {"Accept-Encoding": "gzip"}
SHORTLY = {"Accept": SHORT, **GZIP}
SIZES = {"small": 5, "large": 300}
GROWN = (10, 1_000, 10_000)
FILES = {"file-50k": 50 * 1000, "file-20m": 20 * 1000 * 1000}
PUBLISHED = "2026-01-02T03:04:05.000Z"


@contextmanager
def contest(place: Path, options: Options) -> Iterator[Contest]:
    """The registry and its peers with the same packages."""
    ours, theirs = place / "registry", place / "verdaccio"
    _fill_registry(ours)
    with ExitStack() as stack:
        running = [stack.enter_context(servers.registry(ours, "/npm"))]
        if options.has("verdaccio"):
            _fill_verdaccio(theirs)
            running.append(stack.enter_context(servers.verdaccio(theirs)))
        yield Contest("npm", running, list(_cases(options)))


def _cases(options: Options) -> Iterator[Case]:
    seconds = options.seconds
    for name, versions in SIZES.items():
        for form, accept in (("full", "application/json"), ("abbreviated", SHORT)):
            work = get(partial(_at, f"/{name}"), {"Accept": accept, **GZIP}, seconds)
            yield Case(f"packument of {versions} versions, {form}", work)
        yield Case(f"the same, not modified: {versions}", get_again(partial(_at, f"/{name}"), SHORTLY, seconds))
    for name, text in (("file-50k", "50 KB"), ("file-20m", "20 MB")):
        yield Case(f"tarball of {text}", get(partial(_at, f"/{name}/-/{name}-1.0.0.tgz"), {}, seconds))
    for size in GROWN:
        yield Case(f"publish of version {size:,}", publish(size, partial(_publishing, f"grown-{size}"), seconds))


def _at(path: str, server: Server) -> str:
    return path


def _publishing(name: str, server: Server, number: int) -> Request:
    headers = {**server.headers, "Content-Type": "application/json"}
    return Request("PUT", f"{server.url}/{name}", headers, _publication(name, f"1.0.{number}"))


def _manifest(name: str, version: str) -> dict[str, Any]:
    """What a package.json of middling size says: about 2.5 KB."""
    return {
        "name": name,
        "version": version,
        "description": "a package of middling size, as it is installed every day, with some words about itself",
        "keywords": ["measure", "packument", "middling"],
        "license": "MIT",
        "main": "lib/index.js",
        "repository": {"type": "git", "url": f"git+https://example.com/{name}.git"},
        "scripts": {"test": "node --test", "lint": "eslint .", "build": "tsc --project tsconfig.build.json"},
        "engines": {"node": ">=20"},
        "dependencies": {f"some-dependency-{number:02}": f"^{number}.4.1" for number in range(30)},
        "devDependencies": {f"some-tool-for-the-trade-{number:02}": f"~{number}.14.2" for number in range(30)},
    }


@cache
def _padding() -> bytes:
    return os.urandom(4000)


def _tarball(manifest: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for path, data in (("package.json", json.dumps(manifest).encode()), ("lib/index.js", _padding())):
            info = tarfile.TarInfo(f"package/{path}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _digests(data: bytes) -> dict[str, str]:
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    return {"integrity": integrity, "shasum": hashlib.sha1(data).hexdigest()}


def _publication(name: str, version: str) -> bytes:
    manifest = _manifest(name, version)
    data, filename = _tarball(manifest), f"{name}-{version}.tgz"
    described = {**manifest, "_id": f"{name}@{version}", "dist": {**_digests(data), "tarball": f"http://x/{filename}"}}
    attachment = {
        "content_type": "application/octet-stream",
        "data": base64.b64encode(data).decode(),
        "length": len(data),
    }
    document = {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": version},
        "versions": {version: described},
        "access": "public",
        "_attachments": {filename: attachment},
    }
    return json.dumps(document).encode()


def _packages() -> Iterator[tuple[str, list[str], bytes]]:
    """The packages to begin with: name, versions, and the bytes of every tarball."""
    for name, versions in SIZES.items():
        yield name, [f"1.0.{number}" for number in range(versions)], _padding()
    for name, size in FILES.items():
        yield name, ["1.0.0"], os.urandom(size)
    for size in GROWN:
        yield f"grown-{size}", [f"1.0.{number}" for number in range(1, size)], _padding()


def _fill_registry(data: Path) -> None:
    store = Store(data, "npm", read_listing)
    for name, versions, tarball in _packages():
        digest, dist = store.blobs.put(tarball), {**_digests(tarball), "fileCount": 2, "unpackedSize": len(tarball)}
        releases = [
            Release(version, _manifest(name, version), dist, digest, len(tarball), PUBLISHED, "admin")
            for version in versions
        ]
        package = Package(PackageName(name), tags={"latest": versions[-1]}, owners={"admin": ""})
        store.publish(name, [release.to_entry() for release in releases], package.to_state())
    store.close()


def _fill_verdaccio(data: Path) -> None:
    """Write what Verdaccio would after all that publishing, which takes it many minutes."""
    for name, versions, tarball in _packages():
        folder = data / "storage" / name
        folder.mkdir(parents=True)
        files = {version: f"{name}-{version}.tgz" for version in versions}
        manifests = {
            version: {
                **_manifest(name, version),
                "_id": f"{name}@{version}",
                "dist": {**_digests(tarball), "tarball": f"http://x/{name}/-/{file}"},
            }
            for version, file in files.items()
        }
        document = {
            "_id": name,
            "name": name,
            "versions": manifests,
            "time": {"created": PUBLISHED, "modified": PUBLISHED, **dict.fromkeys(versions, PUBLISHED)},
            "users": {},
            "dist-tags": {"latest": versions[-1]},
            "_uplinks": {},
            "_distfiles": {},
            "_attachments": {file: {"shasum": _digests(tarball)["shasum"]} for file in files.values()},
            "_rev": "1-0123456789abcdef",
            "readme": "",
        }
        (folder / "package.json").write_text(json.dumps(document))
        (folder / files[versions[-1]]).write_bytes(tarball)
