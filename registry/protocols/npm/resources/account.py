"""The caller: name, profile and tokens."""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import falcon

from registry.auth.auth_token import AuthToken, TokenOptions
from registry.auth.scopes import EVERYTHING, Scopes, parse_scopes
from registry.auth.users import User
from registry.errors import Invalid, NotFound, Unauthenticated
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.index import iso_time
from registry.protocols.npm.names import parse_name
from registry.protocols.npm.resources.login import PROTOCOL
from registry.protocols.npm.resources.site import MAX_BODY, ORG, PACKAGE, Site

DAY = 86400


class Ping:
    """A sign of life."""

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        send_json(resp, {})


class Whoami:
    """The caller's name."""

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        send_json(resp, {"username": req.require_user().user})


class Profile:
    """What is known of the caller."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        user = self._site.auth.users.get(req.require_user().user or "")
        if user is None:
            raise NotFound("Not found: this user has no profile")
        send_json(resp, _profile(user))

    def on_post(self, req: Request, resp: falcon.Response) -> None:
        """Change e-mail address, full name or password; whatever else is sent is passed over."""
        actor = self._site.self_changer(req)
        body = req.body.json_object(MAX_BODY)
        if body.get("tfa"):
            raise Invalid("this registry has no two-factor authentication")
        name, email, fullname = actor.user or "", _text(body, "email"), _text(body, "fullname")
        password = self._new_password(req, name, body.get("password"))
        user = self._site.auth.users.update_profile(name, email=email, fullname=fullname, password=password)
        send_json(resp, _profile(user))

    def _new_password(self, req: Request, name: str, password: Any) -> str | None:
        match password:
            case None:
                return None
            case {"old": str(old), "new": str(new)}:
                check_password(self._site, req, name, old)
                return new
        raise Invalid("a password is changed with the old one and a new one")


class OwnTokens:
    """The caller's tokens."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        """All of them at once; without a next page there is no URL of one, an empty one would be asked for ever."""
        tokens = self._site.auth.provider.list_user_tokens(req.require_user().user or "")
        objects = [_describe(token) for token in tokens if token.kind in ("npm", "opaque") and token.fits(PROTOCOL)]
        send_json(resp, {"objects": objects, "total": len(objects), "urls": {}})

    def on_post(self, req: Request, resp: falcon.Response) -> None:
        actor = self._site.self_changer(req)
        body = req.body.json_object(MAX_BODY)
        password = body.get("password")
        check_password(self._site, req, actor.user or "", password if isinstance(password, str) else "")
        issued = self._site.auth.issue_token(actor, PROTOCOL, parse_token_request(body, req.mount.id, time.time()))
        send_json(resp, {**_describe(issued.token), "token": issued.secret}, 201)


class OwnToken:
    """One token of the caller, by its key or by itself."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_delete(self, req: Request, resp: falcon.Response, token: str) -> None:
        actor = self._site.self_changer(req)
        if not self._site.auth.revoke_token(token, actor.user):
            raise NotFound("Not found: you have no such token")
        resp.status = falcon.HTTP_204


def check_password(site: Site, req: Request, user: str, password: str) -> None:
    """It is the user's password. Raises Unauthenticated, and TooManyRequests after many that were not."""
    if not site.auth.verify_password(user, password, ip=req.client_ip):
        raise Unauthenticated("the password is wrong", headers={"WWW-Authenticate": 'Basic realm="registry"'})


def parse_token_request(body: dict[str, Any], mount: str, now: float) -> TokenOptions:
    """What a new token shall be able to do: only read, unless more is asked for. Raises Invalid."""
    permission = body.get("packages_and_scopes_permission")
    asked = body["readonly"] if isinstance(body.get("readonly"), bool) else permission != "read-write"
    options = TokenOptions(
        scopes=_scopes(body, mount),
        readonly=asked,
        cidrs=_strings(body.get("cidr_whitelist") or body.get("cidr")),
        name=_text(body, "name") or "",
        description=_text(body, "description") or "",
    )
    days = body.get("expires")
    if days is None:
        return options
    if not isinstance(days, int) or isinstance(days, bool) or not 0 < days <= 36500:
        raise Invalid("expires is a number of days")
    return replace(options, expires=int(now) + days * DAY)


def _scopes(body: dict[str, Any], mount: str) -> Scopes:
    """The packages, scopes and organisations named in a request; everything where it names none."""
    whole = body.get("packages_all") is True
    packages = ["*"] if whole else [parse_name(name) for name in _exact(body.get("packages"))]
    below = [f"@{scope.removeprefix('@')}/*" for scope in _strings(body.get("scopes"))]
    orgs = list(_exact(body.get("orgs"))) if body.get("orgs_permission") == "read-write" else []
    if not (packages or below or orgs):
        return () if body.get("packages_and_scopes_permission") == "no-access" else EVERYTHING
    named = [] if body.get("packages_and_scopes_permission") == "no-access" else [*packages, *below]
    return (*_all_actions(mount, PACKAGE, named), *_all_actions(mount, ORG, orgs))


def _all_actions(mount: str, kind: str, names: Iterable[str]) -> Scopes:
    return parse_scopes(f"{mount}:{kind}:{name}:*" for name in names)


def _exact(value: Any) -> tuple[str, ...]:
    """Names that each stand for one thing only. Raises Invalid."""
    names = _strings(value)
    if any("*" in name for name in names):
        raise Invalid("a name with * stands for others; packages_all and scopes are there for that")
    return names


def _strings(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > 100 or not all(isinstance(each, str) for each in value):
        raise Invalid("a list of at most 100 texts was expected")
    return tuple(value)


def _text(body: dict[str, Any], field: str) -> str | None:
    value = body.get(field)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{field} is a text")
    return value


def _describe(token: AuthToken) -> dict[str, Any]:
    """The token as lists show it: with the beginning of the secret, by which npm finds the one to revoke."""
    created = iso_time(token.created)
    value = {
        "token": token.prefix,
        "key": token.id,
        "name": token.name,
        "created": created,
        "updated": created,
        "readonly": token.readonly,
        "cidr_whitelist": list(token.cidrs) or None,
    }
    return value if token.expires is None else {**value, "expires": iso_time(token.expires)}


def _profile(user: User) -> dict[str, Any]:
    created = iso_time(user.created)
    return {
        "tfa": False,
        "name": user.name,
        "email": user.email,
        "email_verified": False,
        "created": created,
        "updated": created,
        "cidr_whitelist": None,
        "fullname": user.fullname,
    }
