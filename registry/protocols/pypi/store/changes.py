"""What a change does to the ledger of a project: pure functions, for `Catalog.update` may run them several times."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from registry.catalog.ledgers import Change, Ledger
from registry.catalog.listing import Listing
from registry.core.digests import Digest
from registry.errors import AlreadyExists, Forbidden, NotFound
from registry.protocols.pypi.index import File, Project, Status, is_tombstone, list_files, rank, tombstone
from registry.protocols.pypi.names import ProjectName
from registry.protocols.pypi.versions import normalize_version

Changing = Callable[[Ledger], Change | None]


@dataclass(frozen=True, slots=True)
class Selection:
    """Files of a project, by the version or file name that they are asked for with."""

    target: str
    covers: Callable[[File], bool]


def read_project(ledger: Ledger) -> Project:
    """The project that the ledger keeps."""
    return Project.from_state(ledger.name, ledger.state, ledger.revision)


def read_latest(ledger: Ledger) -> File | None:
    """The file that speaks for the project in listings, or None."""
    latest = read_project(ledger).latest
    entry = ledger.get(latest) if latest else None
    return None if entry is None else File.from_entry(entry)


def read_listing(ledger: Ledger) -> Listing | None:
    """What lists of projects show of it; None for one that offers nothing."""
    project = read_project(ledger)
    latest = read_latest(ledger)
    if latest is None or not project.offers_files:
        return None
    return Listing(
        name=project.name,
        display=project.display,
        version=latest.version,
        description=latest.about.summary,
        keywords=latest.about.keywords,
        author=latest.about.author,
        license=latest.about.license,
        publisher=latest.uploader,
        modified=ledger.modified,
    )


def has_file(ledger: Ledger, filename: str, digest: Digest) -> bool:
    """Whether exactly this file is on offer, so that publishing it again changes nothing.

    Raises AlreadyExists when other bytes have that name, or had it before they were deleted, and Forbidden when the
    project takes no uploads.
    """
    entry = ledger.get(filename)
    if entry is not None:
        if digest != (entry["deleted"] if is_tombstone(entry) else entry["blobs"]["file"]):
            raise AlreadyExists(f"File already exists ({filename}), or did until it was deleted, with other contents")
        if not is_tombstone(entry):
            return True
    project = read_project(ledger)
    if not project.takes_uploads:
        raise Forbidden(f"the project {project.name} is {project.status} and takes no files")
    return False


def adding(file: File, display: str) -> Changing:
    """The file is on offer; `display` is how a new project will be called. Raises what `has_file` raises."""

    def change(ledger: Ledger) -> Change | None:
        if has_file(ledger, file.filename, file.digest):
            return None
        project = read_project(ledger) if ledger.revision else Project(ProjectName(ledger.name), display)
        latest = read_latest(ledger)
        if latest is None or rank(file) >= rank(latest):
            project = replace(project, latest=file.filename)
        return Change([file.to_entry()], project.to_state())

    return change


def yanking(selection: Selection, yanked: bool | str) -> Changing:
    """The files are yanked, for a reason if that is a text, or no longer. Raises NotFound when there are none."""
    return _replacing(selection, lambda file: replace(file, yanked=yanked))


def deleting(selection: Selection) -> Changing:
    """The files are gone for good. Raises NotFound when there are none."""
    return _replacing(selection, lambda file: None)


def setting_status(status: Status, reason: str) -> Changing:
    """The project has this status. Raises NotFound when there is no project."""

    def change(ledger: Ledger) -> Change | None:
        if not ledger.revision:
            raise NotFound(f"there is no project {ledger.name}")
        before = read_project(ledger)
        after = replace(before, status=status, reason=reason)
        return None if after == before else Change(state=after.to_state())

    return change


def of_release(version: str) -> Selection:
    """The files of the release that the version names."""
    release = normalize_version(version)
    return Selection(version, lambda file: normalize_version(file.version) == release)


def of_name(filename: str) -> Selection:
    """The file of that name."""
    return Selection(filename, lambda file: file.filename == filename)


def _replacing(selection: Selection, substitute: Callable[[File], File | None]) -> Changing:
    def change(ledger: Ledger) -> Change | None:
        before = {file.filename: file for file in list_files(ledger)}
        after = {file.filename: substitute(file) for file in before.values() if selection.covers(file)}
        if not after:
            raise NotFound(f"the project {ledger.name} has no file of {selection.target}")
        changed = {name: file for name, file in after.items() if file != before[name]}
        if not changed:
            return None
        entries = [file.to_entry() if file else tombstone(before[name]) for name, file in changed.items()]
        project = replace(read_project(ledger), latest=_best({**before, **after}.values()))
        return Change(entries, project.to_state())

    return change


def _best(files: Iterable[File | None]) -> str:
    latest = max((file for file in files if file), key=rank, default=None)
    return latest.filename if latest else ""
