"""Advisories, of which this registry knows none, and what lets clients verify what they install."""

import falcon

from registry.http.request import Request
from registry.http.sending import send_blob, send_json
from registry.protocols.npm.index import FULL
from registry.protocols.npm.resources.site import Site

_NOBODY = dict.fromkeys(("info", "low", "moderate", "high", "critical"), 0)
_COUNTS = dict.fromkeys(("dependencies", "devDependencies", "optionalDependencies", "totalDependencies"), 0)


class Advisories:
    """The advisories for a list of versions: asked by every `npm install`, and always empty."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_post(self, req: Request, resp: falcon.Response) -> None:
        _pass_over(req, self._site.limits.max_document)
        send_json(resp, {})


class Audit:
    """The report on a whole lockfile (yarn 1, pnpm 10): nothing is wrong."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_post(self, req: Request, resp: falcon.Response) -> None:
        _pass_over(req, self._site.limits.max_document)
        metadata = {"vulnerabilities": _NOBODY, **_COUNTS}
        send_json(resp, {"actions": [], "advisories": {}, "muted": [], "metadata": metadata})


class SigningKeys:
    """The keys that verify the signatures in `dist.signatures`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        send_json(resp, {"keys": self._site.signer.public_keys()})


class Attestations:
    """The provenance of a version, as it was published."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str, version: str) -> None:
        name = self._site.readable(req, package)
        found, digest = self._site.packages.attestations(name, version)
        self._site.check_access(req, name, found.access)
        send_blob(req, resp, self._site.blobs, digest, content_type=FULL, caching="no-cache")


def _pass_over(req: Request, limit: int) -> None:
    for _ in req.body.chunks(limit):
        pass
