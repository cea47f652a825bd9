"""Writing to a package: its versions, and what is changed by sending its document back."""

from typing import Any

import falcon

from registry.config import LimitSettings
from registry.errors import Invalid
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.artifact import PublicationInvalid, is_publication, parse_deprecation, read_publication
from registry.protocols.npm.names import PackageName, parse_name
from registry.protocols.npm.resources.access import authorize_change
from registry.protocols.npm.resources.packument import PackumentReader
from registry.protocols.npm.store import Packages, Received, Rights, receiving
from registry.storage.blobs import Blobs


class Packument(PackumentReader):
    """The document of a package: read, published to, and edited."""

    def __init__(self, packages: Packages, blobs: Blobs, limits: LimitSettings) -> None:
        super().__init__(packages)
        self._blobs = blobs
        self._limits = limits

    def on_put(self, req: Request, resp: falcon.Response, package: str) -> None:
        name = parse_name(package)
        actor, rights = authorize_change(req, name)
        rights.check_write(self._packages.find(name))
        limits = self._limits
        most = limits.max_document + limits.max_artifact // 3 * 4 + 4
        with receiving(
            req.body.chunks(most), self._blobs, max_document=limits.max_document, max_tarball=limits.max_artifact
        ) as received:
            if is_publication(received.document):
                rev = self._publish(received, name, rights, actor)
            else:
                rev = self._packages.deprecate(name, _deprecations(received.document), rights, actor)
        send_json(resp, {"ok": True, "success": True, "id": name, "rev": rev}, 201)

    def _publish(self, received: Received, name: PackageName, rights: Rights, actor: Any) -> str:
        publication = read_publication(received.document, name)
        if received.staged is None:
            raise PublicationInvalid("the attachment has no data")
        return self._packages.publish(publication, received.staged, rights, actor)


def _deprecations(document: dict[str, Any]) -> dict[str, str]:
    """The message for each version of a document that was sent back."""
    versions = document.get("versions")
    if not isinstance(versions, dict):
        raise Invalid("the document holds neither versions nor anything else that could be changed")
    return {
        version: parse_deprecation(manifest.get("deprecated"))
        for version, manifest in versions.items()
        if isinstance(manifest, dict)
    }
