"""Stars: who likes which package."""

import falcon

from registry.catalog.search import LARGEST_PAGE, Query
from registry.core.strict_json import parse_json
from registry.errors import Invalid
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.names import PackageName
from registry.protocols.npm.resources.site import MAX_BODY, Site
from registry.protocols.npm.store import star_label


def star(site: Site, req: Request, name: PackageName, likes: bool) -> str:
    """The `rev` of the package after the caller, who may read it, has begun or ceased to like it."""
    actor = site.self_changer(req)
    site.readable(req, name)
    return site.packages.star(name, likes, actor)


class PackageStar:
    """The caller's star of one package (pnpm 12)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_put(self, req: Request, resp: falcon.Response, package: str) -> None:
        star(self._site, req, self._site.readable(req, package), True)
        send_json(resp, {"ok": True})

    def on_delete(self, req: Request, resp: falcon.Response, package: str) -> None:
        star(self._site, req, self._site.readable(req, package), False)
        send_json(resp, {"ok": True})


class OwnStars:
    """The caller's stars, the package named in the body (pnpm 12)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_put(self, req: Request, resp: falcon.Response) -> None:
        self._change(req, resp, True)

    def on_delete(self, req: Request, resp: falcon.Response) -> None:
        self._change(req, resp, False)

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        send_json(resp, _starred(self._site, req, req.require_user().user or ""))

    def _change(self, req: Request, resp: falcon.Response, likes: bool) -> None:
        self._site.self_changer(req)
        match req.body.json(MAX_BODY):
            case {"package": str(package)} | {"name": str(package)}:
                star(self._site, req, self._site.readable(req, package), likes)
                send_json(resp, {"ok": True})
            case _:
                raise Invalid("the body names no package")


class StarredBy:
    """The packages that a user likes."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        self._site.visible(req)
        user = parse_json((req.get_param("key") or "null").encode(), max_bytes=MAX_BODY)
        if not isinstance(user, str):
            raise Invalid('key is a user name in quotes, as in ?key="alice"')
        send_json(resp, {"rows": [{"value": name} for name in _starred(self._site, req, user)]})


class UserStars:
    """The packages that a user likes, as a list (pnpm 12)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, user: str) -> None:
        send_json(resp, _starred(self._site, req, user))


def _starred(site: Site, req: Request, user: str) -> list[str]:
    labels = (star_label(user), *site.labels(req))
    found = site.packages.search_all(Query(labels=labels, size=LARGEST_PAGE), site.visible(req))
    return [listing.name for listing in found]
