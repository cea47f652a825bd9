"""The paths of a registry, and npm as a protocol of this one."""

from collections.abc import Sequence

from registry.plugin import Mount, Protocol, Route, Services
from registry.protocols.npm.errors import render_error
from registry.protocols.npm.names import FILENAME_PATTERN, PACKAGE_PATTERN
from registry.protocols.npm.resources import Manifest, Packument, Tarball
from registry.protocols.npm.setups import SETUPS
from registry.protocols.npm.store import Packages, Signer, read_listing

PATTERNS = {"package": PACKAGE_PATTERN, "filename": FILENAME_PATTERN, "alias": rf"@[^/]+/{FILENAME_PATTERN}"}


def routes(mount: Mount, services: Services) -> Sequence[Route]:
    """The table of one registry. No package's name starts with `-`, so `/-/` is free for all else."""
    blobs = services.storage.blobs
    packages = Packages(services.catalog(mount, read_listing), blobs, Signer(services.storage, mount.prefix))
    tarball = Tarball(packages, blobs)
    return [
        Route("/{package}/-/{filename}", tarball),
        # What publishers write into dist.tarball, and GitLab serves.
        Route("/{package}/-/{filename:alias}", tarball),
        Route("/{package}", Packument(packages, blobs, services.settings.limits)),
        Route("/{package}/{version}", Manifest(packages)),
    ]


PROTOCOL = Protocol(
    name="npm",
    title="npm",
    patterns=PATTERNS,
    routes=routes,
    dialect=render_error,
    setups=SETUPS,
)
