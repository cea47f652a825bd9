"""Who may read and change which package: asked here for every path."""

from registry.auth.actor import Actor
from registry.errors import Unauthenticated
from registry.http.request import Request
from registry.protocols.npm.index import RESTRICTED
from registry.protocols.npm.names import PackageName
from registry.protocols.npm.store import Rights

PACKAGE = "package"


def check_read(req: Request, name: PackageName) -> None:
    """The caller may read packages of that name. Raises Unauthenticated and Forbidden."""
    req.authorize("read", PACKAGE, name)


def check_access(req: Request, access: str) -> None:
    """The caller may see a package with this access: a restricted one is for users only. Raises Unauthenticated."""
    if access == RESTRICTED and req.actor.user is None:
        raise Unauthenticated("this package is restricted: log in to read it")


def authorize_change(req: Request, name: PackageName, action: str = "write") -> tuple[Actor, Rights]:
    """The caller, who may do `action` to packages of that name, and what the package's owners are asked besides."""
    actor = req.authorize(action, PACKAGE, name)
    return actor, Rights(actor.user or "", actor.email, writes=actor.admin)
