"""Lists of referrers. Spec: distribution-spec, listing referrers."""

import falcon

from registry.http.request import Request
from registry.http.sending import send_bytes
from registry.protocols.oci.index import cut_referrers, of_type, render_next, render_referrers
from registry.protocols.oci.media_types import OCI_INDEX
from registry.protocols.oci.names import parse_digest
from registry.protocols.oci.resources.access import pullable, repository_path
from registry.protocols.oci.store import Stores


class ReferrerList:
    """The manifests whose subject is a digest; none for one that nobody knows."""

    def __init__(self, stores: Stores) -> None:
        self._referrers = stores.referrers

    def on_get(self, req: Request, resp: falcon.Response, name: str, digest: str) -> None:
        repository = pullable(req, name)
        subject = parse_digest(digest)
        wanted = req.get_param("artifactType", default="")
        page = cut_referrers(
            of_type(self._referrers.list(repository, subject, req.get_param("last", default="")), wanted)
        )
        if wanted:
            resp.set_header("OCI-Filters-Applied", "artifactType")
        if page.more:
            parameters = {"artifactType": wanted} if wanted else {}
            path = f"{repository_path(req, repository)}/referrers/{subject}"
            resp.set_header("Link", render_next(path, **parameters, last=page.entries[-1]["digest"]))
        send_bytes(req, resp, render_referrers(page.entries), OCI_INDEX)
