"""Logins that a browser approves for a command line which waits elsewhere; any node can answer for each step."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from registry.auth.auth_token import TokenOptions, read_options
from registry.auth.store import Record, TokenStore
from registry.errors import Forbidden, NotFound, TooManyRequests

LIFETIME: Final = 300
MAX_WAITING: Final = 1000
MAX_WAITING_AT_ONE_ADDRESS: Final = 50
MAX_MISSES: Final = 5
POLL_SECONDS: Final = 2

_PREFIX: Final = "logins/"
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ23456789"
_ID: Final = 40  # 8 hex digits of the time it ends, which sort; 8 of the caller's address, hashed; 24 of chance
_GONE: Final = "this login has expired or was used"


@dataclass(frozen=True, slots=True)
class StartedLogin:
    """A login that waits: `login_id` is for the browser, `done_id` for the one who waits and a secret."""

    login_id: str
    done_id: str = field(repr=False)
    code: str
    expires: int


@dataclass(frozen=True, slots=True)
class WaitingLogin:
    """What the page shows that asks for approval."""

    code: str
    host: str
    ip: str
    expires: int


@dataclass(frozen=True, slots=True)
class Approval:
    """Whose token is to be issued, within what, and while the user's epoch is this."""

    user: str
    epoch: str
    options: TokenOptions


class Logins:
    """One record for each login that waits, at most 1000, each for at most five minutes."""

    def __init__(self, store: TokenStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def start(self, *, host: str = "", ip: str = "") -> StartedLogin:
        """A new login, asked for by the machine `host` (as it says) at `ip`. Raises TooManyRequests."""
        caller = _digest(ip)[:8]
        self._make_room(caller)
        expires = int(self._clock()) + LIFETIME
        login_id, secret = f"{expires:08x}{caller}{secrets.token_hex(12)}", secrets.token_hex(32)
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        code = f"{letters[:4]}-{letters[4:]}"
        record = {"secret": _digest(secret), "code": code, "host": host[:256], "ip": ip, "misses": 0, "approval": None}
        self._store.update(_PREFIX + login_id, lambda _: record)
        return StartedLogin(login_id, login_id + secret, code, expires)

    def show(self, login_id: str) -> WaitingLogin:
        """The login that waits for approval. Raises NotFound."""
        record = self._store.read(_PREFIX + login_id) if self._is_alive(login_id) else None
        if record is None or record["approval"] is not None:
            raise NotFound(_GONE)
        return WaitingLogin(record["code"], record["host"], record["ip"], int(login_id[:8], 16))

    def approve(self, login_id: str, code: str, approval: Approval) -> None:
        """Who waits will get a token. Raises NotFound; Forbidden for another code than the login's, five times."""
        self.show(login_id)
        typed = code.strip().upper()
        granted = {"user": approval.user, "epoch": approval.epoch, "options": approval.options.to_record()}

        def change(record: Record | None) -> Record | None:
            if record is None or record["approval"] is not None or record["misses"] >= MAX_MISSES:
                raise NotFound(_GONE)
            if not hmac.compare_digest(typed.encode(), record["code"].encode()):
                return {**record, "misses": record["misses"] + 1}
            return {**record, "approval": granted}

        record = self._store.update(_PREFIX + login_id, change)
        if record is None or record["approval"] != granted:
            raise Forbidden("this is not the code of the login")

    def take(self, done_id: str) -> Approval | None:
        """The approval, once; None while it is awaited. Raises NotFound."""
        login_id, secret = done_id[:_ID], done_id[_ID:]
        key = _PREFIX + login_id
        record = self._store.read(key) if self._is_alive(login_id) else None
        if record is None or not hmac.compare_digest(_digest(secret), record["secret"]):
            raise NotFound(_GONE)
        if record["approval"] is None:
            return None
        taker = secrets.token_hex(8)
        taken = self._store.update(key, lambda now: {**now, "taker": taker} if now and "taker" not in now else None)
        if taken is None or taken["taker"] != taker:
            raise NotFound(_GONE)
        self._store.delete(key)
        granted = taken["approval"]
        return Approval(granted["user"], granted["epoch"], read_options(granted["options"]))

    def _is_alive(self, login_id: str) -> bool:
        well_formed = len(login_id) == _ID and set(login_id) <= set("0123456789abcdef")
        return well_formed and self._clock() < int(login_id[:8], 16)

    def _make_room(self, caller: str) -> None:
        """Logins whose time is over are gone. Raises TooManyRequests when many still wait, in all or for the caller."""
        keys = list(self._store.keys(_PREFIX))
        waiting = [key for key in keys if self._is_alive(key.removeprefix(_PREFIX))]
        for key in set(keys).difference(waiting):
            self._store.delete(key)
        own = sum(key.startswith(caller, len(_PREFIX) + 8) for key in waiting)
        if len(waiting) >= MAX_WAITING or own >= MAX_WAITING_AT_ONE_ADDRESS:
            raise TooManyRequests("too many logins wait for approval", retry_after=60)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
