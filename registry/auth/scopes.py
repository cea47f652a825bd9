"""What may be done: `mount:type:name:action`, the type parsed from the left and the action from the right.

A name may hold `:`. `*` stands for a whole field, or for the trailing segment of a name (`team/*`, `com.example.*`,
`com.example:*`). Whatever is not known is denied.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from registry.errors import Invalid

READING: Final = frozenset({"read", "pull"})
ACTIONS: Final = READING | {"write", "delete", "admin", "push"}
MAX_SCOPE: Final = 512
MAX_SCOPES: Final = 100

_WORD: Final = re.compile(r"[a-z0-9][a-z0-9._-]*|\*")
_NAME: Final = re.compile(r"\*|[!-)+-~]+|[!-)+-~]+[/.:]\*")
_TRAILING: Final = ("/*", ".*", ":*")


@dataclass(frozen=True, slots=True)
class Permission:
    """What is asked: to do `action` on the object `name` of `type` in the mount with this id."""

    mount: str
    type: str
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of permissions."""

    mount: str
    type: str
    name: str
    action: str

    def allows(self, permission: Permission) -> bool:
        """Whether the permission is in the set; never one with an unknown action or an empty field."""
        return (
            permission.action in ACTIONS
            and bool(permission.mount and permission.type and permission.name)
            and self.mount in ("*", permission.mount)
            and self.type in ("*", permission.type)
            and self.action in ("*", permission.action)
            and self._covers(permission.name)
        )

    def _covers(self, name: str) -> bool:
        if self.name.endswith(_TRAILING):
            stem = self.name[:-1]
            return name.startswith(stem) and name != stem
        return self.name in ("*", name)

    def __str__(self) -> str:
        return f"{self.mount}:{self.type}:{self.name}:{self.action}"


Scopes = tuple[Scope, ...]

EVERYTHING: Final[Scopes] = (Scope("*", "*", "*", "*"),)
READ_ONLY: Final[Scopes] = tuple(Scope("*", "*", "*", action) for action in sorted(READING))


def parse_scope(text: str) -> Scope:
    """The scope that the text stands for. Raises Invalid."""
    mount, _, rest = text.partition(":")
    kind, _, rest = rest.partition(":")
    name, _, action = rest.rpartition(":")
    words = _WORD.fullmatch(mount) and _WORD.fullmatch(kind)
    if len(text) > MAX_SCOPE or not words or not _NAME.fullmatch(name) or action not in ACTIONS | {"*"}:
        raise Invalid(f"not a scope: {text[:100]!r}; write mount:type:name:action, as in npm:package:@acme/*:write")
    return Scope(mount, kind, name, action)


def parse_scopes(texts: Iterable[str]) -> Scopes:
    """The scopes that the texts stand for, at most 100. Raises Invalid."""
    scopes = tuple(parse_scope(text) for text in texts)
    if len(scopes) > MAX_SCOPES:
        raise Invalid(f"more than {MAX_SCOPES} scopes")
    return scopes


def known_scopes(texts: Iterable[str]) -> Scopes:
    """The scopes among the texts of a record; one that a newer release wrote and this one cannot read is left out."""
    scopes = []
    for text in texts:
        with suppress(Invalid):
            scopes.append(parse_scope(text))
    return tuple(scopes)


def permits(scopes: Scopes, permission: Permission) -> bool:
    """Whether one of the scopes allows it; no scopes allow nothing."""
    return any(scope.allows(permission) for scope in scopes)
