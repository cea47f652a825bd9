"""Blobs. Spec: distribution-spec, pulling blobs and deleting blobs."""

from typing import Final

import falcon

from registry.core.digests import Digest
from registry.errors import NotFound
from registry.http.request import Request
from registry.http.sending import OCTET_STREAM, send_blob
from registry.protocols.oci.names import parse_digest
from registry.protocols.oci.resources.access import deletable, pullable
from registry.protocols.oci.store import Stores, unknown_blob

URL_SECONDS: Final = 3600
"""How long a client may take until it has asked the bucket; a pull of many layers asks late for some."""


class Blob:
    """A blob of a repository, whole or in part, from here or from the bucket where clients can reach that."""

    def __init__(self, stores: Stores, redirect_from: int | None) -> None:
        """Blobs of at least `redirect_from` bytes come from the bucket; None: all come from here."""
        self._members = stores.members
        self._blobs = stores.storage.blobs
        self._redirect_from = redirect_from

    def on_get(self, req: Request, resp: falcon.Response, name: str, digest: str) -> None:
        repository = pullable(req, name)
        found = parse_digest(digest)
        self._members.require(repository, found)
        if not self._redirect(resp, found):
            self._send(req, resp, found)

    def on_head(self, req: Request, resp: falcon.Response, name: str, digest: str) -> None:
        # A client that finds the blob here will not push it: it has to be one that stays.
        repository = pullable(req, name)
        found = parse_digest(digest)
        if self._members.dependable(repository, found) is None:
            raise unknown_blob(found)
        self._send(req, resp, found)

    def on_delete(self, req: Request, resp: falcon.Response, name: str, digest: str) -> None:
        repository, _ = deletable(req, name)
        self._members.unlink(repository, parse_digest(digest))
        resp.status = falcon.HTTP_202

    def _redirect(self, resp: falcon.Response, digest: Digest) -> bool:
        """Whether the client is sent to the bucket."""
        stat = self._blobs.stat(digest) if self._redirect_from is not None else None
        if stat is None or stat.size < (self._redirect_from or 0):
            return False
        url = self._blobs.url(digest, URL_SECONDS, content_type=OCTET_STREAM)
        if url is None:
            return False
        resp.status = falcon.HTTP_307
        resp.set_header("Location", url)
        resp.set_header("Docker-Content-Digest", digest)
        resp.set_header("Cache-Control", "no-store")
        return True

    def _send(self, req: Request, resp: falcon.Response, digest: Digest) -> None:
        resp.set_header("Docker-Content-Digest", digest)
        try:
            send_blob(req, resp, self._blobs, digest, content_type=OCTET_STREAM)
        except NotFound:
            raise unknown_blob(digest) from None
