"""The scopes of the distribution token specification: `repository:team/app:pull,push`."""

import re
from dataclasses import dataclass
from typing import Any, Final

from registry.auth.scopes import Scope, Scopes

ACTIONS: Final = ("pull", "push", "delete")
TYPES: Final = ("repository", "registry")

_NAME: Final = re.compile(r"[!-)+-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Access:
    """Actions on one named thing."""

    type: str
    name: str
    actions: tuple[str, ...]

    def to_claim(self) -> dict[str, Any]:
        """The member of a token's `access` list."""
        return {"type": self.type, "name": self.name, "actions": list(self.actions)}

    def to_scopes(self, mount: str) -> Scopes:
        """The same in our own words."""
        return tuple(Scope(mount, self.type, self.name, action) for action in self.actions)


def parse_access(text: str) -> Access | None:
    """What a `scope=` parameter asks for, `*` being all actions; None for what this registry does not know.

    The type ends at the first colon and may carry a class, `repository(plugin)`; the actions begin at the last, since
    a name may hold the port of a host.
    """
    kind, _, rest = text.partition(":")
    name, _, listed = rest.rpartition(":")
    asked = listed.split(",")
    actions = tuple(action for action in ACTIONS if action in asked or "*" in asked)
    kind = kind.partition("(")[0]
    return Access(kind, name, actions) if kind in TYPES and _NAME.fullmatch(name) and actions else None


def read_claim(claim: Any) -> Access | None:
    """The access in a member of an `access` list, None when it is not one that this registry issues."""
    match claim:
        case {"type": str(kind), "name": str(name), "actions": [*actions]}:
            known = tuple(action for action in ACTIONS if action in actions)
            return Access(kind, name, known) if kind in TYPES and _NAME.fullmatch(name) else None
    return None
