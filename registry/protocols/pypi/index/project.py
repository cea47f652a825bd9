"""What holds for a project as a whole: the state of its ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.protocols.pypi.names import ProjectName


class Status(StrEnum):
    """The status markers of PEP 792."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    QUARANTINED = "quarantined"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class Project:
    """A project without its files.

    `display` is the name as first spelled, `latest` the name of the file that speaks for the project in listings, or
    "" where there is none; `revision` counts the changes made to the project.
    """

    name: ProjectName
    display: str
    status: Status = Status.ACTIVE
    reason: str = ""
    latest: str = ""
    revision: int = 0

    @property
    def takes_uploads(self) -> bool:
        """Whether files may be added."""
        return self.status in {Status.ACTIVE, Status.DEPRECATED}

    @property
    def offers_files(self) -> bool:
        """Whether files may be seen and downloaded."""
        return self.status is not Status.QUARANTINED

    def to_state(self) -> dict[str, Any]:
        """The state of the ledger."""
        return {"display": self.display, "status": self.status.value, "reason": self.reason, "latest": self.latest}

    @classmethod
    def from_state(cls, name: str, state: Mapping[str, Any], revision: int) -> "Project":
        """The project whose ledger is called `name`, has this state and this revision."""
        return cls(
            ProjectName(name),
            state.get("display", name),
            Status(state.get("status", Status.ACTIVE)),
            state.get("reason", ""),
            state.get("latest", ""),
            revision,
        )
