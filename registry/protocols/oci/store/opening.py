"""The stores of one mount, put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.catalog.catalog import Catalog
from registry.protocols.oci.store.keys import Keys
from registry.protocols.oci.store.manifests import Manifests
from registry.protocols.oci.store.memberships import Memberships
from registry.protocols.oci.store.records import Records
from registry.protocols.oci.store.referrers import Referrers
from registry.protocols.oci.store.repositories import Repositories
from registry.protocols.oci.store.tags import Tags
from registry.protocols.oci.store.uploads import Uploads
from registry.storage.storage import Storage


@dataclass(frozen=True, slots=True)
class Stores:
    """What the resources of one mount work with."""

    storage: Storage
    members: Memberships
    uploads: Uploads
    manifests: Manifests
    tags: Tags
    referrers: Referrers
    repositories: Repositories


def open_stores(
    storage: Storage, prefix: str, catalog: Catalog, features: Mapping[str, Any], *, cache: int, max_layer: int
) -> Stores:
    """The stores below the prefix; up to `cache` bytes of manifests, and half as many of records, are remembered.

    Raises ConfigError for features that cannot be.
    """
    keys = Keys(prefix)
    records = Records(storage, cache // 2)
    members = Memberships(storage, keys)
    tags = Tags(storage, keys, records, features["immutable_tags"])
    referrers = Referrers(storage, keys, records)
    repositories = Repositories(storage, keys, catalog)
    return Stores(
        storage=storage,
        members=members,
        uploads=Uploads(storage, keys, members, max_layer),
        manifests=Manifests(
            storage,
            keys,
            records,
            members,
            tags,
            referrers,
            repositories,
            sparse=features["sparse_indexes"],
            cache=cache,
        ),
        tags=tags,
        referrers=referrers,
        repositories=repositories,
    )
