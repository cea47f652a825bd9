"""Who may change a package: its owners, whom its teams let, and the administrators of the registry."""

from dataclasses import dataclass

from registry.errors import Forbidden
from registry.protocols.npm.index import Package


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do with one package even without being an owner.

    `writes`: change it as if an owner. `creates`: publish its first version.
    """

    user: str
    email: str = ""
    writes: bool = False
    creates: bool = True

    def may_write(self, package: Package) -> bool:
        """Whether the package, which may be new, may be changed."""
        if not package.owners:
            return self.writes or self.creates
        return self.writes or self.user in package.owners

    def check_write(self, package: Package) -> None:
        """The package may be changed. Raises Forbidden."""
        if not self.may_write(package):
            reason = "is not one of its maintainers" if package.owners else "is no member of its organisation"
            raise Forbidden(f"{self.user} may not publish or change {package.name}: {self.user} {reason}")
