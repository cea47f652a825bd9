"""What answers at the paths of a registry, named for the nouns of npm."""

from registry.protocols.npm.resources.account import OwnToken, OwnTokens, Ping, Profile, Whoami
from registry.protocols.npm.resources.login import LoginDone, PresentedToken, UserAccount, WebLogin
from registry.protocols.npm.resources.orgs import (
    OrgMembers,
    OrgPackages,
    OrgTeams,
    TeamItem,
    TeamMembers,
    TeamPackages,
    UserPackages,
)
from registry.protocols.npm.resources.packument import Manifest, Tarball
from registry.protocols.npm.resources.publish import Packument
from registry.protocols.npm.resources.revisions import PackumentRevision, TarballRevision
from registry.protocols.npm.resources.search import Search
from registry.protocols.npm.resources.security import Advisories, Attestations, Audit, SigningKeys
from registry.protocols.npm.resources.sharing import AccessLevel, Collaborators, Owner, Owners, Visibility
from registry.protocols.npm.resources.site import Site
from registry.protocols.npm.resources.stars import OwnStars, PackageStar, StarredBy, UserStars
from registry.protocols.npm.resources.tags import DistTag, DistTags

__all__ = [
    "AccessLevel",
    "Advisories",
    "Attestations",
    "Audit",
    "Collaborators",
    "DistTag",
    "DistTags",
    "LoginDone",
    "Manifest",
    "OrgMembers",
    "OrgPackages",
    "OrgTeams",
    "OwnStars",
    "OwnToken",
    "OwnTokens",
    "Owner",
    "Owners",
    "PackageStar",
    "Packument",
    "PackumentRevision",
    "Ping",
    "PresentedToken",
    "Profile",
    "Search",
    "SigningKeys",
    "Site",
    "StarredBy",
    "Tarball",
    "TarballRevision",
    "TeamItem",
    "TeamMembers",
    "TeamPackages",
    "UserAccount",
    "UserPackages",
    "UserStars",
    "Visibility",
    "WebLogin",
    "Whoami",
]
