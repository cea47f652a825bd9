"""What the resources of one registry share, and what they ask of every request."""

from dataclasses import dataclass

from registry.auth.actor import Actor
from registry.auth.service import Auth
from registry.catalog.search import Visible
from registry.config import LimitSettings
from registry.errors import Forbidden, NotFound, Unauthenticated
from registry.http.request import Request
from registry.protocols.npm.index import PUBLIC, RESTRICTED
from registry.protocols.npm.names import PackageName, parse_name
from registry.protocols.npm.store import Orgs, Packages, Rights, Signer
from registry.storage.blobs import Blobs

PACKAGE = "package"
ORG = "org"
USER = "user"

MAX_BODY = 64 * 1024
"""Bytes of a request that sends neither tarballs nor documents of packages."""


@dataclass(frozen=True, slots=True)
class Site:
    """The parts of one registry.

    A package is read by who may read its name; one that is restricted, by those only whose own rights cover it. It is
    changed by who may write (or delete) its name and is one of its owners, in a team that may write to it, or an
    administrator.
    """

    packages: Packages
    orgs: Orgs
    auth: Auth
    signer: Signer
    blobs: Blobs
    limits: LimitSettings

    def readable(self, req: Request, package: str) -> PackageName:
        """The name in the path, which the caller may read. Raises NameInvalid, Unauthenticated, Forbidden."""
        name = parse_name(package)
        req.authorize("read", PACKAGE, name)
        return name

    def check_access(self, req: Request, name: str, access: str) -> None:
        """The caller may see the package, which has this access. Raises Unauthenticated, Forbidden."""
        if access != RESTRICTED:
            return
        if req.actor.user is None:
            raise Unauthenticated("this package is restricted: log in to read it")
        if not any(req.actor.allows(req.permission(action, PACKAGE, name)) for action in ("read", "write")):
            raise Forbidden("this package is restricted")

    def visible(self, req: Request) -> Visible | None:
        """The names that the caller may find; None for all. Raises Unauthenticated where a login would show some."""
        if req.allows("read", PACKAGE, "*"):
            return None
        req.require_user()
        return lambda name: req.allows("read", PACKAGE, name)

    def labels(self, req: Request) -> tuple[str, ...]:
        """What a package has to be labelled for the caller to find it: public, unless the caller may read them all."""
        return () if req.actor.allows(req.permission("read", PACKAGE, "*")) else (PUBLIC,)

    def changer(self, req: Request, package: str, action: str = "write") -> tuple[PackageName, Actor, Rights]:
        """The name in the path, the caller, who may do `action` to it, and the caller's rights besides owners'.

        Raises NameInvalid, Unauthenticated, Forbidden.
        """
        name = parse_name(package)
        actor = req.authorize(action, PACKAGE, name)
        return name, actor, self.orgs.rights(actor, name)

    def self_changer(self, req: Request) -> Actor:
        """The caller, who may change what concerns nobody else. Raises Unauthenticated and Forbidden."""
        return req.authorize("write", USER, req.require_user().user or "")

    def check_user(self, name: object) -> tuple[str, str]:
        """Name and e-mail address of the user. Raises NotFound."""
        user = self.auth.users.get(name) if isinstance(name, str) else None
        if user is None:
            raise NotFound(f"Not found: there is no user {str(name)[:100]}")
        return user.name, user.email
