"""What a protocol is to the registry. An eighth one is one more folder under `registry.protocols`."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from registry.auth.service import Auth
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Ledger
from registry.catalog.listing import Listing
from registry.config import Settings
from registry.core.digests import Digest
from registry.http.mount import Dialect, ErrorBody, Mount
from registry.http.routing import Route
from registry.storage.storage import Storage

__all__ = [
    "ClientSetup",
    "ErrorBody",
    "Mount",
    "Protocol",
    "Route",
    "Services",
    "SetupContext",
    "discover",
    "references_of_catalog",
]


@dataclass(frozen=True, slots=True)
class Services:
    """What the composition root gives to the protocols.

    `catalog` opens the one catalog that a mount has in this process; `catalogs` are those that are open, by mount.
    """

    settings: Settings
    storage: Storage
    auth: Auth
    catalog: Callable[[Mount, Callable[[Ledger], Listing | None]], Catalog]
    catalogs: Mapping[str, Catalog]


@dataclass(frozen=True, slots=True)
class SetupContext:
    """Where a client shall find a mount, and the token it shall use, if any."""

    url: str
    token: str = ""

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.split("//", 1)[1].split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class ClientSetup:
    """How one client is told of a mount: the text to put into `file`, or shell commands where `file` is empty."""

    client: str
    file: str
    render: Callable[[SetupContext], str]


@dataclass(frozen=True, slots=True)
class Protocol:
    """One package protocol.

    `patterns` are the regular expressions of the fields in route templates; `features` the options a mount may set,
    with their defaults; `root_paths` what the default mount answers outside its base path. Clients of a `rooted`
    protocol look for it at the root of a host and know no paths.

    `references` gives the digests of all blobs that a mount names, and raises when it cannot: what is missing there
    will be deleted. `forget` removes what else there is of a blob that was deleted, unless it is back. `sweep` ends
    uploads that were idle for so many seconds, and counts them.
    """

    name: str
    title: str
    patterns: Mapping[str, str]
    routes: Callable[[Mount, Services], Sequence[Route]]
    dialect: Dialect
    references: Callable[[Mount, Services], Iterable[str]]
    forget: Callable[[Mount, Services, Digest], object] = lambda mount, services, digest: None
    sweep: Callable[[Mount, Services, float], int] = lambda mount, services, seconds: 0
    root_paths: tuple[str, ...] = ()
    rooted: bool = False
    features: Mapping[str, Any] = field(default_factory=dict)
    setups: Sequence[ClientSetup] = ()

    def client_url(self, mount: Mount, service_url: str) -> str:
        """The URL to tell the clients of a mount, without a trailing slash."""
        if mount.registry_url:
            return mount.registry_url.rstrip("/")
        return service_url if self.rooted and mount.root_paths else service_url + mount.path


def references_of_catalog(
    listing: Callable[[Ledger], Listing | None],
) -> Callable[[Mount, Services], Iterable[str]]:
    """The `references` of a protocol that names blobs only in the ledgers of its catalog."""
    return lambda mount, services: services.catalog(mount, listing).references()


@cache
def discover() -> Mapping[str, Protocol]:
    """The protocols by name: every package under `registry.protocols` whose `routes` module has a PROTOCOL."""
    found = (importlib.import_module(f"{name}.routes").PROTOCOL for name in _packages())
    return {protocol.name: protocol for protocol in found}


def _packages() -> Iterator[str]:
    package = importlib.import_module("registry.protocols")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.ispkg:
            yield module.name
