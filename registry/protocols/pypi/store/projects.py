"""Projects: publish, read, yank, delete, over the catalog and the blobs."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from registry.auth.actor import Actor
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Ledger
from registry.catalog.renditions import Page, Rendition, finish
from registry.catalog.search import Visible
from registry.core.digests import Digest
from registry.errors import Gone, NotFound
from registry.offload import offload
from registry.protocols.pypi.artifact import Distribution, UploadForm, check_digests, read_distribution
from registry.protocols.pypi.attestations import parse_attestations, render_provenance
from registry.protocols.pypi.index import About, File, Status, describing_file, is_tombstone
from registry.protocols.pypi.metadata import MAX_METADATA
from registry.protocols.pypi.names import ProjectName
from registry.protocols.pypi.store import pages
from registry.protocols.pypi.store.changes import (
    Selection,
    adding,
    deleting,
    has_file,
    read_latest,
    read_project,
    setting_status,
    yanking,
)
from registry.protocols.pypi.versions import normalize_version, usable_specifier
from registry.storage.blobs import Blobs
from registry.storage.staging import Staged


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Projects:
    """The projects of one index; who may do what was asked before. All methods raise what the catalog raises."""

    def __init__(self, catalog: Catalog, blobs: Blobs, clock: Callable[[], datetime] = utc_now) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._clock = clock

    def page(self, name: ProjectName, content_type: str, base_url: str) -> Rendition:
        """The project's page of the simple API. Raises NotFound."""
        render = partial(pages.simple_page, content_type=content_type, base_url=base_url)
        return self._rendition(name, f"page {content_type} {base_url}", render)

    def list(self, content_type: str, visible: Visible | None = None) -> Rendition:
        """The list of all projects of the simple API, or of those that are `visible`."""
        render = partial(pages.simple_list, content_type=content_type)
        if visible is None:
            return self._catalog.index_rendition(f"list {content_type}", render)
        return finish(render(self._catalog.listings(visible=visible)), int(self._clock().timestamp()))

    def document(self, name: ProjectName, base_url: str) -> Rendition:
        """The JSON API's document of the project. Raises NotFound, also when the project offers no files."""
        latest = read_latest(self._open(name))
        render = partial(pages.project_document, metadata=self._metadata(latest), base_url=base_url)
        return self._rendition(name, f"document {latest and latest.metadata} {base_url}", render)

    def release_document(self, name: ProjectName, version: str, base_url: str) -> Rendition:
        """The JSON API's document of a release. Raises NotFound."""
        file = describing_file(pages.release_files(self._open(name), version))
        render = partial(pages.release_document, version=version, metadata=self._metadata(file), base_url=base_url)
        release = normalize_version(version)
        return self._rendition(name, f"document {release} {file and file.metadata} {base_url}", render)

    def file(self, name: ProjectName, filename: str) -> File:
        """The file of that name. Raises NotFound, and Gone when it was deleted."""
        ledger = self._open(name)
        entry = ledger.get(filename) if read_project(ledger).offers_files else None
        if entry is None:
            raise NotFound(f"the project {name} has no file {filename}")
        if is_tombstone(entry):
            raise Gone(f"the file {filename} was deleted")
        return File.from_entry(entry)

    def publish(self, form: UploadForm, filename: str, staged: Staged, actor: Actor) -> None:
        """The staged file is on offer; nothing changes if it was, byte for byte.

        Raises AlreadyExists when other bytes have or had its name, Forbidden when the project takes no uploads, and
        what `check_digests`, `read_distribution` and `parse_attestations` raise.
        """
        check_digests(form, staged.digests)
        before = self._catalog.package(form.project)
        if before:
            has_file(before, filename, staged.digest)
        distribution = self._read(form, filename, staged)
        file = self._keep(distribution, form, staged, actor)
        display = distribution.core.name if distribution.core else form.project
        self._catalog.update(
            form.project, adding(file, display), action="publish", actor=actor, version=distribution.version
        )

    def yank(self, name: ProjectName, selection: Selection, reason: str, actor: Actor) -> None:
        """The files selected are yanked. Raises NotFound when there are none."""
        self._catalog.update(
            name, yanking(selection, reason or True), action="yank", actor=actor, version=selection.target
        )

    def unyank(self, name: ProjectName, selection: Selection, actor: Actor) -> None:
        """The files selected are not yanked. Raises NotFound when there are none."""
        self._catalog.update(name, yanking(selection, False), action="unyank", actor=actor, version=selection.target)

    def delete(self, name: ProjectName, selection: Selection, actor: Actor) -> None:
        """The files selected are gone, and their names taken for ever. Raises NotFound when there are none."""
        self._catalog.update(name, deleting(selection), action="delete", actor=actor, version=selection.target)

    def set_status(self, name: ProjectName, status: Status, reason: str, actor: Actor) -> None:
        """The project has this status. Raises NotFound."""
        self._catalog.update(name, setting_status(status, reason), action="status", actor=actor)

    def _open(self, name: ProjectName) -> Ledger:
        ledger = self._catalog.package(name)
        if ledger is None:
            raise _no_project(name)
        return ledger

    def _rendition(self, name: ProjectName, representation: str, render: Callable[[Ledger], Page]) -> Rendition:
        rendition = self._catalog.rendition(name, representation, render)
        if rendition is None:
            raise _no_project(name)
        return rendition

    def _metadata(self, file: File | None) -> bytes:
        return self._blobs.read(file.metadata, MAX_METADATA) if file and file.metadata else b""

    def _read(self, form: UploadForm, filename: str, staged: Staged) -> Distribution:
        with staged.open() as file:
            return offload(read_distribution, file, filename, form)

    def _keep(self, distribution: Distribution, form: UploadForm, staged: Staged, actor: Actor) -> File:
        """The file as its ledger will name it, after all its blobs are in the store."""
        filename, fields = distribution.filename, distribution.core.fields if distribution.core else {}
        provenance = self._keep_provenance(form, filename.text, staged.digests["sha256"])
        return File(
            filename=filename.text,
            version=distribution.version,
            filetype=filename.filetype,
            python=filename.python,
            size=staged.size,
            uploaded=self._clock().isoformat(timespec="microseconds").replace("+00:00", "Z"),
            digest=self._blobs.commit(staged),
            metadata=None if distribution.metadata is None else self._blobs.put(distribution.metadata),
            provenance=provenance,
            hashes={name: value for name, value in staged.digests.items() if name != "sha256"},
            requires_python=usable_specifier(fields.get("requires_python")),
            uploader=actor.user or "",
            comment=form.comment,
            about=About.from_metadata(fields),
        )

    def _keep_provenance(self, form: UploadForm, filename: str, sha256: str) -> Digest | None:
        if not form.attestations:
            return None
        return self._blobs.put(render_provenance(parse_attestations(form.attestations, filename, sha256)))


def _no_project(name: ProjectName) -> NotFound:
    return NotFound(f"there is no project {name}")
