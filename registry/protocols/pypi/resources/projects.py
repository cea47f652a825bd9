"""Yank, delete and status: no index has standard paths for them, these are ours."""

from collections.abc import Callable, Mapping
from typing import Any

import falcon

from registry.core.strict_json import parse_json
from registry.errors import Invalid
from registry.http.request import Request
from registry.protocols.pypi.index import Status
from registry.protocols.pypi.resources.access import changeable_project
from registry.protocols.pypi.store import Projects, Selection, of_release

_MAX_BODY = 16 * 1024
_MAX_REASON = 1000


class Yank:
    """The mark that keeps installers from choosing files (PEP 592): those that `select` makes of the path's target."""

    def __init__(self, projects: Projects, select: Callable[[str], Selection]) -> None:
        self._projects = projects
        self._select = select

    def on_put(self, req: Request, resp: falcon.Response, project: str, target: str) -> None:
        name, actor = changeable_project(req, project)
        self._projects.yank(name, self._select(target), _reason(_read_object(req)), actor)
        resp.status = falcon.HTTP_204

    def on_delete(self, req: Request, resp: falcon.Response, project: str, target: str) -> None:
        name, actor = changeable_project(req, project)
        self._projects.unyank(name, self._select(target), actor)
        resp.status = falcon.HTTP_204


class Release:
    """All files of one version."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def on_delete(self, req: Request, resp: falcon.Response, project: str, version: str) -> None:
        name, actor = changeable_project(req, project, "delete")
        self._projects.delete(name, of_release(version), actor)
        resp.status = falcon.HTTP_204


class ProjectStatus:
    """The status of a project (PEP 792)."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def on_put(self, req: Request, resp: falcon.Response, project: str) -> None:
        name, actor = changeable_project(req, project, "admin")
        wanted = _read_object(req)
        try:
            status = Status(wanted.get("status", ""))
        except ValueError:
            raise Invalid(f"the status must be {', '.join(Status)}") from None
        self._projects.set_status(name, status, _reason(wanted), actor)
        resp.status = falcon.HTTP_204


def _read_object(req: Request) -> Mapping[str, Any]:
    """The JSON object in the body; an empty one when there is no body."""
    body = req.body.read(_MAX_BODY)
    value = parse_json(body) if body else {}
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object")
    return value


def _reason(wanted: Mapping[str, Any]) -> str:
    reason = wanted.get("reason") or ""
    if not isinstance(reason, str) or len(reason) > _MAX_REASON:
        raise Invalid(f"the reason must be a text of at most {_MAX_REASON} characters")
    return reason.strip()
