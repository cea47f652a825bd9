"""Routes as a protocol lists them, and the router that finds them: first match wins, mount by mount."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import falcon
from falcon.constants import COMBINED_METHODS
from falcon.routing import CompiledRouter

from registry.errors import MethodNotAllowed
from registry.http.request import Request

_FIELD = re.compile(r"\{([a-z_]+)(?::([a-z_]+))?\}")
_NAMED = re.compile(r"\(\?P<[a-z_]+>")
Responder = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Route:
    """A path template below the mount's base, and the resource that answers there.

    `{field}` matches the pattern of that name, `{field:pattern}` another one; a field without pattern is one segment.
    """

    template: str
    resource: object


class RouteTable:
    """The routes of one mount, compiled into a single regular expression whose alternatives they are."""

    def __init__(self, routes: Iterable[Route], patterns: Mapping[str, str]) -> None:
        self._routes: dict[int, tuple[Route, dict[str, Responder], list[tuple[str, int]]]] = {}
        alternatives, groups = [], 0
        for route in routes:
            pattern = compile_template(route.template, patterns)
            fields = [(name, groups + 1 + number) for name, number in pattern.groupindex.items()]
            self._routes[groups + 1] = route, _method_map(route.resource), fields
            alternatives.append(f"({_NAMED.sub('(', pattern.pattern)})")
            groups += 1 + pattern.groups
        self._pattern = re.compile("|".join(alternatives) or "(?!)", re.ASCII)

    def find(self, path: str) -> tuple[object, dict[str, Responder], dict[str, str], str] | None:
        """Resource, responders by method, fields and template of the first route that matches, else None."""
        match = self._pattern.match(path)
        if match is None:
            return None
        # The group of a whole route is the one closed last.
        route, methods, fields = self._routes[match.lastindex or 0]
        return route.resource, methods, {name: match[number] for name, number in fields}, route.template


class MountRouter(CompiledRouter):
    """The router of the application; the middleware has found the mount already."""

    def __init__(self, tables: Mapping[str, RouteTable], fallback: RouteTable) -> None:
        super().__init__()
        self._tables = tables
        self._fallback = fallback

    def find(
        self, uri: str, req: falcon.Request | None = None
    ) -> tuple[object, dict[str, Responder], dict[str, str], str] | None:
        """What falcon asks for each request."""
        mount = cast("Request", req).mount
        return self._tables.get(mount.id, self._fallback).find(uri)


def compile_template(template: str, patterns: Mapping[str, str]) -> re.Pattern[str]:
    """The anchored regular expression of a path template."""
    parts: list[str] = []
    position = 0
    for match in _FIELD.finditer(template):
        parts.append(re.escape(template[position : match.start()]))
        name, pattern = match[1], match[2] or match[1]
        parts.append(f"(?P<{name}>{patterns.get(pattern, '[^/]+')})")
        position = match.end()
    parts.append(re.escape(template[position:]))
    return re.compile("".join(parts) + r"\Z", re.ASCII)


def _method_map(resource: object) -> dict[str, Responder]:
    found: dict[str, Responder] = {}
    for method in COMBINED_METHODS:
        responder = getattr(resource, f"on_{method.lower()}", None)
        if responder:
            found[method] = responder
    if "GET" in found:
        found.setdefault("HEAD", found["GET"])
    allowed = tuple(sorted(found))
    found.setdefault("OPTIONS", _options(allowed))
    refuse = _refuse(allowed)
    return {method: found.get(method, refuse) for method in COMBINED_METHODS}


def _options(allowed: Sequence[str]) -> Responder:
    def on_options(req: falcon.Request, resp: falcon.Response, **params: str) -> None:
        resp.status = falcon.HTTP_204
        resp.set_header("Allow", ", ".join(allowed))

    return on_options


def _refuse(allowed: tuple[str, ...]) -> Responder:
    def refuse(req: falcon.Request, resp: falcon.Response, **params: str) -> None:
        raise MethodNotAllowed(allowed)

    return refuse
