"""Search, and lists of packages."""

import time

import falcon

from registry.errors import Invalid
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.index import iso_time
from registry.protocols.npm.resources.site import Site
from registry.protocols.npm.store import parse_query, render_results

MAX_TEXT = 256


class Search:
    """The packages that match a text, of those that the caller may see."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        text = (req.get_param("text") or "")[:MAX_TEXT]
        visible = self._site.visible(req)
        query = parse_query(text, _number(req, "size", 20), _number(req, "from", 0), self._site.labels(req))
        result = self._site.packages.search(query, visible)
        objects = render_results(result.listings, req.base_url)
        send_json(resp, {"objects": objects, "total": result.total, "time": iso_time(time.time())})


def _number(req: Request, name: str, default: int) -> int:
    text = req.get_param(name)
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Invalid(f"{name} is a number")
    return int(text)
