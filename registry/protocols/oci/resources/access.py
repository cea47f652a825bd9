"""What the resources of a registry ask of every request, and the paths that they answer with."""

from typing import Final
from urllib.parse import quote

from registry.auth.actor import Actor
from registry.core.digests import Digest
from registry.errors import Forbidden, MethodNotAllowed
from registry.http.request import Request
from registry.protocols.oci.names import RESERVED, Repository, parse_repository
from registry.protocols.oci.store.refusals import InsufficientScope

REPOSITORY: Final = "repository"
JWT: Final = "jwt"


def pullable(req: Request, name: str) -> Repository:
    """The repository that the path names, which the caller may pull from. Raises what `allowed` raises."""
    return allowed(req, name, "pull")[0]


def pushable(req: Request, name: str, source: str = "") -> tuple[Repository, Actor]:
    """The repository that the path names, and the caller, who may push to it; `source` is where a mount is from.

    Raises what `allowed` raises.
    """
    return allowed(req, name, "pull,push", source)


def deletable(req: Request, name: str) -> tuple[Repository, Actor]:
    """The repository that the path names, and the caller, who may delete from it.

    Raises MethodNotAllowed where nobody may, and what `allowed` raises.
    """
    found = allowed(req, name, "delete")
    if not req.mount.features["deletion"]:
        raise MethodNotAllowed(("GET", "HEAD"), "deleting is switched off")
    return found


def allowed(req: Request, name: str, actions: str, source: str = "") -> tuple[Repository, Actor]:
    """The repository, and the caller, who may do the last of the actions; a token should be good for all of them.

    Raises NameInvalid, Unauthenticated, Forbidden.
    """
    repository = parse_repository(name)
    wanted = f"{REPOSITORY}:{repository}:{actions}"
    req.context.scope = f"{wanted} {REPOSITORY}:{source}:pull" if source else wanted
    return repository, authorize(req, actions.rpartition(",")[2], REPOSITORY, repository)


def authorize(req: Request, action: str, kind: str, name: str) -> Actor:
    """The caller, who may do the action. Raises Unauthenticated, and Forbidden unless a better token would help."""
    try:
        return req.authorize(action, kind, name)
    except Forbidden as error:
        if has_token(req):
            raise InsufficientScope(error.message) from None
        raise


def has_token(req: Request) -> bool:
    """Whether the caller showed a signed token."""
    return req.actor.token is not None and req.actor.token.kind == JWT


def repository_path(req: Request, repository: Repository) -> str:
    """The path of the repository, in the form in which this request came: `/v2/…`, `/oci/v2/…` or `/oci/…`."""
    version = f"/{RESERVED}" if req.path.startswith(f"/{RESERVED}/") else ""
    return f"{req.entry_path}{version}/{quote(repository)}"


def blob_path(req: Request, repository: Repository, digest: Digest) -> str:
    """Where the blob is pulled."""
    return f"{repository_path(req, repository)}/blobs/{digest}"
