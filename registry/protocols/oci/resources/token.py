"""Tokens. Spec: Docker's registry token authentication, by GET and by POST (OAuth 2)."""

from typing import Any, Final
from urllib.parse import parse_qs

import falcon

from registry.auth.actor import Actor
from registry.auth.credentials import BasicCredentials
from registry.auth.oci_access import Access
from registry.auth.service import Auth
from registry.errors import Invalid
from registry.http.request import Request
from registry.http.sending import send_json

MAX_FORM: Final = 64 * 1024
MOST_FIELDS: Final = 100


class Token:
    """Where clients get a token for what they are about to do: as much of it as they may."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        scopes = [scope for text in req.get_param_as_list("scope") or [] for scope in text.split()]
        answer = self._issue(req, req.actor, scopes)
        if req.get_param("offline_token") == "true":
            answer |= _refresh(self._auth.issue_refresh_token(req.actor))
        send_json(resp, answer)

    def on_post(self, req: Request, resp: falcon.Response) -> None:
        form = _read_form(req)
        kind = form.get("grant_type", "")
        if kind == "password":
            actor = self._log_in(req, form)
            wanted = form.get("access_type") == "offline"
            refresh = self._auth.issue_refresh_token(actor) if wanted else None
        elif kind == "refresh_token":
            refresh = form.get("refresh_token", "")
            actor = self._auth.redeem_refresh_token(refresh, ip=req.client_ip, user_agent=req.user_agent or "")
        else:
            raise Invalid("grant_type must be password or refresh_token")
        answer = self._issue(req, actor, form.get("scope", "").split())
        send_json(resp, answer | _refresh(refresh))

    def _issue(self, req: Request, actor: Actor, scopes: list[str]) -> dict[str, Any]:
        issued = self._auth.issue_oci_token(actor, scopes, mount=req.mount.id)
        return {
            "token": issued.token,
            "access_token": issued.token,
            "expires_in": issued.expires_in,
            "scope": " ".join(map(_render_access, issued.access)),
        }

    def _log_in(self, req: Request, form: dict[str, str]) -> Actor:
        return req.identify(BasicCredentials(form.get("username", ""), form.get("password", "")))


def _read_form(req: Request) -> dict[str, str]:
    """The fields of the form, each with its last value. Raises Invalid, TooLarge."""
    try:
        text = req.body.read(MAX_FORM).decode()
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Invalid("the body is no form") from None
    return {name: values[-1] for name, values in fields.items()}


def _refresh(token: str | None) -> dict[str, str]:
    return {"refresh_token": token} if token else {}


def _render_access(access: Access) -> str:
    return f"{access.type}:{access.name}:{','.join(access.actions)}"
