"""Who reads and who changes a package."""

from collections.abc import Mapping

import falcon

from registry.errors import Invalid
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.artifact import parse_access
from registry.protocols.npm.index import PUBLIC, Package
from registry.protocols.npm.names import scope_of
from registry.protocols.npm.resources.site import MAX_BODY, Site
from registry.protocols.npm.store import READ_WRITE


class Visibility:
    """Whether a package is public."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str) -> None:
        found = _read(self._site, req, package)
        send_json(resp, {"public": found.access == PUBLIC})


class AccessLevel:
    """Whether a package is public or restricted. Two-factor authentication is never asked for."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str) -> None:
        found = _read(self._site, req, package)
        send_json(resp, {"access": found.access, "public": found.access == PUBLIC, "publish_requires_tfa": False})

    def on_post(self, req: Request, resp: falcon.Response, package: str) -> None:
        name, actor, rights = self._site.changer(req, package)
        body = req.body.json_object(MAX_BODY)
        if not {"access", "publish_requires_tfa"} & body.keys():
            raise Invalid("the body has no access")
        if body.get("publish_requires_tfa"):
            raise Invalid("this registry has no two-factor authentication")
        access = parse_access(body.get("access"), name)
        if access is not None:
            self._site.packages.set_access(name, access, rights, actor)
        send_json(resp, {"ok": True})


class Collaborators:
    """Who may change a package, or is in a team that may read it."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str) -> None:
        found = _read(self._site, req, package)
        req.require_user()
        org = self._site.orgs.find(scope_of(found.name)) if scope_of(found.name) else None
        granted = org.grants(found.name) if org else {}
        rights = {user: "write" if grant == READ_WRITE else "read" for user, grant in granted.items()}
        rights |= dict.fromkeys(found.owners, "write")
        wanted = req.get_param("user")
        people = {user: right for user, right in rights.items() if wanted in (None, user)}
        if req.get_param("format") == "cli":  # pnpm 12
            send_json(resp, [{"user": user, "permissions": right} for user, right in people.items()])
        else:
            send_json(resp, people)


class Owners:
    """The owners of a package, added and removed one by one (pnpm 12)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, package: str) -> None:
        send_json(resp, _read(self._site, req, package).maintainers)

    def on_put(self, req: Request, resp: falcon.Response, package: str) -> None:
        name, actor, rights = self._site.changer(req, package)
        user, email = self._site.check_user(_named_user(req))
        self._site.packages.set_owners(name, lambda now: {**now, user: email}, rights, actor)
        send_json(resp, {"ok": True}, 201)

    def on_delete(self, req: Request, resp: falcon.Response, package: str) -> None:
        name, actor, rights = self._site.changer(req, package)
        gone = _named_user(req)
        self._site.packages.set_owners(name, lambda now: _without(now, gone), rights, actor)
        send_json(resp, {"ok": True})


class Owner:
    """One owner of a package (pnpm 12)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_delete(self, req: Request, resp: falcon.Response, package: str, user: str) -> None:
        name, actor, rights = self._site.changer(req, package)
        self._site.packages.set_owners(name, lambda now: _without(now, user), rights, actor)
        send_json(resp, {"ok": True})


def _without(owners: Mapping[str, str], user: str) -> Mapping[str, str]:
    left = {name: email for name, email in owners.items() if name != user}
    if not left:
        raise Invalid("a package has one maintainer at least")
    return left


def _named_user(req: Request) -> str:
    match req.body.json(MAX_BODY):
        case {"user": str(user)}:
            return user
    raise Invalid("the body names no user")


def _read(site: Site, req: Request, package: str) -> Package:
    found = site.packages.package(site.readable(req, package))
    site.check_access(req, found.name, found.access)
    return found
