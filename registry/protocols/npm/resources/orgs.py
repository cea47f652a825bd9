"""Organisations and their teams."""

from dataclasses import replace
from typing import Any

import falcon

from registry.auth.actor import Actor
from registry.catalog.search import LARGEST_PAGE, Query
from registry.errors import Invalid, NotFound
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.names import parse_name
from registry.protocols.npm.resources.site import MAX_BODY, ORG, Site
from registry.protocols.npm.store import GRANTS, READ_WRITE, ROLES, Org, Team

MAX_NAME = 64


def is_for_npm(req: Request) -> bool:
    """Whether a list is to be one of names, as npm and yarn 1 ask for; pnpm 12 reads objects."""
    return req.get_param("format") == "cli"


class OrgResource:
    """What all of them need."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def _read(self, req: Request, scope: str) -> Org:
        """The organisation, for any user. Raises Unauthenticated and NotFound."""
        req.require_user()
        req.authorize("read", ORG, scope)
        return self._site.orgs.get(scope)

    def _changer(self, req: Request, scope: str) -> Actor:
        return req.authorize("write", ORG, scope)


class OrgMembers(OrgResource):
    """The members of an organisation, each in a role."""

    def on_get(self, req: Request, resp: falcon.Response, scope: str) -> None:
        send_json(resp, dict(self._read(req, scope).members))

    def on_put(self, req: Request, resp: falcon.Response, scope: str) -> None:
        actor, body = self._changer(req, scope), req.body.json_object(MAX_BODY)
        user, _ = self._site.check_user(str(body.get("user")).removeprefix("@"))
        role = body.get("role", ROLES[0])
        if role not in ROLES:
            raise Invalid(f"a role is one of {', '.join(ROLES)}")
        self._site.orgs.found(_new_name(scope), actor)
        org = self._site.orgs.update(scope, actor, lambda org: org.with_member(user, role))
        send_json(resp, {"org": {"name": scope, "size": len(org.members)}, "user": user, "role": role})

    def on_delete(self, req: Request, resp: falcon.Response, scope: str) -> None:
        actor, user = self._changer(req, scope), _named_user(req.body.json_object(MAX_BODY))
        self._site.orgs.update(scope, actor, lambda org: org.without_member(user))
        resp.status = falcon.HTTP_204


class OrgTeams(OrgResource):
    """The teams of an organisation."""

    def on_get(self, req: Request, resp: falcon.Response, scope: str) -> None:
        teams = self._read(req, scope).teams
        names = [f"{scope}:{team}" for team in teams]
        full = [{"name": name, "description": team.description} for name, team in teams.items()]
        send_json(resp, names if is_for_npm(req) else full)

    def on_put(self, req: Request, resp: falcon.Response, scope: str) -> None:
        actor, body = self._changer(req, scope), req.body.json_object(MAX_BODY)
        name, description = _new_name(body.get("name")), body.get("description")
        team = Team(description if isinstance(description, str) else "")

        def change(org: Org) -> Org:
            return org if name in org.teams else org.with_team(name, team)

        self._site.orgs.found(_new_name(scope), actor)
        self._site.orgs.update(scope, actor, change)
        send_json(resp, {"name": name}, 201)


class OrgPackages(OrgResource):
    """The packages of a scope, and what the caller may do with each."""

    def on_get(self, req: Request, resp: falcon.Response, scope: str) -> None:
        user = req.require_user().user or ""
        query = Query(prefix=f"@{scope}/", labels=self._site.labels(req), size=LARGEST_PAGE)
        found = self._site.packages.search_all(query, self._site.visible(req))
        listings = list(found)
        org = self._site.orgs.find(scope)
        if org is None and not listings:
            raise NotFound(f"Not found: there is no organisation {scope}")
        granted = org or Org(scope)
        rights = {
            listing.name: user in listing.maintainers or granted.grants(listing.name).get(user) == READ_WRITE
            for listing in listings
        }
        send_json(resp, {name: "write" if writes else "read" for name, writes in rights.items()})


class UserPackages(OrgResource):
    """The packages that a user maintains."""

    def on_get(self, req: Request, resp: falcon.Response, user: str) -> None:
        req.require_user()
        query = Query(maintainer=user, labels=self._site.labels(req), size=LARGEST_PAGE)
        found = self._site.packages.search_all(query, self._site.visible(req))
        send_json(resp, {listing.name: "write" for listing in found})


class TeamItem(OrgResource):
    """A team."""

    def on_delete(self, req: Request, resp: falcon.Response, scope: str, team: str) -> None:
        actor = self._changer(req, scope)
        self._site.orgs.update(scope, actor, lambda org: org.without_team(team))
        resp.status = falcon.HTTP_204


class TeamMembers(OrgResource):
    """The members of a team, who are members of its organisation too."""

    def on_get(self, req: Request, resp: falcon.Response, scope: str, team: str) -> None:
        users = self._read(req, scope).team(team).users
        send_json(resp, list(users) if is_for_npm(req) else [{"name": user} for user in users])

    def on_put(self, req: Request, resp: falcon.Response, scope: str, team: str) -> None:
        actor, body = self._changer(req, scope), req.body.json_object(MAX_BODY)
        user, _ = self._site.check_user(body.get("user"))

        def change(org: Org) -> Org:
            users = dict.fromkeys((*org.team(team).users, user))
            org = org if user in org.members else org.with_member(user, ROLES[0])
            return org.with_team(team, replace(org.team(team), users=tuple(users)))

        self._site.orgs.update(scope, actor, change)
        send_json(resp, {"ok": True}, 201)

    def on_delete(self, req: Request, resp: falcon.Response, scope: str, team: str) -> None:
        actor, user = self._changer(req, scope), _named_user(req.body.json_object(MAX_BODY))

        def change(org: Org) -> Org:
            users = tuple(each for each in org.team(team).users if each != user)
            return org.with_team(team, replace(org.team(team), users=users))

        self._site.orgs.update(scope, actor, change)
        resp.status = falcon.HTTP_204


class TeamPackages(OrgResource):
    """What a team may do with packages of its scope."""

    def on_get(self, req: Request, resp: falcon.Response, scope: str, team: str) -> None:
        packages = self._read(req, scope).team(team).packages
        send_json(resp, {name: "write" if grant == READ_WRITE else "read" for name, grant in packages.items()})

    def on_put(self, req: Request, resp: falcon.Response, scope: str, team: str) -> None:
        actor, body = self._changer(req, scope), req.body.json_object(MAX_BODY)
        package, grant = _named_package(body, scope), body.get("permissions")
        if grant not in GRANTS:
            raise Invalid(f"permissions are {' or '.join(GRANTS)}")
        self._site.packages.package(parse_name(package))

        def change(org: Org) -> Org:
            packages = {**org.team(team).packages, package: grant}
            return org.with_team(team, replace(org.team(team), packages=packages))

        self._site.orgs.update(scope, actor, change)
        send_json(resp, {"ok": True}, 201)

    def on_delete(self, req: Request, resp: falcon.Response, scope: str, team: str) -> None:
        actor, body = self._changer(req, scope), req.body.json_object(MAX_BODY)
        package = _named_package(body, scope)

        def change(org: Org) -> Org:
            packages = {name: grant for name, grant in org.team(team).packages.items() if name != package}
            return org.with_team(team, replace(org.team(team), packages=packages))

        self._site.orgs.update(scope, actor, change)
        resp.status = falcon.HTTP_204


def _new_name(value: Any) -> str:
    """The name of an organisation or a team. Raises Invalid."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or "/" in value:
        raise Invalid("a name is needed")
    parse_name(f"@{value}/x")
    return value


def _named_user(body: dict[str, Any]) -> str:
    user = body.get("user")
    if not isinstance(user, str):
        raise Invalid("the body names no user")
    return user.removeprefix("@")


def _named_package(body: dict[str, Any], scope: str) -> str:
    package = body.get("package")
    if not isinstance(package, str) or not package.startswith(f"@{scope}/"):
        raise Invalid(f"a team of {scope} deals with packages of the scope @{scope}")
    return package
