"""A mount: one protocol at one base path, as the edge sees it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry.errors import RegistryError

if TYPE_CHECKING:
    from registry.http.request import Request


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """A refusal in the words of one protocol; `reason` replaces the standard reason phrase of the status line."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


Dialect = Callable[[RegistryError, "Request"], ErrorBody]


@dataclass(frozen=True, slots=True)
class Mount:
    """`id` is the first field of scopes; `path` starts with a slash and ends without; `prefix` starts storage keys.

    Paths under `root_paths` belong to the mount too, although they lie outside its base path.
    """

    id: str
    protocol: str
    path: str
    prefix: str
    dialect: Dialect
    registry_url: str = ""
    root_paths: tuple[str, ...] = ()
    features: Mapping[str, Any] = field(default_factory=dict)
