"""Who calls: built once for a request, handed to everything that asks what may be done and says who did it."""

from dataclasses import dataclass, field
from typing import Final

from registry.auth.auth_token import AuthToken
from registry.auth.scopes import Permission, Scopes, permits


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller; `user` is None for an anonymous one.

    What the caller may do is what `scopes` and every list in `within` allow. `token` is what was presented.
    """

    user: str | None
    scopes: Scopes
    admin: bool = False
    token_id: str | None = None
    ip: str = ""
    user_agent: str = ""
    email: str = ""
    within: tuple[Scopes, ...] = ()
    token: AuthToken | None = field(default=None, repr=False, compare=False)

    def allows(self, permission: Permission) -> bool:
        """Whether the caller's own rights, without those of everybody, allow it."""
        return permits(self.scopes, permission) and all(permits(scopes, permission) for scopes in self.within)


ANONYMOUS: Final = Actor(None, ())


def actor_of(token: AuthToken, ip: str = "", user_agent: str = "") -> Actor:
    """The actor who presented the token."""
    return Actor(
        user=token.user or None,
        scopes=token.scopes,
        admin=token.admin,
        token_id=token.id or None,
        ip=ip,
        user_agent=user_agent,
        email=token.email,
        within=token.bounds,
        token=token,
    )
