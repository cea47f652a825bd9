"""Writing to a package: its versions, and what is changed by sending its document back."""

from typing import Any

import falcon

from registry.auth.actor import Actor
from registry.core.strict_json import parse_json
from registry.errors import Forbidden, Invalid
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.artifact import PublicationInvalid, is_publication, parse_deprecation, read_publication
from registry.protocols.npm.names import PackageName, parse_name
from registry.protocols.npm.resources.packument import PackumentReader
from registry.protocols.npm.resources.site import MAX_BODY, Site
from registry.protocols.npm.resources.stars import star
from registry.protocols.npm.store import Received, Rights, receiving

Document = dict[str, Any]


class Packument(PackumentReader):
    """The document of a package: read, published to, deprecated, and starred, as the body says."""

    def on_put(self, req: Request, resp: falcon.Response, package: str) -> None:
        site, name = self._site, parse_name(package)
        try:
            _, actor, rights = site.changer(req, package)
            rights.check_write(site.packages.find(name))
        except Forbidden:
            # Everybody may star a package, with a short document at the same URL (npm 10).
            document = _short_document(req)
            if not _is_star(document):
                raise
            rev = _star(site, req, name, document)
        else:
            rev = self._write(req, name, actor, rights)
        send_json(resp, {"ok": True, "success": True, "id": name, "rev": rev}, 201)

    def _write(self, req: Request, name: PackageName, actor: Actor, rights: Rights) -> str:
        site, limits = self._site, self._site.limits
        most = limits.max_document + limits.max_artifact // 3 * 4 + 4
        with receiving(
            req.body.chunks(most), site.blobs, max_document=limits.max_document, max_tarball=limits.max_artifact
        ) as received:
            document = received.document
            if is_publication(document):
                return self._publish(received, name, actor, rights)
            if _is_star(document):
                return _star(site, req, name, document)
            return site.packages.deprecate(name, _deprecations(document), rights, actor)

    def _publish(self, received: Received, name: PackageName, actor: Actor, rights: Rights) -> str:
        publication = read_publication(received.document, name)
        if received.staged is None:
            raise PublicationInvalid("the attachment has no data")
        return self._site.packages.publish(publication, received.staged, rights, actor)


def _short_document(req: Request) -> Any:
    """The body, if it is short and JSON, else None."""
    length = req.body.length
    if length is None or length > MAX_BODY or req.body.encoding:
        return None
    try:
        return parse_json(req.body.read(MAX_BODY))
    except Invalid:
        return None


def _is_star(document: Any) -> bool:
    others = {"versions", "maintainers", "_attachments"}
    return isinstance(document, dict) and isinstance(document.get("users"), dict) and not others & document.keys()


def _star(site: Site, req: Request, name: PackageName, document: Document) -> str:
    """The `rev` of the package after the caller's own star was set or removed; those of others stay."""
    return star(site, req, name, bool(document["users"].get(req.require_user().user)))


def _deprecations(document: Document) -> dict[str, str]:
    """The message for each version of a document that was sent back."""
    versions = document.get("versions")
    if not isinstance(versions, dict):
        raise Invalid("the document holds neither versions nor anything else that could be changed")
    return {
        version: parse_deprecation(manifest.get("deprecated"))
        for version, manifest in versions.items()
        if isinstance(manifest, dict)
    }
