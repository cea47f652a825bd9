"""The JSON API. Spec: docs.pypi.org/api/json."""

import falcon

from registry.http.request import Request
from registry.http.sending import send_rendition
from registry.protocols.pypi.names import normalize_name
from registry.protocols.pypi.resources.access import allow_any_origin, link_base, readable_project, redirect
from registry.protocols.pypi.store import Projects


class ProjectDocument:
    """A project: its latest release, and the files of all."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def on_get(self, req: Request, resp: falcon.Response, project: str) -> None:
        name = normalize_name(project)
        if name != project:
            redirect(req, resp, f"../{name}/json")
            return
        rendition = self._projects.document(readable_project(req, project), link_base(req))
        allow_any_origin(req, resp)
        send_rendition(req, resp, rendition)


class ReleaseDocument:
    """One release, by any spelling of its version."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def on_get(self, req: Request, resp: falcon.Response, project: str, version: str) -> None:
        name = normalize_name(project)
        if name != project:
            redirect(req, resp, f"../../{name}/{version}/json")
            return
        rendition = self._projects.release_document(readable_project(req, project), version, link_base(req))
        allow_any_origin(req, resp)
        send_rendition(req, resp, rendition)
