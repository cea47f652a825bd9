"""Lists of tags. Spec: distribution-spec, listing tags."""

import falcon

from registry.http.request import Request
from registry.http.sending import send_bytes
from registry.protocols.oci.index import cut_page, parse_count, render_next, render_tags
from registry.protocols.oci.resources.access import pullable, repository_path
from registry.protocols.oci.store import Stores


class TagList:
    """The tags of a repository in byte order, in pages."""

    def __init__(self, stores: Stores) -> None:
        self._tags = stores.tags
        self._repositories = stores.repositories

    def on_get(self, req: Request, resp: falcon.Response, name: str) -> None:
        repository = pullable(req, name)
        count = parse_count(req.get_param("n"))
        last = req.get_param("last", default="")
        tags = self._tags.names(repository)
        if not tags:
            self._repositories.require(repository)
        page = cut_page((tag for tag in tags if tag > last), count)
        if page.more:
            path = f"{repository_path(req, repository)}/tags/list"
            resp.set_header("Link", render_next(path, n=str(count), last=page.entries[-1]))
        send_bytes(req, resp, render_tags(repository, page.entries), "application/json")
