"""Releases: the files of a project by version. `1.0` and `1.0.0` are one release, called as it was spelled first."""

from collections.abc import Iterable, Mapping, Sequence

from registry.protocols.pypi.index.file import File
from registry.protocols.pypi.names import Filetype
from registry.protocols.pypi.versions import Release, is_prerelease, normalize_version, version_key

Releases = Mapping[str, Sequence[File]]


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


def latest_version(releases: Releases) -> str | None:
    """The release to show for the project: rather one not yanked, rather a final one, and then the highest.

    None where there is none.
    """
    return max(
        releases,
        key=lambda version: (not is_yanked(releases[version]), not is_prerelease(version), version_key(version)),
        default=None,
    )


def describing_file(files: Iterable[File]) -> File | None:
    """The file of a release whose metadata speaks for it: a wheel if there is one. None where no file has any."""
    described = (file for file in files if file.metadata)
    return min(described, key=lambda file: file.filetype is not Filetype.WHEEL, default=None)
