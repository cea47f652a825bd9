"""What a credential is worth: a stored token, an OCI token, or a proven password."""

import ipaddress
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Self

from registry.auth.scopes import EVERYTHING, READ_ONLY, Permission, Scopes, known_scopes, permits
from registry.auth.store import Record
from registry.auth.users import User
from registry.errors import Forbidden

Kind = Literal["npm", "opaque", "refresh", "session", "jwt", "password"]

_ADMINISTER = Permission("auth", "user", "any", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOptions:
    """What a token shall be able to do; times are in Unix seconds, None is without end.

    `within` are further lists of scopes, each of which has to allow a thing as well; whatever is issued from the token
    ends by `latest`; no `cidrs` means any address.
    """

    scopes: Scopes = EVERYTHING
    within: tuple[Scopes, ...] = ()
    readonly: bool = False
    expires: int | None = None
    latest: int | None = None
    cidrs: tuple[str, ...] = ()
    name: str = ""
    description: str = ""

    @property
    def bounds(self) -> tuple[Scopes, ...]:
        """The lists of scopes beyond the token's own that limit it."""
        return (*self.within, READ_ONLY) if self.readonly else self.within

    def allows(self, permission: Permission) -> bool:
        """Whether the token's own scopes and every bound allow it."""
        return permits(self.scopes, permission) and all(permits(scopes, permission) for scopes in self.bounds)

    def is_expired(self, now: float) -> bool:
        """Whether its time is over."""
        return self.expires is not None and now >= self.expires

    def admits(self, ip: str) -> bool:
        """Whether it may be used from that address."""
        return not self.cidrs or any(_contains(cidr, ip) for cidr in self.cidrs)

    def bounded_by(self, parent: "TokenOptions") -> Self:
        """The same, able to do no more, no longer and from nowhere else than `parent`. Raises Forbidden."""
        if parent.cidrs and not all(any(_contains(outer, cidr) for outer in parent.cidrs) for cidr in self.cidrs):
            raise Forbidden("a token cannot issue one for addresses that it may not be used from")
        layers = (parent.scopes, *parent.within)
        return replace(
            self,
            within=self.within + tuple(scopes for scopes in layers if EVERYTHING[0] not in scopes),
            readonly=self.readonly or parent.readonly,
            expires=earliest(self.expires, parent.latest),
            latest=earliest(self.latest, parent.latest),
            cidrs=self.cidrs or parent.cidrs,
        )

    def to_record(self) -> Record:
        """The options as JSON."""
        plain = {field.name: getattr(self, field.name) for field in fields(TokenOptions)}
        scopes = [str(scope) for scope in self.scopes]
        within = [[str(scope) for scope in layer] for layer in self.within]
        return {**plain, "scopes": scopes, "within": within, "cidrs": list(self.cidrs)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthToken(TokenOptions):
    """A token without its secret, of which `prefix` is the beginning and `digest` the SHA-256.

    `protocol` is the only one that it may be used with, empty for any; `uid` and `epoch` say whose it is; `email` and
    `admin` are the user's. A proven password has the kind `password` and no id.
    """

    id: str = ""
    user: str
    kind: Kind
    protocol: str = ""
    created: int = 0
    last_used: int | None = None
    prefix: str = ""
    digest: str = field(default="", repr=False)
    uid: str = ""
    epoch: str = ""
    email: str = ""
    admin: bool = False

    def fits(self, protocol: str) -> bool:
        """Whether it may be used with the protocol."""
        return self.protocol in ("", protocol)

    def belongs_to(self, user: User) -> bool:
        """Whether it was issued to this user, and not ended by a new password."""
        return self.uid == user.uid and self.epoch in ("", user.epoch)

    def bound_to(self, user: User) -> "AuthToken":
        """The same within the rights that the user has now; administers users only where nothing limits it."""
        admin = user.admin and self.allows(_ADMINISTER)
        return replace(
            self, within=(*self.within, user.scopes), uid=user.uid, epoch=user.epoch, email=user.email, admin=admin
        )

    def to_record(self) -> Record:
        """What is kept of the token."""
        plain = {name: getattr(self, name) for name in _KEPT}
        return {**plain, **TokenOptions.to_record(self)}


_KEPT = ("id", "user", "kind", "protocol", "created", "last_used", "prefix", "digest", "uid", "epoch")


def read_options(record: Record) -> TokenOptions:
    """The options in the record."""
    return TokenOptions(**_read_option_fields(record))


def read_token(record: Record) -> AuthToken:
    """The token in the record."""
    return AuthToken(**_read_option_fields(record), **{name: record[name] for name in _KEPT})


def _read_option_fields(record: Record) -> dict[str, Any]:
    return {
        **{field.name: record[field.name] for field in fields(TokenOptions)},
        "scopes": known_scopes(record["scopes"]),
        "within": tuple(known_scopes(layer) for layer in record["within"]),
        "cidrs": tuple(record["cidrs"]),
    }


def earliest(one: int | None, other: int | None) -> int | None:
    """The smaller of the two, None being without end."""
    return min((time for time in (one, other) if time is not None), default=None)


def _contains(cidr: str, ip: str) -> bool:
    """Whether the address or network `ip` is wholly in the network `cidr`; an IPv4-mapped address counts as IPv4."""
    try:
        outer, inner = ipaddress.ip_network(cidr), ipaddress.ip_network(ip)
    except ValueError:
        return False
    if isinstance(inner, ipaddress.IPv6Network) and inner.prefixlen == 128 and inner.network_address.ipv4_mapped:
        inner = ipaddress.ip_network(inner.network_address.ipv4_mapped)
    if isinstance(outer, ipaddress.IPv4Network):
        return isinstance(inner, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, ipaddress.IPv6Network) and inner.subnet_of(outer)
