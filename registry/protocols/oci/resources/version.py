"""The path that clients ask first. Spec: distribution-spec, determining support."""

import falcon

from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.oci.names import API_VERSION
from registry.protocols.oci.resources.access import REPOSITORY


class Version:
    """Whether this is a registry, and how to authenticate to it.

    Clients decide here, once, how they authenticate. So nobody is let in without credentials, except where nobody
    needs any, although everybody may pull: they get a token for that first.
    """

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        if req.actor.token is None and not req.allows("push", REPOSITORY, "*"):
            req.require_user()
        resp.set_header("Docker-Distribution-Api-Version", API_VERSION)
        send_json(resp, {})
