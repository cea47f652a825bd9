"""Who may change a package: its owners, whom its teams let, and the administrators of the registry."""

from dataclasses import dataclass

from registry.errors import Forbidden
from registry.protocols.npm.index import Package


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do with one package even without being one of its owners.

    `writes`: publish to it and change its versions and tags. `owns`: all that owners may. `creates`: publish its first
    version.
    """

    user: str
    email: str = ""
    writes: bool = False
    owns: bool = False
    creates: bool = True

    def check_write(self, package: Package) -> None:
        """The package, which may be new, may be changed. Raises Forbidden."""
        if self.writes or self._is_owner(package):
            return
        if package.owners:
            raise self._refusal(package, "is not one of its maintainers")
        if not self.creates:
            raise self._refusal(package, "does not belong to the organisation of its scope")

    def check_own(self, package: Package) -> None:
        """It may be decided who else changes and reads the package. Raises Forbidden."""
        if not self._is_owner(package):
            raise self._refusal(package, "is not one of its maintainers")

    def _is_owner(self, package: Package) -> bool:
        return self.owns or self.user in package.owners

    def _refusal(self, package: Package, reason: str) -> Forbidden:
        return Forbidden(f"{self.user} may not publish or change {package.name}: {self.user} {reason}")
