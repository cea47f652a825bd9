"""What a resource may ask of a request: its mount, its actor, its body, its URLs."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import falcon

from registry.auth.actor import Actor
from registry.auth.credentials import Credentials, parse_authorization
from registry.auth.scopes import Permission
from registry.auth.service import Auth
from registry.config import ServerSettings
from registry.errors import Invalid, Unauthenticated
from registry.http.bodies import Body
from registry.http.lazily import lazily
from registry.http.mount import Mount

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?\Z", re.ASCII | re.IGNORECASE)


class Request(falcon.Request):
    """A falcon request that knows the registry; the middleware fills in the first five attributes."""

    identity: Auth
    server: ServerSettings
    mount: Mount
    outside: bool
    """Whether the request came by one of the mount's root paths, outside its base path."""
    id: str

    @lazily
    def body(self) -> Body:
        """The body, unread."""
        return Body(self.env)

    @lazily
    def client_ip(self) -> str:
        """The address of the caller: the right-most hop that is not one of our proxies."""
        return client_ip(
            self.env.get("REMOTE_ADDR", ""), self.get_header("X-Forwarded-For"), self.server.trusted_proxies
        )

    @lazily
    def actor(self) -> Actor:
        """Who asks; anonymous without credentials. Raises Unauthenticated for wrong ones."""
        return self.identify(parse_authorization(self.get_header("Authorization")))

    def identify(self, credentials: Credentials | None) -> Actor:
        """Who presents the credentials with this request. Raises Unauthenticated, TooManyRequests."""
        return self.identity.identify(
            credentials,
            ip=self.client_ip,
            user_agent=self.user_agent or "",
            mount=self.mount.id,
            protocol=self.mount.protocol,
        )

    @property
    def user(self) -> str | None:
        """The name of the caller if the request was authenticated so far; asks nobody."""
        actor: Actor | None = self.__dict__.get("actor")
        return actor.user if actor else None

    def require_user(self) -> Actor:
        """The actor, who is somebody. Raises Unauthenticated."""
        if self.actor.user is None:
            raise Unauthenticated("authentication is required")
        return self.actor

    def permission(self, action: str, kind: str, name: str) -> Permission:
        """The permission to do `action` on an object of this mount."""
        return Permission(self.mount.id, kind, name, action)

    def authorize(self, action: str, kind: str, name: str) -> Actor:
        """The actor, who may do `action` on the object. Raises Unauthenticated or Forbidden."""
        self.identity.authorize(self.actor, self.permission(action, kind, name))
        return self.actor

    def allows(self, action: str, kind: str, name: str) -> bool:
        """Whether the actor may do `action` on the object."""
        return self.identity.allows(self.actor, self.permission(action, kind, name))

    @lazily
    def root_url(self) -> str:
        """The URL of the whole service, without a trailing slash.

        It is `server.public_url`, or follows the Host header on loopback. Raises Invalid for any other host, since
        a link to wherever a header says is an open door (cache poisoning).
        """
        if self.server.public_url:
            return self.server.public_url.rstrip("/")
        host = self.env.get("HTTP_HOST", "")
        if not is_loopback(host):
            raise Invalid(
                f"this registry does not know its own URL; set server.public_url (the request says {host[:100]!r})"
            )
        return f"{self._scheme}://{host}{self.env.get('SCRIPT_NAME', '')}"

    @property
    def base_url(self) -> str:
        """The URL of the mount, without a trailing slash."""
        return self.mount.registry_url.rstrip("/") or self.root_url + self.mount.path

    @property
    def base_path(self) -> str:
        """The path of the mount as clients see it, without a trailing slash; needs no host."""
        return self._public_path(self.mount.registry_url) or self.root_path + self.mount.path

    @property
    def entry_path(self) -> str:
        """What the client sees before `path`: the path of the mount, or of the service under a root path."""
        return self.root_path if self.outside else self.base_path

    @property
    def root_path(self) -> str:
        """The path of the whole service as clients see it, without a trailing slash."""
        return self._public_path(self.server.public_url) or str(self.env.get("SCRIPT_NAME", ""))

    @staticmethod
    def _public_path(url: str) -> str:
        return urlsplit(url).path.rstrip("/")

    @property
    def _scheme(self) -> str:
        forwarded: str = self.env.get("HTTP_X_FORWARDED_PROTO", "").strip().lower()
        trusted = is_trusted(self.env.get("REMOTE_ADDR", ""), self.server.trusted_proxies)
        return forwarded if trusted and forwarded in ("http", "https") else self.env["wsgi.url_scheme"]


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine, in a form that is safe to copy into a link."""
    match = _HOST.match(host)
    if not match:
        return False
    name = match[1].strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


@lru_cache(maxsize=4096)
def is_trusted(address: str, networks: Sequence[str]) -> bool:
    """Whether `address` is one of our proxies."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        # A peer on a UNIX socket has no address; whoever may open the socket is trusted if any proxy is.
        return not address and bool(networks)
    return any(ip in ipaddress.ip_network(network, strict=False) for network in networks)


def client_ip(peer: str, forwarded_for: str | None, trusted: Sequence[str]) -> str:
    """The right-most address of the chain that is none of our proxies; the peer when nothing else is believed."""
    hops = [each.strip() for each in (forwarded_for or "").split(",") if each.strip()]
    address = peer
    while hops and is_trusted(address, trusted):
        address = hops.pop()
    return address
