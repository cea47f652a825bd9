"""Dist-tags: names that point at versions."""

from collections.abc import Mapping
from typing import Any

import falcon

from registry.core.strict_json import render_json
from registry.errors import Invalid, NotFound
from registry.http.request import Request
from registry.http.sending import REVALIDATE, send_bytes, send_json
from registry.protocols.npm.index import FULL
from registry.protocols.npm.resources.site import MAX_BODY, Site
from registry.protocols.npm.versions import LATEST, check_tag

Tags = Mapping[str, str]


class DistTags:
    """All tags of a package."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str) -> None:
        found = self._site.packages.package(self._site.readable(req, package))
        self._site.check_access(req, found.name, found.access)
        send_bytes(req, resp, render_json(found.tags), FULL, etag=f'"{found.rev}"', caching=REVALIDATE)

    def on_put(self, req: Request, resp: falcon.Response, package: str) -> None:
        """Replace them; `latest` stays where it is unless it is among them."""
        self._change(req, resp, package, keep=False)

    def on_post(self, req: Request, resp: falcon.Response, package: str) -> None:
        """Add to them."""
        self._change(req, resp, package, keep=True)

    def _change(self, req: Request, resp: falcon.Response, package: str, *, keep: bool) -> None:
        name, actor, rights = self._site.changer(req, package)
        tags = _parse_tags(req.body.json(MAX_BODY))

        def change(now: Tags) -> Tags:
            return {**now, **tags} if keep else {LATEST: now[LATEST], **tags}

        self._site.packages.tag(name, change, rights, actor)
        send_json(resp, {"ok": True}, 201)


class DistTag:
    """One tag of a package."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str, tag: str) -> None:
        found = self._site.packages.package(self._site.readable(req, package))
        self._site.check_access(req, found.name, found.access)
        if tag not in found.tags:
            raise NotFound(f"Not found: {found.name} has no tag {tag}")
        send_json(resp, found.tags[tag])

    def on_put(self, req: Request, resp: falcon.Response, package: str, tag: str) -> None:
        name, actor, rights = self._site.changer(req, package)
        version = req.body.json(MAX_BODY)
        if not isinstance(version, str):
            raise Invalid("the body is a version as a JSON string")
        check_tag(tag)
        self._site.packages.tag(name, lambda now: {**now, tag: version}, rights, actor)
        send_json(resp, {"ok": "package tagged"}, 201)

    on_post = on_put

    def on_delete(self, req: Request, resp: falcon.Response, package: str, tag: str) -> None:
        name, actor, rights = self._site.changer(req, package)
        if tag == LATEST:
            raise Invalid("the tag latest can be moved, but not removed")

        def change(now: Tags) -> Tags:
            return {each: version for each, version in now.items() if each != tag}

        self._site.packages.tag(name, change, rights, actor)
        send_json(resp, {"ok": "tag removed"})


def _parse_tags(value: Any) -> Tags:
    if not isinstance(value, dict) or not all(isinstance(version, str) for version in value.values()):
        raise Invalid("the body is an object of versions by tag")
    return {check_tag(tag): version for tag, version in value.items()}
