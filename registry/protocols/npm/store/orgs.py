"""Organisations: who belongs to a scope, and what its teams may do. One record for each scope that has one.

A scope without an organisation is open: whoever may publish may publish there. With one, only its members add
packages to it, and a team that has the `read-write` permission for a package may publish to it like its owners.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

from registry.auth.actor import Actor
from registry.core.keys import escape_segment, join_key
from registry.core.strict_json import parse_json, render_json
from registry.errors import Forbidden, Invalid, NotFound
from registry.protocols.npm.names import PackageName, scope_of
from registry.protocols.npm.store.rights import Rights
from registry.storage.driver import Object
from registry.storage.storage import Storage

Role = Literal["developer", "admin", "owner"]
Grant = Literal["read-only", "read-write"]

ROLES: Final[tuple[Role, ...]] = ("developer", "admin", "owner")
GRANTS: Final[tuple[Grant, ...]] = ("read-only", "read-write")
READ_WRITE: Final = "read-write"


@dataclass(frozen=True, slots=True)
class Team:
    """Some members, and what they may do, by package."""

    description: str = ""
    users: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Org:
    """The organisation of a scope: roles by user, teams by name."""

    scope: str
    members: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)

    def is_run_by(self, user: str | None) -> bool:
        """Whether the user may change it."""
        return user is not None and self.members.get(user) in ("owner", "admin")

    @property
    def owners(self) -> frozenset[str]:
        """The users who alone say who is an owner."""
        return frozenset(user for user, role in self.members.items() if role == "owner")

    def team(self, name: str) -> Team:
        """The team. Raises NotFound."""
        if name not in self.teams:
            raise NotFound(f"Not found: there is no team {self.scope}:{name}")
        return self.teams[name]

    def with_team(self, name: str, team: Team) -> "Org":
        """The same with the team, new or changed."""
        return replace(self, teams={**self.teams, name: team})

    def without_team(self, name: str) -> "Org":
        """The same without the team. Raises NotFound."""
        self.team(name)
        return replace(self, teams={each: team for each, team in self.teams.items() if each != name})

    def with_member(self, user: str, role: str) -> "Org":
        """The same with the user in that role. Raises Invalid for another role of the last owner."""
        return replace(self, members=self._with_owner({**self.members, user: role}))

    def without_member(self, user: str) -> "Org":
        """The same without the user, in no team either. Raises Invalid for the last owner."""
        members = self._with_owner({name: role for name, role in self.members.items() if name != user})
        teams = {
            name: replace(team, users=tuple(each for each in team.users if each != user))
            for name, team in self.teams.items()
        }
        return replace(self, members=members, teams=teams)

    def grants(self, package: str) -> dict[str, str]:
        """What the teams may do with the package, by user; the most of what several say."""
        granted: dict[str, str] = {}
        for team in self.teams.values():
            if package in team.packages:
                for user in team.users:
                    granted[user] = max(granted.get(user, ""), team.packages[package])
        return granted

    def _with_owner(self, members: Mapping[str, str]) -> Mapping[str, str]:
        """The members, one of whom is an owner. Raises Invalid."""
        if "owner" not in members.values():
            raise Invalid(f"an organisation needs an owner; this would leave {self.scope} without one")
        return members


class Orgs:
    """The organisations of one registry."""

    def __init__(self, storage: Storage, prefix: str) -> None:
        self._storage = storage
        self._prefix = join_key(prefix, "_orgs")

    def find(self, scope: str) -> Org | None:
        """The organisation of the scope, or None."""
        found = self._storage.read(self._key(scope))
        return _parse(scope, found.data) if isinstance(found, Object) else None

    def get(self, scope: str) -> Org:
        """The organisation of the scope. Raises NotFound."""
        org = self.find(scope)
        if org is None:
            raise NotFound(f"Not found: there is no organisation {scope}")
        return org

    def found(self, scope: str, actor: Actor) -> None:
        """There is an organisation of the scope, founded by the actor if there was none. Raises Forbidden."""
        if self.find(scope) is None:
            if not actor.admin:
                raise Forbidden(f"there is no organisation {scope}, and only an administrator can found it")
            org = Org(scope, {actor.user or "": "owner"})
            self._storage.update(self._key(scope), lambda data: _render(org) if data is None else None)

    def update(self, scope: str, actor: Actor, change: Callable[[Org], Org]) -> Org:
        """The organisation after the change, which only who runs it can make, and only an owner if owners change.

        Raises NotFound and Forbidden, and what the change raises.
        """

        def change_bytes(data: bytes | None) -> bytes:
            if data is None:
                raise NotFound(f"Not found: there is no organisation {scope}")
            org = _parse(scope, data)
            if not (actor.admin or org.is_run_by(actor.user)):
                raise Forbidden(f"only owners and administrators of {scope} change it")
            changed = change(org)
            if changed.owners != org.owners and not (actor.admin or actor.user in org.owners):
                raise Forbidden(f"only owners of {scope} say who is an owner")
            return _render(changed)

        found = self._storage.update(self._key(scope), change_bytes)
        return _parse(scope, found.data if found else b"")

    def rights(self, actor: Actor, name: PackageName) -> Rights:
        """What the actor, who is somebody, may do with the package without being its owner."""
        user = actor.user or ""
        org = self.find(scope_of(name)) if scope_of(name) and not actor.admin else None
        if org is None:
            return Rights(user, actor.email, writes=actor.admin, owns=actor.admin)
        writes = org.grants(name).get(user) == READ_WRITE
        return Rights(user, actor.email, writes=writes, creates=user in org.members)

    def _key(self, scope: str) -> str:
        return join_key(self._prefix, escape_segment(scope))


def _parse(scope: str, data: bytes) -> Org:
    record = parse_json(data)
    teams = {
        name: Team(team["description"], tuple(team["users"]), team["packages"])
        for name, team in record["teams"].items()
    }
    return Org(scope, record["members"], teams)


def _render(org: Org) -> bytes:
    teams: dict[str, Any] = {name: asdict(team) for name, team in org.teams.items()}
    return render_json({"members": dict(org.members), "teams": teams})
