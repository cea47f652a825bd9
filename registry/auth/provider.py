"""Who knows users and tokens: the interface that a program may implement anew, and the registry's own answer to it."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from registry.auth.actor import Actor
from registry.auth.auth_token import AuthToken, Kind, TokenOptions
from registry.auth.credentials import BasicCredentials
from registry.auth.jwt import OciClaims, OciSigner
from registry.auth.scopes import READING, Permission
from registry.auth.tokens import IssuedToken, Tokens
from registry.auth.users import Users
from registry.errors import NotFound

OCI: Final = "oci"
REFRESH: Final = "oci refresh"  # no mount is called so: a refresh token opens nothing but the token endpoint


class AuthProvider(Protocol):
    """Users and tokens. Refusals are None or False; other classes of registry.errors pass through to the client."""

    def init(self) -> None:
        """Called once before anything else."""
        ...

    def authenticate(self, credentials: BasicCredentials) -> str | None:
        """The id of the user whose password it is."""
        ...

    def session(self, user: str) -> AuthToken | None:
        """What the user may do who proved a password: of the kind `password`, without an id."""
        ...

    def validate_token(self, secret: str, protocol: str) -> AuthToken | None:
        """What the token is worth with the protocol, within the rights of its user. The caller checks its `cidrs`."""
        ...

    def create_token(self, user: str, protocol: str, options: TokenOptions, kind: Kind | None = None) -> IssuedToken:
        """A new token for one protocol, or for all if that is empty; of the protocol's own kind if none is named.

        Raises NotFound for an unknown user.
        """
        ...

    def revoke_token(self, reference: str, user: str | None = None) -> bool:
        """True when there was a token with this id or secret, of the user if one is named; it is worth nothing now."""
        ...

    def list_user_tokens(self, user: str) -> list[AuthToken]:
        """The tokens of the user."""
        ...

    def authorize(self, actor: Actor, permission: Permission) -> bool:
        """Whether the actor, who may be anonymous, has the permission."""
        ...


class LocalProvider:
    """Users and tokens in the token store."""

    def __init__(
        self,
        users: Users,
        tokens: Tokens,
        signer: OciSigner,
        *,
        anonymous_read: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._users = users
        self._tokens = tokens
        self._signer = signer
        self._anonymous_read = anonymous_read
        self._clock = clock

    def init(self) -> None:
        """Nothing to do: the first user makes the first record."""

    def authenticate(self, credentials: BasicCredentials) -> str | None:
        """The name of the user whose password it is."""
        user = self._users.verify_password(credentials.user, credentials.password)
        return user.name if user else None

    def session(self, user: str) -> AuthToken | None:
        """The rights of the user."""
        found = self._users.get(user)
        if found is None:
            return None
        return AuthToken(
            user=found.name,
            kind="password",
            scopes=found.scopes,
            uid=found.uid,
            epoch=found.epoch,
            email=found.email,
            admin=found.admin,
        )

    def validate_token(self, secret: str, protocol: str) -> AuthToken | None:
        """What the token is worth; an OCI token only with that protocol."""
        if secret.count(".") == 2:
            return self._validate_oci_token(secret) if protocol == OCI else None
        token = self._tokens.find(secret)
        if token is None or not token.fits(protocol) or token.is_expired(self._clock()):
            return None
        user = self._users.get(token.user)
        if user is None or not token.belongs_to(user):
            return None
        self._tokens.touch(token)
        return token.bound_to(user)

    def create_token(self, user: str, protocol: str, options: TokenOptions, kind: Kind | None = None) -> IssuedToken:
        """A new token."""
        owner = self._users.get(user)
        if owner is None:
            raise NotFound(f"there is no user {user[:100]!r}")
        return self._tokens.create(owner, protocol, options, kind=kind)

    def revoke_token(self, reference: str, user: str | None = None) -> bool:
        """True when the token was there."""
        return self._tokens.revoke(reference, user)

    def list_user_tokens(self, user: str) -> list[AuthToken]:
        """The tokens of the user, oldest first."""
        return self._tokens.list(user)

    def authorize(self, actor: Actor, permission: Permission) -> bool:
        """What everybody may read if anonymous reading is on, and what the actor's own rights allow."""
        everybody = self._anonymous_read and permission.action in READING
        return everybody or actor.allows(permission)

    def _validate_oci_token(self, text: str) -> AuthToken | None:
        """The token, within the one it was issued for.

        None when that was revoked, or its user has gone or has a new password.
        """
        claims = self._signer.verify(text)
        if claims is None or not claims.user:
            return _oci_token(claims) if claims else None
        user = self._users.get(claims.user)
        if user is None or user.epoch != claims.epoch:
            return None
        token = _oci_token(claims)
        if claims.token_id:
            parent = self._tokens.get(user.name, claims.token_id)
            if parent is None:
                return None
            token = replace(token, within=(parent.scopes, *parent.bounds))
        return token.bound_to(user)


def _oci_token(claims: OciClaims) -> AuthToken:
    return AuthToken(
        id=claims.id,
        user=claims.user,
        kind="jwt",
        protocol=OCI,
        created=claims.issued,
        expires=claims.expires,
        latest=claims.expires,
        cidrs=claims.cidrs,
        scopes=tuple(scope for access in claims.access for scope in access.to_scopes(claims.mount)),
    )
