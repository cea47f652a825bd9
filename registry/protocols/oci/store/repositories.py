"""Repositories as the catalog and searches know them: what was pushed last, told to the mount's feed."""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.auth.actor import Actor
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Change, Ledger
from registry.catalog.listing import Listing
from registry.catalog.search import Visible
from registry.core.digests import Digest
from registry.protocols.oci.artifact import Manifest
from registry.protocols.oci.names import Repository, Tag
from registry.protocols.oci.store.keys import Keys
from registry.protocols.oci.store.refusals import NameUnknown
from registry.storage.storage import Storage

ANNOTATION = "org.opencontainers.image."
LONGEST = 1000


def read_listing(ledger: Ledger) -> Listing | None:
    """What lists of repositories show of it; None for one without manifests."""
    state = ledger.state
    if not state.get("pushed"):
        return None
    about = state.get("about", {})
    return Listing(
        name=ledger.name,
        version=state.get("tag", ""),
        description=about.get("description", ""),
        author=about.get("authors", ""),
        license=about.get("licenses", ""),
        publisher=state.get("publisher", ""),
        modified=ledger.modified,
        extra={name: about[name] for name in ("title", "source", "url") if name in about},
    )


class Repositories:
    """The repositories of one mount. The catalog keeps no list of tags: their records are the truth."""

    def __init__(self, storage: Storage, keys: Keys, catalog: Catalog) -> None:
        self._storage = storage
        self._keys = keys
        self._catalog = catalog

    def require(self, repository: Repository) -> None:
        """The repository has had content. Raises NameUnknown."""
        for prefix in (self._keys.manifests(repository), self._keys.blobs(repository)):
            if any(True for _ in self._storage.list(prefix)):
                return
        raise NameUnknown("there is no such repository", detail={"name": repository})

    def names(self, after: str, visible: Visible) -> Iterator[str]:
        """The visible repositories that have manifests, behind `after`, in byte order."""
        return self._catalog.names(after, visible)

    def note_push(
        self,
        repository: Repository,
        digest: Digest,
        tags: list[Tag],
        manifest: Manifest,
        actor: Actor,
        *,
        changed: bool,
    ) -> None:
        """The feed knows that the manifest was pushed, under these tags.

        Where nothing was `changed` by that, the push may repeat one that was cut off before the feed knew.
        """
        pushed = [digest, *tags]

        def change(ledger: Ledger) -> Change | None:
            state = ledger.state
            if not changed and state.get("pushed") == pushed:
                return None
            after: dict[str, Any] = {**state, "pushed": pushed, "publisher": actor.user or ""}
            if tags:
                after |= {"tag": tags[-1], "about": _about(manifest)}
            return Change(state=after)

        self._catalog.update(repository, change, action="push", actor=actor, version=tags[-1] if tags else digest)

    def note_deletion(self, repository: Repository, what: str, actor: Actor) -> None:
        """The feed knows that the tag or manifest was deleted, and whether the repository has manifests still."""

        def change(ledger: Ledger) -> Change | None:
            after = {name: value for name, value in ledger.state.items() if name != "pushed"}
            if self._has_manifests(repository):
                after["pushed"] = [f"-{what}"]
            if after.get("tag") == what:
                del after["tag"]
            return Change(state=after)

        self._catalog.update(repository, change, action="delete", actor=actor, version=what)

    def _has_manifests(self, repository: Repository) -> bool:
        return any(True for _ in self._storage.list(self._keys.manifests(repository)))


def _about(manifest: Manifest) -> Mapping[str, str]:
    """What the manifest's annotations say of it, cut short."""
    found = {
        name.removeprefix(ANNOTATION): text[:LONGEST]
        for name, text in manifest.annotations.items()
        if name.startswith(ANNOTATION)
    }
    return {
        name: found[name] for name in ("title", "description", "authors", "licenses", "source", "url") if name in found
    }
