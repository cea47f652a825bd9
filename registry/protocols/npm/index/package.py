"""What holds for a package as a whole: the state of its ledger."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.protocols.npm.names import PackageName

PUBLIC = "public"
RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True)
class Package:
    """A package without its versions.

    `tags` point at versions; `owners` are e-mail addresses (or "") by user name; `stars` the users who like it. Those
    who may read a `restricted` package are never anonymous. `rev` changes with each change.
    """

    name: PackageName
    tags: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    stars: tuple[str, ...] = ()
    access: str = PUBLIC
    rev: str = "0-0"

    @property
    def maintainers(self) -> list[dict[str, str]]:
        """The owners as documents name them."""
        return [person(name, email) for name, email in self.owners.items()]

    def to_state(self) -> dict[str, Any]:
        """The state of the ledger."""
        return {
            "tags": dict(self.tags),
            "owners": dict(self.owners),
            "stars": list(self.stars),
            "access": self.access,
        }

    @classmethod
    def from_state(cls, name: str, state: Mapping[str, Any], revision: int, modified: int) -> "Package":
        """The package whose ledger is called `name`, has this state, this revision and was modified at that time."""
        proof = hashlib.sha256(f"{name} {revision} {modified}".encode()).hexdigest()[:16]
        return cls(
            PackageName(name),
            tags=state.get("tags", {}),
            owners=state.get("owners", {}),
            stars=tuple(state.get("stars", ())),
            access=state.get("access", PUBLIC),
            rev=f"{revision}-{proof}",
        )


def person(name: str, email: str) -> dict[str, str]:
    """A user as documents name one."""
    return {"name": name, "email": email} if email else {"name": name}
