"""The composition root: settings become services, services become one WSGI application."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import falcon

from registry.auth.service import Auth
from registry.catalog.caches import Caches
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Ledger
from registry.catalog.listing import Listing
from registry.config import MountSettings, Settings, load_settings
from registry.errors import ConfigError
from registry.http.access_log import AccessLog
from registry.http.health import Alive, Ready
from registry.http.middleware import Edge
from registry.http.mount import Mount
from registry.http.paths import MountTable
from registry.http.refusals import handle_error, render_plain
from registry.http.request import Request
from registry.http.routing import MountRouter, Route, RouteTable
from registry.plugin import Protocol, Services, discover
from registry.storage.opening import open_storage
from registry.ui.pages import ui_routes

ROOT = Mount(id="", protocol="", path="", prefix="", dialect=render_plain)


def create_app(
    settings: Settings | None = None, services: Services | None = None
) -> falcon.App[Request, falcon.Response]:
    """The registry as a WSGI application; settings default to those of the environment, services to new ones."""
    settings = settings or settings_of_environment()
    services = services or open_services(settings)
    mounts = resolve_mounts(settings)
    protocols = discover()
    tables = {
        mount.id: RouteTable(protocols[mount.protocol].routes(mount, services), protocols[mount.protocol].patterns)
        for mount in mounts
    }
    root = RouteTable(_root_routes(services, mounts), {})
    edge = Edge(
        MountTable(mounts, urlsplit(settings.server.public_url).path.rstrip("/")),
        ROOT,
        services.auth,
        settings.server,
        AccessLog(sys.stderr if settings.log.access else None),
    )
    app = falcon.App(request_type=Request, middleware=[edge], router=MountRouter(tables, root))
    app.add_error_handler((falcon.HTTPError, Exception), handle_error)
    app.resp_options.default_media_type = "application/octet-stream"
    return app


def settings_of_environment() -> Settings:
    """The settings of the file that REGISTRY_CONFIG names, or of ./registry.toml, and of the environment."""
    named = os.environ.get("REGISTRY_CONFIG")
    path = Path(named) if named else Path("registry.toml")
    overrides = {"storage": {"data_dir": os.environ["REGISTRY_DATA"]}} if "REGISTRY_DATA" in os.environ else {}
    return load_settings(path if named or path.is_file() else None, os.environ, overrides)


def open_services(settings: Settings) -> Services:
    """The store, identity and catalogs that the settings describe."""
    storage = open_storage(settings.storage)
    caches = Caches(settings.cache.max_bytes)
    directory = cache_directory(settings)
    catalogs: dict[str, Catalog] = {}

    def catalog(mount: Mount, listing: Callable[[Ledger], Listing | None]) -> Catalog:
        if mount.id not in catalogs:
            catalogs[mount.id] = Catalog(
                storage, mount.prefix, listing=listing, directory=directory / mount.id, caches=caches
            )
        return catalogs[mount.id]

    return Services(settings, storage, Auth.open(storage, settings.auth), catalog, catalogs)


def resolve_mounts(settings: Settings) -> list[Mount]:
    """The mounts that answer: one for each protocol by default, those of the settings over them.

    Raises ConfigError for an unknown protocol or feature, and for two mounts at one path.
    """
    mounts = list(_iter_mounts(settings, disabled=False))
    paths: dict[str, str] = {}
    for mount in mounts:
        other = paths.setdefault(mount.path, mount.id)
        if other != mount.id:
            raise ConfigError(f"mounts {other} and {mount.id} are both at {mount.path}")
    return mounts


def stored_mounts(settings: Settings) -> list[Mount]:
    """All mounts whose packages may be in the store: those that answer, and those that are disabled."""
    return list(_iter_mounts(settings, disabled=True))


def _iter_mounts(settings: Settings, *, disabled: bool) -> Iterator[Mount]:
    protocols = discover()
    wanted = {name: MountSettings() for name in protocols} | dict(settings.mounts)
    for name, each in wanted.items():
        if each.enabled or disabled:
            yield _mount(name, each, protocols)


def _mount(name: str, settings: MountSettings, protocols: Mapping[str, Protocol]) -> Mount:
    protocol = protocols.get(settings.protocol or name)
    if protocol is None:
        raise ConfigError(f"mounts.{name}.protocol is one of {', '.join(sorted(protocols))}")
    path = "/" + (settings.path or name).strip("/")
    return Mount(
        id=name,
        protocol=protocol.name,
        path="" if path == "/" else path,
        prefix=name,
        dialect=protocol.dialect,
        registry_url=settings.registry_url,
        root_paths=protocol.root_paths if name == protocol.name else (),
        features={**protocol.features, **_check_features(name, settings.features, protocol)},
    )


def _check_features(name: str, features: Mapping[str, Any], protocol: Protocol) -> Mapping[str, Any]:
    for key, value in features.items():
        default = protocol.features.get(key)
        if key not in protocol.features or type(value) is not type(default):
            known = ", ".join(f"{each} ({type(value).__name__})" for each, value in protocol.features.items())
            raise ConfigError(f"mounts.{name}.features.{key}: {protocol.title} knows {known or 'no features'}")
    return features


def cache_directory(settings: Settings) -> Path:
    """Where this node keeps what it can rebuild: `cache.directory`, in the data directory, or a temporary one."""
    storage = settings.storage
    if settings.cache.directory:
        return Path(settings.cache.directory)
    if storage.driver == "filesystem":
        return storage.data_dir / "cache"
    name = hashlib.sha256(f"{storage.driver} {storage.endpoint} {storage.bucket_name} {storage.prefix}".encode())
    unique = f"-{os.getpid()}" if storage.driver == "memory" else ""
    return Path(tempfile.gettempdir()) / f"registry-{os.getuid()}-{name.hexdigest()[:16]}{unique}"


def _root_routes(services: Services, mounts: Iterable[Mount]) -> list[Route]:
    return [
        Route("/healthz", Alive()),
        Route("/readyz", Ready(services.storage)),
        *ui_routes(services.auth, list(mounts), discover()),
    ]
