"""The home page, which tells how to point a client at the registry, and the page that approves a login."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import falcon
import jinja2

from registry.auth.credentials import BasicCredentials
from registry.auth.service import Auth
from registry.errors import NotFound, RegistryError
from registry.http.mount import Mount
from registry.http.request import Request
from registry.http.routing import Route
from registry.plugin import Protocol, SetupContext

MAX_FORM = 16 * 1024
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


def ui_routes(auth: Auth, mounts: Sequence[Mount], protocols: Mapping[str, Protocol]) -> list[Route]:
    """The pages, at the root of the service."""
    return [Route("/", Home(mounts, protocols)), Route("/ui/login/{login_id}", Login(auth))]


class Home:
    """The home page: where each mount is, and a block to paste for each of its clients."""

    def __init__(self, mounts: Sequence[Mount], protocols: Mapping[str, Protocol]) -> None:
        self._mounts = mounts
        self._protocols = protocols

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        _send_page(resp, "home.html", mounts=[self._describe(req, mount) for mount in self._mounts])

    def _describe(self, req: Request, mount: Mount) -> dict[str, Any]:
        protocol = self._protocols[mount.protocol]
        url = protocol.client_url(mount, req.root_url)
        context = SetupContext(url, "$TOKEN")
        setups = [
            {"client": each.client, "file": each.file, "text": each.render(context).strip()} for each in protocol.setups
        ]
        return {"title": protocol.title, "url": f"{url}/", "setups": setups}


class Login:
    """The page where a person approves what a command line began (npm's web login).

    The password is asked for each time, so there is no session that another site could ride on.
    """

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    def on_get(self, req: Request, resp: falcon.Response, login_id: str) -> None:
        self._show(resp, login_id)

    def on_post(self, req: Request, resp: falcon.Response, login_id: str) -> None:
        form = parse_qs(req.body.read(MAX_FORM).decode("utf-8", "replace"))
        try:
            credentials = BasicCredentials(form.get("username", [""])[0], form.get("password", [""])[0])
            self._auth.approve_login(login_id, form.get("code", [""])[0], req.identify(credentials))
        except NotFound:
            self._show(resp, login_id)
        except RegistryError as error:
            resp.status = falcon.code_to_http_status(error.status)
            self._show(resp, login_id, error=error.message)
        else:
            _send_page(resp, "login.html", approved=True)

    def _show(self, resp: falcon.Response, login_id: str, error: str = "") -> None:
        try:
            waiting = self._auth.logins.show(login_id)
        except NotFound:
            resp.status = falcon.HTTP_404
            _send_page(resp, "login.html")
        else:
            _send_page(resp, "login.html", waiting=waiting, error=error)


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.PackageLoader("registry.ui"), autoescape=True, undefined=jinja2.Undefined)


def _send_page(resp: falcon.Response, template: str, **values: Any) -> None:
    resp.content_type = "text/html; charset=utf-8"
    resp.set_header("Cache-Control", "no-store")
    resp.set_header("Content-Security-Policy", _POLICY)
    resp.data = _templates().get_template(template).render(values).encode()
