"""An Auth over memory with cheap passwords and a clock that only moves when told to."""

import time
from typing import Any

from registry.auth.actor import Actor
from registry.auth.auth_token import TokenOptions
from registry.auth.credentials import BasicCredentials, BearerToken
from registry.auth.passwords import Cost, Passwords
from registry.auth.scopes import Permission, parse_scopes
from registry.auth.service import Auth
from registry.auth.store import TokenStore
from registry.auth.stores.memory import MemoryTokenStore
from registry.config import AuthSettings

CHEAP = Cost(n=4, r=1, p=1)
PASSWORD = "correct horse"


class Clock:
    """Unix seconds that stand still; starts at the present, which OCI tokens are held against."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def make_auth(store: TokenStore | None = None, clock: Clock | None = None, **settings: Any) -> Auth:
    """An Auth with the user alice, unless the store given has her already."""
    auth = Auth(
        AuthSettings(**settings),
        store or MemoryTokenStore(),
        passwords=Passwords(CHEAP),
        clock=clock or time.time,
    )
    if auth.users.get("alice") is None:
        auth.users.add("alice", PASSWORD, email="alice@example.com")
    return auth


def make_options(*scopes: str, **options: Any) -> TokenOptions:
    """Options with these scopes, or with all."""
    return TokenOptions(scopes=parse_scopes(scopes or ["*:*:*:*"]), **options)


def permission(text: str) -> Permission:
    """The permission `mount:type:name:action`."""
    mount, kind, rest = text.split(":", 2)
    name, _, action = rest.rpartition(":")
    return Permission(mount, kind, name, action)


def login(auth: Auth, user: str = "alice", password: str = PASSWORD, ip: str = "127.0.0.1") -> Actor:
    """The actor who sends the password."""
    return auth.identify(BasicCredentials(user, password), ip=ip, mount="npm")


def present(auth: Auth, secret: str, mount: str = "npm", ip: str = "127.0.0.1") -> Actor:
    """The actor who sends the token."""
    return auth.identify(BearerToken(secret), ip=ip, mount=mount)
