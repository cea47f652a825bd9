"""Packages and their versions: what installers read."""

import falcon

from registry.core.strict_json import render_json
from registry.http.negotiation import parse_weighted, quality
from registry.http.request import Request
from registry.http.sending import REVALIDATE, send_blob, send_bytes, send_rendition
from registry.protocols.npm.index import ABBREVIATED, FULL
from registry.protocols.npm.resources.site import Site


class PackumentReader:
    """The document of a package, in the form that the caller accepts."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str) -> None:
        name = self._site.readable(req, package)
        rendition = self._site.packages.packument(name, wanted_type(req.get_header("Accept")), req.base_url)
        self._site.check_access(req, name, rendition.note)
        send_rendition(req, resp, rendition, caching(req), vary="Accept")


class Manifest:
    """One version, by its number or by a tag."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str, version: str) -> None:
        name = self._site.readable(req, package)
        found, release = self._site.packages.release(name, version)
        self._site.check_access(req, name, found.access)
        body = render_json(self._site.packages.manifest(name, release, req.base_url))
        send_bytes(req, resp, body, FULL, etag=f'"{found.rev}"', caching=caching(req))


class Tarball:
    """The bytes of a version, the same for ever."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str, filename: str) -> None:
        name = self._site.readable(req, package)
        filename = filename.rpartition("/")[2]
        found, release = self._site.packages.tarball(name, filename)
        self._site.check_access(req, name, found.access)
        send_blob(req, resp, self._site.blobs, release.tarball, filename=filename)


def wanted_type(accept: str | None) -> str:
    """The short form for who names it and likes nothing better, the full one for all others."""
    header = accept or ""
    named = any(each.value == ABBREVIATED for each in parse_weighted(header))
    weight = quality(header, ABBREVIATED)
    return ABBREVIATED if named and 0 < weight >= quality(header, FULL) else FULL


def caching(req: Request) -> str:
    """How a document may be kept: not at all by who is about to change it."""
    return "no-store" if req.get_param("write") == "true" else REVALIDATE
