"""The list of repositories: Docker's `_catalog`."""

from dataclasses import replace

import falcon

from registry.auth.actor import ANONYMOUS, Actor
from registry.auth.scopes import EVERYTHING
from registry.http.request import Request
from registry.http.sending import send_bytes
from registry.protocols.oci.index import cut_page, parse_count, render_catalog, render_next
from registry.protocols.oci.names import RESERVED
from registry.protocols.oci.resources.access import REPOSITORY, authorize, has_token
from registry.protocols.oci.store import Stores

_SCOPE = "registry:catalog:*"


class RepositoryList:
    """The repositories that the caller may pull from, in byte order, in pages."""

    def __init__(self, stores: Stores) -> None:
        self._repositories = stores.repositories

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        actor = _reader(req)
        count = parse_count(req.get_param("n"))
        last = req.get_param("last", default="")

        def visible(name: str) -> bool:
            return req.identity.allows(actor, req.permission("pull", REPOSITORY, name))

        page = cut_page(self._repositories.names(last, visible), count)
        if page.more:
            version = f"/{RESERVED}" if req.path.startswith(f"/{RESERVED}/") else ""
            path = f"{req.entry_path}{version}/_catalog"
            resp.set_header("Link", render_next(path, n=str(count), last=page.entries[-1]))
        send_bytes(req, resp, render_catalog(page.entries), "application/json")


def _reader(req: Request) -> Actor:
    """Who lists: the caller, or for a token that is good for the list and nothing else the one whom it was given.

    Raises Unauthenticated.
    """
    req.context.scope = _SCOPE
    if not has_token(req):
        if req.actor.user is None:
            authorize(req, "pull", "registry", "catalog")
        return req.actor
    authorize(req, "pull", "registry", "catalog")
    if req.actor.user is None:
        return ANONYMOUS
    return replace(req.actor, scopes=EVERYTHING)
