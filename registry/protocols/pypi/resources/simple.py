"""The simple API. Spec: simple-repository-api, and PEP 691 for which representation a client gets."""

import falcon

from registry.http.negotiation import quality
from registry.http.request import Request
from registry.http.sending import send_rendition
from registry.protocols.pypi.index import SIMPLE_HTML, SIMPLE_JSON
from registry.protocols.pypi.names import normalize_name
from registry.protocols.pypi.resources.access import PACKAGE, allow_any_origin, link_base, readable_project, redirect
from registry.protocols.pypi.store import Projects

PLAIN_HTML = "text/html; charset=utf-8"

_NAMES = {
    SIMPLE_JSON: (SIMPLE_JSON, "application/vnd.pypi.simple.latest+json"),
    SIMPLE_HTML: (SIMPLE_HTML, "application/vnd.pypi.simple.latest+html"),
    PLAIN_HTML: ("text/html",),
}


def choose_content_type(accept: str, wanted: str = "") -> str:
    """The representation to send: the one `wanted` in the query, or else the one that the Accept header weighs most.

    Of several that weigh the same, one that the client named goes first. It is plain HTML for a client that named
    none, and for one that takes none: browsers, and proxies that invent a header.
    """
    wanted = wanted.replace(" ", "+")  # what becomes of the plus that everybody writes there
    for content_type, names in _NAMES.items():
        if wanted in names:
            return content_type
    weights = {content_type: _weigh(accept.lower(), content_type) for content_type in _NAMES}
    best = max(_NAMES, key=lambda content_type: weights[content_type])
    return best if weights[best] > (0.0, True) else PLAIN_HTML


def _weigh(accept: str, content_type: str) -> tuple[float, bool]:
    """The weight of a representation, and whether it goes before others of that weight."""
    names = _NAMES[content_type]
    named = [name for name in names if name in accept]
    weight = max(quality(accept, name) for name in named or names[:1])
    return weight, bool(named) or content_type == PLAIN_HTML


class SimpleList:
    """All projects that the caller may read."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        if not req.path.endswith("/"):
            redirect(req, resp, "simple/")
            return
        content_type = choose_content_type(req.get_header("Accept", default=""), req.get_param("format", default=""))
        if req.allows("read", PACKAGE, "*"):
            rendition = self._projects.list(content_type)
        else:
            req.require_user()
            rendition = self._projects.list(content_type, lambda name: req.allows("read", PACKAGE, name))
        allow_any_origin(req, resp)
        send_rendition(req, resp, rendition, vary="Accept")


class SimplePage:
    """A project's files. Clients ask by the normal name and with a slash; others are sent there."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def on_get(self, req: Request, resp: falcon.Response, project: str) -> None:
        name = normalize_name(project)
        if not req.path.endswith("/"):
            redirect(req, resp, f"{name}/")
        elif name != project:
            redirect(req, resp, f"../{name}/")
        else:
            self._send(req, resp, project)

    def _send(self, req: Request, resp: falcon.Response, project: str) -> None:
        content_type = choose_content_type(req.get_header("Accept", default=""), req.get_param("format", default=""))
        rendition = self._projects.page(readable_project(req, project), content_type, link_base(req))
        allow_any_origin(req, resp)
        send_rendition(req, resp, rendition, vary="Accept")
