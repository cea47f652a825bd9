"""The paths of a registry, and the registry as a protocol."""

from collections.abc import Iterator, Sequence
from typing import Final

from registry.core.digests import Digest
from registry.plugin import Mount, Protocol, Route, Services
from registry.protocols.oci.errors import render_error
from registry.protocols.oci.names import TOKEN_PATH
from registry.protocols.oci.resources import (
    Blob,
    Manifest,
    ReferrerList,
    RepositoryList,
    TagList,
    Token,
    Upload,
    Uploads,
    Version,
)
from registry.protocols.oci.setups import SETUPS
from registry.protocols.oci.store import Stores, forget_blob, open_stores, read_listing

# Names may hold the words of the paths, so a path is read from its end: `name` takes as much as it can.
PATTERNS: Final = {
    "name": r".+",
    "session": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}

FEATURES: Final = {
    "deletion": True,
    "immutable_tags": "",
    "redirect_from": 1024 * 1024,
    "sparse_indexes": False,
}


def routes(mount: Mount, services: Services) -> Sequence[Route]:
    """The table of one registry: each path behind `/v2`, and then the same without it."""
    limits, stores = services.settings.limits, _stores(mount, services)
    uploads, version = Uploads(stores, limits.max_layer), Version()
    by_path = {
        "/_catalog": RepositoryList(stores),
        "/{name}/blobs/uploads/": uploads,
        "/{name}/blobs/uploads": uploads,
        "/{name}/blobs/uploads/{session}": Upload(stores, limits.max_layer),
        "/{name}/blobs/{digest}": Blob(
            stores, mount.features["redirect_from"] if services.settings.storage.presign else None
        ),
        "/{name}/manifests/{reference}": Manifest(stores),
        "/{name}/tags/list": TagList(stores),
        "/{name}/referrers/{digest}": ReferrerList(stores),
    }
    return [
        Route("/v2/", version),
        Route("/v2", version),
        Route(TOKEN_PATH, Token(services.auth)),
        *(Route(f"/v2{path}", resource) for path, resource in by_path.items()),
        Route("/", version),
        *(Route(path, resource) for path, resource in by_path.items()),
    ]


def references(mount: Mount, services: Services) -> Iterator[str]:
    """The digests of all blobs that the mount names: manifests, what they are made of, the feed. All, or it raises."""
    yield from services.catalog(mount, read_listing).references()
    yield from _stores(mount, services).manifests.references()


def forget(mount: Mount, services: Services, digest: Digest) -> None:
    """No repository has the blob any more, except where it has been pushed again."""
    forget_blob(services.storage, mount.prefix, digest)


def sweep(mount: Mount, services: Services, seconds: float) -> int:
    """How many uploads that nobody went on with for so long were given up."""
    return _stores(mount, services).uploads.sweep(seconds)


def _stores(mount: Mount, services: Services) -> Stores:
    return open_stores(
        services.storage,
        mount.prefix,
        services.catalog(mount, read_listing),
        mount.features,
        cache=services.settings.cache.max_bytes // 4,
        max_layer=services.settings.limits.max_layer,
    )


PROTOCOL = Protocol(
    name="oci",
    title="OCI",
    patterns=PATTERNS,
    routes=routes,
    dialect=render_error,
    references=references,
    forget=forget,
    sweep=sweep,
    root_paths=("/v2",),
    rooted=True,
    features=FEATURES,
    setups=SETUPS,
)
