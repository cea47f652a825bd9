"""Releases: the files of a project by version. `1.0` and `1.0.0` are one release, called as it was spelled first."""

from collections.abc import Iterable, Mapping, Sequence

from registry.protocols.pypi.index.file import File
from registry.protocols.pypi.names import Filetype
from registry.protocols.pypi.versions import Release, SortKey, is_prerelease, normalize_version, version_key

Releases = Mapping[str, Sequence[File]]
Rank = tuple[bool, bool, SortKey, bool]


def list_versions(spelled: Iterable[str]) -> list[str]:
    """Each release once, as spelled first, lowest version first."""
    first: dict[Release, str] = {}
    for version in spelled:
        first.setdefault(normalize_version(version), version)
    return sorted(first.values(), key=version_key)


def group_releases(files: Iterable[File]) -> Releases:
    """The files by release, lowest version first, each with its files in the order given."""
    groups: dict[Release, list[File]] = {}
    for file in files:
        groups.setdefault(normalize_version(file.version), []).append(file)
    spelled = {group[0].version: group for group in groups.values()}
    return {version: spelled[version] for version in sorted(spelled, key=version_key)}


def is_yanked(files: Iterable[File]) -> bool:
    """Whether the release with these files is yanked: all of them are."""
    return all(file.yanked for file in files)


def rank(file: File) -> Rank:
    """What orders files by how well they speak for the project, the best one last.

    A file that is not yanked comes before one that is, a final release before others, then the higher version, then a
    wheel.
    """
    final = not is_prerelease(file.version)
    return not file.yanked, final, version_key(file.version), file.filetype is Filetype.WHEEL


def latest_version(releases: Releases) -> str | None:
    """The release of the file that speaks best for the project; None where there is none."""
    return max(releases, key=lambda version: max(map(rank, releases[version])), default=None)


def describing_file(files: Iterable[File]) -> File | None:
    """The file that speaks best for a release, if its metadata is kept. None where there is no such file."""
    return max((file for file in files if file.metadata), key=rank, default=None)
