"""What a change does to the ledger of a package: pure functions, for `Catalog.update` may run them several times."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from registry.catalog.ledgers import Change, Ledger
from registry.core.ledger import Entry
from registry.errors import Conflict, Forbidden, Invalid, NotFound
from registry.protocols.npm.artifact import Access
from registry.protocols.npm.index import Package, Release, is_tombstone, tombstone
from registry.protocols.npm.store.rights import Rights
from registry.protocols.npm.versions import LATEST, choose_latest, without_build

Changing = Callable[[Ledger], Change | None]
Tagging = Callable[[Mapping[str, str]], Mapping[str, str]]


class VersionExists(Forbidden):
    """The version is there with other contents, or was once."""

    code = "version_exists"


def read_package(ledger: Ledger) -> Package:
    """The package that the ledger keeps."""
    return Package.from_state(ledger.name, ledger.state, ledger.revision, ledger.modified)


def read_release(ledger: Ledger, version: str) -> Release | None:
    """The version, if it is on offer."""
    entry = ledger.get(version)
    return None if entry is None or is_tombstone(entry) else Release.from_entry(entry)


def read_latest(ledger: Ledger) -> Release | None:
    """The version that speaks for the package; None for one that has no versions."""
    version = read_package(ledger).tags.get(LATEST)
    return None if version is None else read_release(ledger, version)


def list_versions(ledger: Ledger) -> dict[str, str]:
    """The versions on offer, in order of publication, each with its message of deprecation."""
    return {version: mark[1:].decode() for version, mark in ledger.fragments("npm deprecated", _mark) if mark}


def is_published(ledger: Ledger, release: Release) -> bool:
    """Whether exactly this is on offer, published by the same user: a retry, which changes nothing.

    Raises VersionExists when something else has the version, had it once, or has it but for the build metadata.
    """
    entry = ledger.get(release.version)
    if entry is None:
        bare = without_build(release.version)
        if bare not in ledger and not _has_builds(ledger, bare):
            return False
    elif not is_tombstone(entry):
        found = Release.from_entry(entry)
        if (found.integrity, found.publisher) == (release.integrity, release.publisher):
            return True
    raise VersionExists(f"You cannot publish over the previously published versions: {release.version}.")


def _has_builds(ledger: Ledger, bare: str) -> bool:
    """Whether some version is `bare` and build metadata; thousands are looked through at every publish."""
    return f"\n{bare}+" in "\n".join(["", *ledger.keys()])


def publishing(release: Release, tags: Collection[str], access: Access | None, rights: Rights) -> Changing:
    """The version is on offer, and the tags point at it; only owners change the access of a package that is there.

    Raises VersionExists and Forbidden.
    """

    def change(ledger: Ledger) -> Change | None:
        package = read_package(ledger)
        rights.check_write(package)
        if is_published(ledger, release):
            return None
        if package.owners and access not in (None, package.access):
            rights.check_own(package)
        package = replace(
            package,
            owners=package.owners or {rights.user: rights.email},
            tags={LATEST: release.version, **package.tags, **dict.fromkeys(tags, release.version)},
            access=access or package.access,
        )
        return Change([release.to_entry()], package.to_state())

    return change


def deprecating(messages: Mapping[str, str], rights: Rights) -> Changing:
    """The versions on offer have these messages, where they differ; other versions are left alone."""

    def change(ledger: Ledger) -> Change | None:
        _check_write(ledger, rights)
        changed = [
            version
            for version, message in list_versions(ledger).items()
            if version in messages and messages[version] != message
        ]
        found = (read_release(ledger, version) for version in changed)
        entries = [replace(release, deprecated=messages[release.version]).to_entry() for release in found if release]
        return Change(entries) if entries else None

    return change


def unpublishing(kept: Collection[str], tags: Mapping[str, str] | None, rev: str, at: str, rights: Rights) -> Changing:
    """Only the `kept` versions are on offer; the tags are those, as far as they point at such versions.

    Raises Conflict for a `rev` that is no longer the package's, and Invalid for a version that is not on offer.
    """

    def change(ledger: Ledger) -> Change | None:
        package = _check_write(ledger, rights)
        _check_rev(package, rev)
        versions = list_versions(ledger)
        if not set(kept) <= versions.keys():
            raise Invalid("versions are added by publishing them, each with its tarball")
        removed = [version for version in versions if version not in kept]
        after = replace(package, tags=_surviving(package.tags if tags is None else tags, kept))
        if not removed and after.tags == package.tags:
            return None
        return Change([tombstone(version, at) for version in removed], after.to_state())

    return change


def removing(version: str, at: str, rights: Rights) -> Changing:
    """The version is not on offer."""

    def change(ledger: Ledger) -> Change | None:
        package = _check_write(ledger, rights)
        if read_release(ledger, version) is None:
            return None
        kept = [each for each in list_versions(ledger) if each != version]
        return Change([tombstone(version, at)], replace(package, tags=_surviving(package.tags, kept)).to_state())

    return change


def withdrawing(rev: str, at: str, rights: Rights) -> Changing:
    """Nothing of the package is on offer; its versions stay taken, and its owners are still the only ones to add more.

    Raises Conflict for a `rev` that is no longer the package's.
    """

    def change(ledger: Ledger) -> Change | None:
        package = _check_write(ledger, rights)
        _check_rev(package, rev)
        entries = [tombstone(version, at) for version in list_versions(ledger)]
        return Change(entries, replace(package, tags={}, stars=()).to_state())

    return change


def tagging(change_tags: Tagging, rights: Rights) -> Changing:
    """The tags are what `change_tags` makes of them. Raises NotFound for one that points at no version."""

    def change(ledger: Ledger) -> Change | None:
        package = _check_write(ledger, rights)
        tags = change_tags(package.tags)
        for version in set(tags.values()):
            if read_release(ledger, version) is None:
                raise NotFound(f"version not found: {version}")
        if tags == package.tags:
            return None
        return Change(state=replace(package, tags=tags).to_state())

    return change


def administering(change_package: Callable[[Package], Package], rights: Rights, rev: str | None = None) -> Changing:
    """The package is what `change_package` makes of it, at the word of an owner.

    Raises Conflict for a `rev` that is no longer its own.
    """

    def change(ledger: Ledger) -> Change | None:
        package = _open(ledger)
        rights.check_own(package)
        if rev is not None:
            _check_rev(package, rev)
        after = change_package(package)
        return None if after == package else Change(state=after.to_state())

    return change


def starring(user: str, likes: bool) -> Changing:
    """Whether the user likes the package."""

    def change(ledger: Ledger) -> Change | None:
        package = _open(ledger)
        if (user in package.stars) == likes:
            return None
        others = tuple(each for each in package.stars if each != user)
        return Change(state=replace(package, stars=(*others, user) if likes else others).to_state())

    return change


def not_found(name: str) -> NotFound:
    """The refusal for a package that is not there."""
    return NotFound(f"Not found: there is no package {name}")


def _open(ledger: Ledger) -> Package:
    """The package, which has versions. Raises NotFound."""
    package = read_package(ledger)
    if not package.tags:
        raise not_found(ledger.name)
    return package


def _check_write(ledger: Ledger, rights: Rights) -> Package:
    """The package, which has versions and which may be changed. Raises NotFound and Forbidden."""
    package = _open(ledger)
    rights.check_write(package)
    return package


def _check_rev(package: Package, rev: str) -> None:
    if rev != package.rev:
        raise Conflict(f"{package.name} was changed in the meantime (it is at {package.rev}); try again")


def _surviving(tags: Mapping[str, str], kept: Iterable[str]) -> Mapping[str, str]:
    """The tags that point at one of the versions kept, `latest` always among them while there is one."""
    versions = set(kept)
    surviving = {tag: version for tag, version in tags.items() if version in versions}
    if versions and LATEST not in surviving:
        surviving = {LATEST: choose_latest(versions), **surviving}
    return surviving


def _mark(entry: Entry) -> bytes:
    return b"" if is_tombstone(entry) else b"." + entry.get("deprecated", "").encode()
