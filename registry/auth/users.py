"""Users, one record each."""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from registry.auth.passwords import Passwords
from registry.auth.scopes import EVERYTHING, Scopes, known_scopes, parse_scopes
from registry.auth.store import Record, TokenStore, create
from registry.core.keys import escape_segment, unescape_segment
from registry.errors import AlreadyExists, Invalid, NotFound

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PREFIX: Final = "users/"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody. `uid` never changes; `epoch` does when what was proven before shall no longer count."""

    name: str
    uid: str
    epoch: str
    created: int
    email: str = ""
    fullname: str = ""
    scopes: Scopes = EVERYTHING
    admin: bool = False
    has_password: bool = False


def is_user_name(text: str) -> bool:
    """Whether it may be the name of a user: 1 to 64 of a-z 0-9 . _ -, a letter or digit first (never `__token__`)."""
    return _NAME.fullmatch(text) is not None


class Users:
    """The users of the registry. `changed` is called with the name of each that changed or went."""

    def __init__(
        self,
        store: TokenStore,
        passwords: Passwords,
        *,
        changed: Callable[[str], None] = lambda name: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._changed = changed
        self._clock = clock

    def add(
        self,
        name: str,
        password: str | None = None,
        *,
        email: str = "",
        fullname: str = "",
        admin: bool = False,
        scopes: Iterable[str] | None = None,
    ) -> User:
        """The new user, who may do everything with packages unless `scopes` say less; no password: tokens only.

        Raises Invalid; AlreadyExists when the name is taken.
        """
        if not is_user_name(name):
            raise Invalid("a user name is 1 to 64 of a-z 0-9 . _ - and starts with a letter or digit")
        parsed = EVERYTHING if scopes is None else parse_scopes(scopes)
        record = {
            "name": name,
            "uid": secrets.token_hex(8),
            "epoch": secrets.token_hex(8),
            "created": int(self._clock()),
            "email": _check_email(email),
            "fullname": _check_fullname(fullname),
            "scopes": [str(scope) for scope in parsed],
            "admin": admin,
            "password": "" if password is None else self._passwords.hash(password),
        }
        if create(self._store, _key(name), record)["uid"] != record["uid"]:
            raise AlreadyExists(f"there is a user {name}")
        return _user(record)

    def get(self, name: str) -> User | None:
        """The user of that name, or None."""
        record = self._store.read(_key(name)) if is_user_name(name) else None
        return _user(record) if record else None

    def list(self) -> Iterator[User]:
        """All users, by name."""
        for key in self._store.keys(_PREFIX):
            user = self.get(unescape_segment(key.removeprefix(_PREFIX)))
            if user:
                yield user

    def remove(self, name: str) -> None:
        """The user is gone, and with the user whatever was proven or issued. Raises NotFound."""
        removed = is_user_name(name) and self._store.delete(_key(name))
        self._changed(name)
        if not removed:
            raise NotFound(f"there is no user {name[:100]!r}")

    def verify_password(self, name: str, password: str) -> User | None:
        """The user whose password it is, or None; takes as long for a user that does not exist."""
        record = (self._store.read(_key(name)) if is_user_name(name) else None) or {}
        return _user(record) if self._passwords.verify(password, record.get("password")) else None

    def set_password(self, name: str, password: str | None) -> User:
        """The user with a new password (None: with none); sessions and OCI tokens end, other tokens live on.

        Raises NotFound; Invalid.
        """
        return self._change(name, **self._new_password(password))

    def update_profile(
        self, name: str, *, email: str | None = None, fullname: str | None = None, password: str | None = None
    ) -> User:
        """The user with those fields changed that are not None, all of them or none; a password as `set_password` does.

        Raises NotFound; Invalid.
        """
        fields: dict[str, Any] = {}
        if email is not None:
            fields["email"] = _check_email(email)
        if fullname is not None:
            fields["fullname"] = _check_fullname(fullname)
        if password is not None:
            fields |= self._new_password(password)
        return self._change(name, **fields)

    def set_rights(self, name: str, *, scopes: Iterable[str] | None = None, admin: bool | None = None) -> User:
        """The user with those rights changed that are not None. Raises NotFound; Invalid."""
        fields: dict[str, Any] = {}
        if scopes is not None:
            fields["scopes"] = [str(scope) for scope in parse_scopes(scopes)]
        if admin is not None:
            fields["admin"] = admin
        return self._change(name, **fields)

    def _new_password(self, password: str | None) -> dict[str, str]:
        kept = "" if password is None else self._passwords.hash(password)
        return {"password": kept, "epoch": secrets.token_hex(8)}

    def _change(self, name: str, **fields: Any) -> User:
        def change(record: Record | None) -> Record:
            if record is None:
                raise NotFound(f"there is no user {name[:100]!r}")
            return {**record, **fields}

        record = self._store.update(_key(name), change) if is_user_name(name) else change(None)
        self._changed(name)
        return _user(record or {})


def _key(name: str) -> str:
    return _PREFIX + escape_segment(name)


def _check_email(text: str) -> str:
    if text and not _EMAIL.fullmatch(text):
        raise Invalid("not an e-mail address")
    return text


def _check_fullname(text: str) -> str:
    if len(text) > 256 or _CONTROL.search(text):
        raise Invalid("a full name has at most 256 characters and no control characters")
    return text


def _user(record: Record) -> User:
    return User(
        name=record["name"],
        uid=record["uid"],
        epoch=record["epoch"],
        created=record["created"],
        email=record["email"],
        fullname=record["fullname"],
        scopes=known_scopes(record["scopes"]),
        admin=record["admin"] is True,
        has_password=bool(record["password"]),
    )
