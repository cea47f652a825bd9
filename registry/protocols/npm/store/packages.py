"""Packages: publish, read, deprecate, unpublish, over the catalog and the blobs."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from registry.auth.actor import Actor
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Ledger
from registry.catalog.listing import Listing
from registry.catalog.renditions import Page, Rendition
from registry.catalog.search import Query, SearchResult, Visible
from registry.core.digests import Digest
from registry.core.strict_json import render_json
from registry.errors import NotFound
from registry.offload import offload
from registry.protocols.npm.artifact import (
    MAX_README,
    Access,
    Packed,
    Publication,
    check_agreement,
    check_claims,
    read_provenance,
    read_tarball,
)
from registry.protocols.npm.index import FULL, Manifest, Package, Release, full_manifest, iso_time
from registry.protocols.npm.names import PackageName, check_new_name, version_in_filename
from registry.protocols.npm.store import changes, pages
from registry.protocols.npm.store.changes import not_found, read_latest, read_package, read_release
from registry.protocols.npm.store.describing import describe
from registry.protocols.npm.store.rights import Rights
from registry.protocols.npm.store.signing import Signer
from registry.protocols.npm.versions import LATEST
from registry.storage.blobs import Blobs
from registry.storage.staging import Staged


class Packages:
    """The packages of one registry; who may ask was found out before. All methods raise what the catalog raises."""

    def __init__(self, catalog: Catalog, blobs: Blobs, signer: Signer, clock: Callable[[], float] = time.time) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._signer = signer
        self._clock = clock

    def packument(self, name: PackageName, content_type: str, base_url: str) -> Rendition:
        """The document of the package; its note is the package's access. Raises NotFound."""

        def prepare(ledger: Ledger) -> Callable[[Ledger], Page]:
            readme = self._readme(ledger) if content_type == FULL else ""
            return partial(pages.packument_page, content_type=content_type, base_url=base_url, readme=readme)

        rendition = self._catalog.prepared_rendition(name, f"packument {content_type} {base_url}", prepare)
        if rendition is None or not rendition.body:
            raise not_found(name)
        return rendition

    def package(self, name: PackageName) -> Package:
        """The package without its versions. Raises NotFound, also when it has none."""
        return read_package(self._open(name))

    def find(self, name: PackageName) -> Package:
        """The package as far as anything is known of it; a new one otherwise."""
        ledger = self._catalog.package(name)
        return Package(name) if ledger is None else read_package(ledger)

    def release(self, name: PackageName, wanted: str) -> tuple[Package, Release]:
        """The version, or what the tag of that name points at. Raises NotFound."""
        ledger = self._open(name)
        package = read_package(ledger)
        release = read_release(ledger, wanted) or read_release(ledger, package.tags.get(wanted, ""))
        if release is None:
            raise NotFound(f"version not found: {wanted}")
        return package, release

    def tarball(self, name: PackageName, filename: str) -> tuple[Package, Release]:
        """The version whose tarball has that name. Raises NotFound."""
        version = version_in_filename(name, filename)
        ledger = self._open(name)
        release = read_release(ledger, version) if version else None
        if release is None:
            raise NotFound(f"Not found: {name} has no file {filename}")
        return read_package(ledger), release

    def manifest(self, name: PackageName, release: Release, base_url: str) -> Manifest:
        """The full manifest of the version."""
        return full_manifest(release, name, base_url)

    def publish(self, publication: Publication, staged: Staged, rights: Rights, actor: Actor) -> str:
        """The `rev` of the package, which now offers the staged tarball; nothing changes if it did already.

        Raises VersionExists, Forbidden, PublicationInvalid, ArchiveInvalid, and NameInvalid for a new package.
        """
        name = publication.name
        before = self._catalog.package(name)
        if before is None:
            check_new_name(name)
        check_claims(publication, staged.size, staged.digests)
        packed = _read(staged)
        check_agreement(publication.manifest, packed.package_json, packed.has_gyp)
        release = describe(publication, packed, staged, rights, self._now())
        if before:
            changes.is_published(before, release)
        release = self._keep(release, publication, staged)
        change = changes.publishing(release, publication.tags, publication.access, rights)
        return self._update(name, change, "publish", actor, release.version)

    def deprecate(self, name: PackageName, messages: Mapping[str, str], rights: Rights, actor: Actor) -> str:
        """The `rev` of the package, whose versions have these messages. Raises NotFound and Forbidden."""
        return self._update(name, changes.deprecating(messages, rights), "deprecate", actor)

    def keep_only(
        self,
        name: PackageName,
        kept: Collection[str],
        tags: Mapping[str, str] | None,
        rev: str,
        rights: Rights,
        actor: Actor,
    ) -> str:
        """The `rev` of the package, which offers only the `kept` versions; nothing else is ever published as the rest.

        Raises NotFound, Forbidden, Conflict for another `rev` than the package's, and Invalid for an unknown version.
        """
        change = changes.unpublishing(kept, tags, rev, self._now(), rights)
        return self._update(name, change, "unpublish", actor)

    def remove(self, name: PackageName, version: str, rights: Rights, actor: Actor) -> None:
        """The version is not on offer, and perhaps was not before. Raises NotFound and Forbidden."""
        self._update(name, changes.removing(version, self._now(), rights), "unpublish", actor, version)

    def withdraw(self, name: PackageName, rev: str, rights: Rights, actor: Actor) -> None:
        """The package is not on offer. Raises NotFound, Forbidden, and Conflict for another `rev` than its own."""
        self._update(name, changes.withdrawing(rev, self._now(), rights), "unpublish", actor)

    def tag(self, name: PackageName, change_tags: changes.Tagging, rights: Rights, actor: Actor) -> None:
        """The tags are what `change_tags` makes of them. Raises NotFound and Forbidden."""
        self._update(name, changes.tagging(change_tags, rights), "tag", actor)

    def set_owners(
        self,
        name: PackageName,
        owners: Callable[[Mapping[str, str]], Mapping[str, str]],
        rights: Rights,
        actor: Actor,
        rev: str | None = None,
    ) -> str:
        """The `rev` of the package, whose owners are what `owners` makes of them: e-mail addresses by name.

        Raises NotFound, Forbidden, and Conflict for another `rev` than the package's.
        """

        def change(package: Package) -> Package:
            return replace(package, owners=owners(package.owners))

        return self._update(name, changes.administering(change, rights, rev), "owner", actor)

    def set_access(self, name: PackageName, access: Access, rights: Rights, actor: Actor) -> None:
        """Who may read the package. Raises NotFound and Forbidden."""
        change = changes.administering(lambda package: replace(package, access=access), rights)
        self._update(name, change, "access", actor)

    def star(self, name: PackageName, likes: bool, actor: Actor) -> str:
        """The `rev` of the package, which the actor likes or not. Raises NotFound."""
        return self._update(name, changes.starring(actor.user or "", likes), "star", actor)

    def attestations(self, name: PackageName, version: str) -> tuple[Package, Digest]:
        """The digest of the document with the version's attestations. Raises NotFound."""
        package, release = self.release(name, version)
        if release.version != version or release.attestations is None:
            raise NotFound(f"Not found: {name}@{version} has no attestations")
        return package, release.attestations

    def search(self, query: Query, visible: Visible | None) -> SearchResult:
        """A page of the packages that match."""
        return self._catalog.search(query, visible)

    def search_all(self, query: Query, visible: Visible | None) -> Iterator[Listing]:
        """All packages that match."""
        start, result = 0, self._catalog.search(query, visible)
        while result.listings:
            yield from result.listings
            start += len(result.listings)
            result = self._catalog.search(replace(query, from_=start), visible)

    def _update(self, name: PackageName, change: changes.Changing, action: str, actor: Actor, version: str = "") -> str:
        return read_package(self._catalog.update(name, change, action=action, actor=actor, version=version)).rev

    def _now(self) -> str:
        return iso_time(self._clock())

    def _open(self, name: PackageName) -> Ledger:
        """The ledger of a package that has versions. Raises NotFound."""
        ledger = self._catalog.package(name)
        if ledger is None or LATEST not in read_package(ledger).tags:
            raise not_found(name)
        return ledger

    def _readme(self, ledger: Ledger) -> str:
        latest = read_latest(ledger)
        return self._blobs.read(latest.readme, MAX_README).decode() if latest and latest.readme else ""

    def _keep(self, release: Release, publication: Publication, staged: Staged) -> Release:
        """The release with signature, readme and provenance, after all its blobs are in the store."""
        name, version = publication.name, publication.version
        provenance = (
            read_provenance(publication.bundle, name, version, staged.digests["sha512"]) if publication.bundle else None
        )
        signature = self._signer.sign(f"{name}@{version}:{release.integrity}")
        release = replace(
            release,
            dist={**release.dist, "signatures": [signature]},
            readme=self._blobs.put(publication.readme.encode()) if publication.readme else None,
        )
        if provenance:
            attestation = {"predicateType": provenance.predicate_type, "bundle": provenance.bundle}
            release = replace(
                release,
                attestations=self._put({"attestations": [attestation]}),
                predicate_type=provenance.predicate_type,
            )
        self._blobs.commit(staged)
        return release

    def _put(self, document: Mapping[str, Any]) -> Digest:
        return self._blobs.put(render_json(document))


def _read(staged: Staged) -> Packed:
    with staged.open() as file:
        return offload(read_tarball, file)
