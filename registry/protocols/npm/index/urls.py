"""Where tarballs and attestations are, below the base of the registry."""

from urllib.parse import quote

from registry.protocols.npm.names import PackageName, tarball_filename


def tarball_url(base_url: str, name: PackageName, version: str) -> str:
    """The one URL of a tarball.

    It has to start with the URL that clients know the registry by: npm cuts that off when it unpublishes, and pnpm and
    yarn leave out of their lockfiles what has this shape.
    """
    return f"{base_url}/{name}/-/{quote(tarball_filename(name, version), safe='')}"


def attestations_url(base_url: str, name: PackageName, version: str) -> str:
    """The URL of a version's attestations."""
    return f"{base_url}/-/npm/v1/attestations/{quote(name, safe='@')}@{quote(version, safe='')}"
