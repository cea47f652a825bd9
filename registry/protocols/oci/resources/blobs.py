"""Blobs. Spec: distribution-spec, pulling blobs and deleting blobs."""

import falcon

from registry.core.digests import Digest
from registry.errors import NotFound
from registry.http.request import Request
from registry.http.sending import OCTET_STREAM, send_blob
from registry.protocols.oci.names import parse_digest
from registry.protocols.oci.resources.access import deletable, pullable
from registry.protocols.oci.store import Stores, unknown_blob


class Blob:
    """A blob of a repository, whole or in part."""

    def __init__(self, stores: Stores) -> None:
        self._members = stores.members
        self._blobs = stores.storage.blobs

    def on_get(self, req: Request, resp: falcon.Response, name: str, digest: str) -> None:
        repository = pullable(req, name)
        found = parse_digest(digest)
        self._members.require(repository, found)
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

    def _send(self, req: Request, resp: falcon.Response, digest: Digest) -> None:
        resp.set_header("Docker-Content-Digest", digest)
        try:
            send_blob(req, resp, self._blobs, digest, content_type=OCTET_STREAM)
        except NotFound:
            raise unknown_blob(digest) from None
