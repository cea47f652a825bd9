"""Logging in and out: with a password, or by a page in the browser.

The credentials that come along are those that the client is about to replace, and count for nothing.
"""

import hmac
from typing import Any

import falcon

from registry.auth.actor import Actor
from registry.auth.credentials import BasicCredentials
from registry.auth.logins import POLL_SECONDS
from registry.auth.tokens import is_token
from registry.errors import Forbidden, Invalid, Unauthenticated
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.resources.site import MAX_BODY, Site

PROTOCOL = "npm"
COUCHDB = "org.couchdb.user:"

# With Basic in it npm says that the password is wrong, and hides the rest.
_WRONG_PASSWORD = {"WWW-Authenticate": 'Basic realm="registry"'}


class UserAccount:
    """A user: `npm login` and `adduser` PUT one, `npm owner add` reads one."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: Request, resp: falcon.Response, user: str, rev: str = "") -> None:
        req.require_user()
        name, email = self._site.check_user(user)
        send_json(resp, {"_id": COUCHDB + name, "name": name, "email": email})

    def on_put(self, req: Request, resp: falcon.Response, user: str, rev: str = "") -> None:
        body = req.body.json(MAX_BODY)
        match body:
            case {"name": str(name), "password": str(password)} if name == user:
                actor, created = self._enter(req, name, password, body)
            case _:
                raise Invalid("the body has no password, or another name than the path")
        issued = self._site.auth.issue_token(actor, PROTOCOL)
        done = f"user '{name}' created" if created else f"you are authenticated as '{name}'"
        send_json(resp, {"ok": done, "id": COUCHDB + name, "rev": "1-0", "token": issued.secret}, 201)

    def _enter(self, req: Request, name: str, password: str, body: dict[str, Any]) -> tuple[Actor, bool]:
        """The user with that password, and whether it is a new one."""
        auth = self._site.auth
        created = auth.settings.registration and auth.users.get(name) is None
        if created:
            email = body.get("email")
            auth.register(name, password, email=email if isinstance(email, str) else "")
        try:
            actor = req.identify(BasicCredentials(name, password))
        except Unauthenticated as error:
            if "email" in body and not auth.settings.registration:
                # Who wants to be added has to learn why not, which npm would hide behind a 401.
                raise Forbidden(f"{error.message}; users are added by an administrator of this registry") from None
            raise Unauthenticated(error.message, headers=_WRONG_PASSWORD) from None
        if not hmac.compare_digest((actor.user or "").encode(), name.encode()):
            raise Unauthenticated("this token is another user's", headers=_WRONG_PASSWORD)
        return actor, created


class WebLogin:
    """The beginning of a login that somebody approves in a browser."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_post(self, req: Request, resp: falcon.Response) -> None:
        body = req.body.json(MAX_BODY)
        host = body.get("hostname") if isinstance(body, dict) else ""
        page, done = f"{req.root_url}/ui/login", f"{req.base_url}/-/v1/done"
        started = self._site.auth.logins.start(host=host if isinstance(host, str) else "", ip=req.client_ip)
        # npm prints this; the page shows the same, so that nobody approves the login of somebody else.
        resp.set_header("npm-notice", f"The login page shows the code {started.code}")
        send_json(resp, {"loginUrl": f"{page}/{started.login_id}", "doneUrl": f"{done}?sessionId={started.done_id}"})


class LoginDone:
    """The end of it: asked again and again until there is a token, by npm with any method."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_head(self, req: Request, resp: falcon.Response) -> None:
        """Nothing: looking must not take the token."""

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        issued = self._site.auth.finish_login(req.get_param("sessionId") or "", PROTOCOL)
        if issued is None:
            resp.set_header("Retry-After", str(POLL_SECONDS))
            send_json(resp, {}, 202)
        else:
            send_json(resp, {"token": issued.secret})

    on_put = on_post = on_delete = on_get


class PresentedToken:
    """A token in the path: whoever knows it may end it."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_delete(self, req: Request, resp: falcon.Response, token: str) -> None:
        if is_token(token):
            self._site.auth.revoke_token(token)
        send_json(resp, {"ok": "Logged out"})
