"""The one question that every request asks: who is it, and may it be done?"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from registry.auth.actor import ANONYMOUS, Actor, actor_of
from registry.auth.auth_token import AuthToken, TokenOptions
from registry.auth.backoff import Backoff
from registry.auth.credentials import BasicCredentials, BearerToken, Credentials
from registry.auth.jwt import OciClaims, OciSigner, signing_key
from registry.auth.logins import Approval, Logins
from registry.auth.memory import Memory
from registry.auth.oci_access import Access, parse_access
from registry.auth.passwords import Passwords
from registry.auth.provider import REFRESH, AuthProvider, LocalProvider
from registry.auth.scopes import Permission
from registry.auth.store import TokenStore
from registry.auth.stores.memory import MemoryTokenStore
from registry.auth.stores.storage import StorageTokenStore
from registry.auth.tokens import IssuedToken, Tokens, is_opaque, is_token
from registry.auth.users import User, Users
from registry.config import AuthSettings
from registry.errors import Forbidden, NotFound, Unauthenticated
from registry.storage.storage import Storage

REFRESH_SECONDS: Final = 90 * 86400
SESSION_SECONDS: Final = 12 * 3600
SHORTEST_OCI_TOKEN: Final = 60  # clients take a shorter one for 60 s (distribution token specification)
LONGEST_OCI_TOKEN: Final = 86400
MAX_OCI_SCOPES: Final = 32

STORES: Final[Mapping[str, Callable[[Storage], TokenStore]]] = {
    "storage": StorageTokenStore,
    "memory": lambda storage: MemoryTokenStore(),
}

_WRONG: Final = "the credentials are wrong, expired or revoked"


@dataclass(frozen=True, slots=True)
class OciToken:
    """A signed token, how long it lives, and what it allows."""

    token: str = field(repr=False)
    expires_in: int
    access: tuple[Access, ...]


class Auth:
    """Identity and rights for one process.

    `create_…` serves whoever runs the registry; `issue_…` serves a caller, who gets no more than the caller has.
    """

    def __init__(
        self,
        settings: AuthSettings,
        store: TokenStore,
        *,
        provider: AuthProvider | None = None,
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.store = store
        self._clock = clock
        self._memory = Memory(settings.remember_seconds)
        self._backoff = Backoff()
        self._signer = OciSigner(lambda: signing_key(settings.jwt_secret, store))
        self.users = Users(store, passwords or Passwords(), changed=self._memory.forget, clock=clock)
        self.tokens = Tokens(store, changed=self._memory.forget, clock=clock)
        self.logins = Logins(store, clock)
        self.provider = provider or LocalProvider(
            self.users, self.tokens, self._signer, anonymous_read=settings.anonymous_read, clock=clock
        )
        self.provider.init()

    @classmethod
    def open(cls, storage: Storage, settings: AuthSettings) -> Self:
        """The service that the settings describe."""
        return cls(settings, STORES[settings.token_store](storage))

    def identify(
        self,
        credentials: Credentials | None,
        *,
        ip: str = "",
        user_agent: str = "",
        mount: str = "",
        protocol: str = "",
    ) -> Actor:
        """Who presents the credentials to the mount; anonymous without any.

        A token serves as a Basic password too, with any user name, or as the user name with an empty password.
        `protocol` is needed where it is not the mount's id. Raises Unauthenticated for credentials that are wrong,
        expired, revoked, or not for this protocol or address; TooManyRequests after wrong passwords.
        """
        if credentials is None:
            return replace(ANONYMOUS, ip=ip, user_agent=user_agent)
        token = self._verify(credentials, ip, protocol or mount)
        if token is None or token.is_expired(self._clock()):
            raise Unauthenticated(_WRONG)
        if not token.admits(ip):
            raise Unauthenticated("this token may not be used from here")
        return actor_of(token, ip, user_agent)

    def allows(self, actor: Actor, permission: Permission) -> bool:
        """Whether the actor has the permission; default deny."""
        return self.provider.authorize(actor, permission)

    def authorize(self, actor: Actor, permission: Permission) -> None:
        """The actor has the permission. Raises Unauthenticated (an anonymous one) or Forbidden."""
        if self.allows(actor, permission):
            return
        if actor.user is None:
            raise Unauthenticated("authentication is required")
        raise Forbidden(f"{actor.user} may not {permission.action} {permission.type} {permission.name}")

    def verify_password(self, user: str, password: str, *, ip: str) -> bool:
        """Whether it is the user's password. Raises TooManyRequests after five failures."""
        return self._verify_password(BasicCredentials(user, password), ip) is not None

    def register(self, name: str, password: str, *, email: str = "") -> User:
        """A new user with the default rights. Raises Forbidden unless registration is on; AlreadyExists; Invalid."""
        if not self.settings.registration:
            raise Forbidden("users are added by an administrator of this registry")
        return self.users.add(name, password, email=email)

    def remove_user(self, name: str) -> None:
        """The user and all tokens of the user are gone. Raises NotFound."""
        self.users.remove(name)
        self.tokens.revoke_all(name)

    def create_token(self, user: str, protocol: str = "", options: TokenOptions | None = None) -> IssuedToken:
        """A token of the user for one protocol, or for all. Raises NotFound; Invalid; Conflict beyond 1000."""
        return self.provider.create_token(user, protocol, options or TokenOptions())

    def revoke_token(self, reference: str, user: str | None = None) -> bool:
        """True when there was a token with this id or secret, of the user if one is named; it is gone now."""
        return self.provider.revoke_token(reference, user)

    def issue_token(
        self, actor: Actor, protocol: str = "", options: TokenOptions | None = None, *, user: str | None = None
    ) -> IssuedToken:
        """A token of the caller, or for an administrator of any user.

        It can do no more than what the caller presented. Raises Unauthenticated, Forbidden; what create_token raises.
        """
        bounded = self._bounded(actor, options or TokenOptions(), protocol)
        if user not in (None, actor.user) and not actor.admin:
            raise Forbidden("only an administrator issues tokens of others")
        return self.provider.create_token(user or actor.user or "", protocol, bounded)

    def issue_session(self, actor: Actor, seconds: int = SESSION_SECONDS) -> IssuedToken:
        """A token that stands for the caller's browser: ends with the password, and can issue what the caller can."""
        options = TokenOptions(expires=int(self._clock()) + seconds, name="browser")
        return self.provider.create_token(actor.user or "", "", self._bounded(actor, options), "session")

    def issue_oci_token(
        self, actor: Actor, scopes: Iterable[str], ttl: int | None = None, *, mount: str = "oci"
    ) -> OciToken:
        """A signed token for what of the `repository:name:actions` the actor may do; may allow nothing.

        Lives `ttl` seconds (60 to 86400; by default as the settings say), never longer than what was presented, and
        dies with it. Raises Forbidden when that was an OCI token itself.
        """
        token = actor.token
        if token and token.kind == "jwt":
            raise Forbidden("an OCI token issues no other")
        access = tuple(self._granted(actor, mount, scopes))
        now = int(self._clock())
        lifetime = min(max(ttl or self.settings.jwt_lifetime, SHORTEST_OCI_TOKEN), LONGEST_OCI_TOKEN)
        expires = min(now + lifetime, token.expires) if token and token.expires else now + lifetime
        claims = OciClaims(
            id=secrets.token_hex(16),
            user=actor.user or "",
            epoch=token.epoch if token else "",
            mount=mount,
            access=access,
            issued=now,
            expires=expires,
            token_id=actor.token_id or "",
            cidrs=token.cidrs if token else (),
        )
        return OciToken(self._signer.sign(claims), expires - now, access)

    def issue_refresh_token(self, actor: Actor) -> str | None:
        """A secret for `redeem_refresh_token`, good for 90 days; None for a caller who did not prove a password."""
        if actor.token is None or actor.token.kind != "password":
            return None
        options = self._bounded(actor, TokenOptions(expires=int(self._clock()) + REFRESH_SECONDS, name="oci login"))
        return self.provider.create_token(actor.user or "", REFRESH, options, "refresh").secret

    def redeem_refresh_token(self, secret: str, *, ip: str = "", user_agent: str = "") -> Actor:
        """Who presents the refresh token; it stays good. Raises Unauthenticated."""
        actor = self.identify(BearerToken(secret), ip=ip, user_agent=user_agent, protocol=REFRESH)
        if actor.token is None or actor.token.kind != "refresh":
            raise Unauthenticated(_WRONG)
        return actor

    def approve_login(self, login_id: str, code: str, actor: Actor) -> None:
        """Who waits for the login will get a token of the caller. Raises NotFound, Unauthenticated, Forbidden."""
        options = self._bounded(actor, TokenOptions(name="web login"))
        epoch = actor.token.epoch if actor.token else ""
        self.logins.approve(login_id, code, Approval(actor.user or "", epoch, options))

    def finish_login(self, done_id: str, protocol: str = "npm") -> IssuedToken | None:
        """The token, once; None while the approval is awaited. Raises NotFound."""
        approval = self.logins.take(done_id)
        if approval is None:
            return None
        user = self.provider.session(approval.user)
        if user is None or user.epoch != approval.epoch:
            raise NotFound("the user who approved this login has a new password, or has gone")
        return self.provider.create_token(approval.user, protocol, approval.options)

    def _bounded(self, actor: Actor, options: TokenOptions, protocol: str = "") -> TokenOptions:
        """The options within what the caller presented, if that is still good. Raises Unauthenticated; Forbidden."""
        parent = actor.token
        if actor.user is None or parent is None:
            raise Unauthenticated("authentication is required")
        if parent.kind == "jwt" or not parent.fits(protocol):
            raise Forbidden("this token issues no others")
        now = self.provider.session(actor.user)
        known = not parent.id or any(each.id == parent.id for each in self.provider.list_user_tokens(actor.user))
        if now is None or now.epoch != parent.epoch or not known:
            raise Unauthenticated(_WRONG)
        return options.bounded_by(parent) if parent.id else options

    def _granted(self, actor: Actor, mount: str, scopes: Iterable[str]) -> Iterable[Access]:
        for access in [access for text in scopes if (access := parse_access(text))][:MAX_OCI_SCOPES]:
            allowed = (
                action
                for action in access.actions
                if self.allows(actor, Permission(mount, access.type, access.name, action))
            )
            actions = tuple(allowed)
            if actions:
                yield replace(access, actions=actions)

    def _verify(self, credentials: Credentials, ip: str, protocol: str) -> AuthToken | None:
        if isinstance(credentials, BearerToken):
            return self._verify_token(credentials.token, protocol)
        secret = credentials.password or credentials.user
        named = credentials.user == "__token__"
        token = self._verify_token(secret, protocol) if named or is_token(secret) else None
        if token or named or is_opaque(secret):
            return token
        return self._verify_password(credentials, ip)

    def _verify_token(self, secret: str, protocol: str) -> AuthToken | None:
        key = self._memory.key("token", protocol, secret)
        token = self._memory.get(key)
        if token is None:
            changes = self._memory.changes
            token = self.provider.validate_token(secret, protocol)
            if token:
                self._memory.keep(key, token, changes)
        return token

    def _verify_password(self, credentials: BasicCredentials, ip: str) -> AuthToken | None:
        key = self._memory.key("password", credentials.user, credentials.password)

        def verify() -> AuthToken | None:
            token = self._memory.get(key)
            if token is None:
                changes = self._memory.changes
                user = self.provider.authenticate(credentials)
                token = self.provider.session(user) if user else None
                if token:
                    self._memory.keep(key, token, changes)
            return token

        return self._memory.get(key) or self._backoff.attempt(credentials.user, ip, verify)
