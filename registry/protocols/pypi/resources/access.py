"""What the resources of an index ask of every request."""

import falcon

from registry.auth.actor import Actor
from registry.errors import Invalid, NotFound
from registry.http.request import Request
from registry.protocols.pypi.names import ProjectName, normalize_name

PACKAGE = "package"


def readable_project(req: Request, name: str) -> ProjectName:
    """The project that the path names, which the caller may read.

    Raises Unauthenticated for an anonymous caller who may not, whether there is such a project or not, and NotFound
    for any other: uv gives up on 403, and goes on to its next index on 404. Raises NameInvalid.
    """
    project = normalize_name(name)
    if not req.allows("read", PACKAGE, project):
        req.require_user()
        raise NotFound(f"there is no project {project}")
    return project


def changeable_project(req: Request, name: str, action: str = "write") -> tuple[ProjectName, Actor]:
    """The project that the path names, and the caller, who may do `action` on it.

    Raises Unauthenticated, Forbidden, NameInvalid.
    """
    project = normalize_name(name)
    return project, req.authorize(action, PACKAGE, project)


def link_base(req: Request) -> str:
    """What links to this index start with: its URL, or the path alone where the registry does not know the host."""
    try:
        return req.base_url
    except Invalid:
        return req.base_path


def allow_any_origin(req: Request, resp: falcon.Response) -> None:
    """Let the pages of any origin read what everybody may read: Pyodide installs in browsers."""
    if req.get_header("Authorization") is None:
        resp.set_header("Access-Control-Allow-Origin", "*")


def redirect(req: Request, resp: falcon.Response, location: str) -> None:
    """Send the client to `location`, relative to the URL it asked for and with the same query."""
    query = req.query_string if req.query_string.isascii() and req.query_string.isprintable() else ""
    resp.status = falcon.HTTP_301
    resp.set_header("Location", f"{location}?{query}" if query else location)
    resp.set_header("Cache-Control", "no-cache")
