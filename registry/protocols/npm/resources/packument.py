"""Packages and their versions: what installers read."""

import falcon

from registry.core.strict_json import render_json
from registry.http.negotiation import parse_weighted, quality
from registry.http.request import Request
from registry.http.sending import REVALIDATE, send_blob, send_bytes, send_rendition
from registry.protocols.npm.index import ABBREVIATED, FULL
from registry.protocols.npm.names import parse_name
from registry.protocols.npm.resources.access import check_access, check_read
from registry.protocols.npm.store import Packages
from registry.storage.blobs import Blobs


class PackumentReader:
    """The document of a package, in the form that the caller accepts."""

    def __init__(self, packages: Packages) -> None:
        self._packages = packages

    def on_get(self, req: Request, resp: falcon.Response, package: str) -> None:
        name = parse_name(package)
        check_read(req, name)
        rendition = self._packages.packument(name, wanted_type(req.get_header("Accept")), req.base_url)
        check_access(req, rendition.note)
        send_rendition(req, resp, rendition, caching(req), vary="Accept")


class Manifest:
    """One version, by its number or by a tag."""

    def __init__(self, packages: Packages) -> None:
        self._packages = packages

    def on_get(self, req: Request, resp: falcon.Response, package: str, version: str) -> None:
        name = parse_name(package)
        check_read(req, name)
        found, release = self._packages.release(name, version)
        check_access(req, found.access)
        body = render_json(self._packages.manifest(name, release, req.base_url))
        send_bytes(req, resp, body, FULL, etag=f'"{found.rev}"', caching=caching(req))


class Tarball:
    """The bytes of a version, the same for ever."""

    def __init__(self, packages: Packages, blobs: Blobs) -> None:
        self._packages = packages
        self._blobs = blobs

    def on_get(self, req: Request, resp: falcon.Response, package: str, filename: str) -> None:
        name = parse_name(package)
        check_read(req, name)
        found, release = self._packages.tarball(name, filename.rpartition("/")[2])
        check_access(req, found.access)
        send_blob(req, resp, self._blobs, release.tarball, filename=filename.rpartition("/")[2])


def wanted_type(accept: str | None) -> str:
    """The short form for who names it and likes nothing better, the full one for all others."""
    header = accept or ""
    named = any(each.value == ABBREVIATED for each in parse_weighted(header))
    weight = quality(header, ABBREVIATED)
    return ABBREVIATED if named and 0 < weight >= quality(header, FULL) else FULL


def caching(req: Request) -> str:
    """How a document may be kept: not at all by who is about to change it."""
    return "no-store" if req.get_param("write") == "true" else REVALIDATE
