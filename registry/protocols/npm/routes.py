"""The paths of a registry, and npm as a protocol of this one."""

from collections.abc import Sequence

from registry.plugin import Mount, Protocol, Route, Services, references_of_catalog
from registry.protocols.npm import resources as npm
from registry.protocols.npm.errors import render_error
from registry.protocols.npm.names import FILENAME_PATTERN, PACKAGE_PATTERN
from registry.protocols.npm.setups import SETUPS
from registry.protocols.npm.store import Orgs, Packages, Signer, read_listing

PATTERNS = {"package": PACKAGE_PATTERN, "filename": FILENAME_PATTERN, "alias": rf"@[^/]+/{FILENAME_PATTERN}"}


def routes(mount: Mount, services: Services) -> Sequence[Route]:
    """The table of one registry. No package's name starts with `-`, so `/-/` is free for all else."""
    storage = services.storage
    signer = Signer(storage, mount.prefix)
    site = npm.Site(
        packages=Packages(services.catalog(mount, read_listing), storage.blobs, signer),
        orgs=Orgs(storage, mount.prefix),
        auth=services.auth,
        signer=signer,
        blobs=storage.blobs,
        limits=services.settings.limits,
    )
    return [*_caller_routes(site), *_sharing_routes(site), *_package_routes(site)]


def _caller_routes(site: npm.Site) -> list[Route]:
    """Who calls, what is found, and what is asked of the registry as a whole."""
    account, advisories, audit = npm.UserAccount(site), npm.Advisories(site), npm.Audit(site)
    return [
        Route("/-/ping", npm.Ping()),
        Route("/-/whoami", npm.Whoami()),
        Route("/-/v1/search", npm.Search(site)),
        Route("/-/v1/login", npm.WebLogin(site)),
        Route("/-/v1/done", npm.LoginDone(site)),
        Route("/-/user/org.couchdb.user:{user}", account),
        Route("/-/user/org.couchdb.user:{user}/-rev/{rev}", account),
        Route("/-/user/token/{token}", npm.PresentedToken(site)),
        Route("/-/npm/v1/user", npm.Profile(site)),
        Route("/-/npm/v1/tokens", npm.OwnTokens(site)),
        Route("/-/npm/v1/tokens/token/{token}", npm.OwnToken(site)),
        Route("/-/npm/v1/security/advisories/bulk", advisories),
        Route("/-/npm/v1/security/audits/quick", audit),
        Route("/-/npm/v1/security/audits", audit),
        Route("/-/npm/v1/keys", npm.SigningKeys(site)),
        Route("/-/npm/v1/attestations/{package}@{version}", npm.Attestations(site)),
        Route("/-/_view/starredByUser", npm.StarredBy(site)),
        Route("/-/user/v1/star", npm.OwnStars(site)),
        Route("/-/user/package/{package}/star", npm.PackageStar(site)),
        Route("/-/user/{user}/stars", npm.UserStars(site)),
    ]


def _sharing_routes(site: npm.Site) -> list[Route]:
    """Who may do what."""
    teams, team, members = npm.OrgTeams(site), npm.TeamItem(site), npm.TeamMembers(site)
    return [
        Route("/-/package/{package}/visibility", npm.Visibility(site)),
        Route("/-/package/{package}/access", npm.AccessLevel(site)),
        Route("/-/package/{package}/collaborators", npm.Collaborators(site)),
        Route("/-/package/{package}/owners", npm.Owners(site)),
        Route("/-/package/{package}/owners/{user}", npm.Owner(site)),
        Route("/-/user/{user}/package", npm.UserPackages(site)),
        Route("/-/org/{scope}/user", npm.OrgMembers(site)),
        Route("/-/org/{scope}/package", npm.OrgPackages(site)),
        Route("/-/org/{scope}/team", teams),
        Route("/-/team/{scope}/{team}", team),
        Route("/-/team/{scope}/{team}/user", members),
        Route("/-/team/{scope}/{team}/package", npm.TeamPackages(site)),
        # yarn 1 leaves out the dash.
        Route("/org/{scope}/team", teams),
        Route("/team/{scope}/{team}", team),
        Route("/team/{scope}/{team}/user", members),
    ]


def _package_routes(site: npm.Site) -> list[Route]:
    """The packages."""
    tarball, revision = npm.Tarball(site), npm.TarballRevision(site)
    return [
        Route("/-/package/{package}/dist-tags", npm.DistTags(site)),
        Route("/-/package/{package}/dist-tags/{tag}", npm.DistTag(site)),
        Route("/{package}/-rev/{rev}", npm.PackumentRevision(site)),
        Route("/{package}/-/{filename}", tarball),
        Route("/{package}/-/{filename}/-rev/{rev}", revision),
        # What publishers write into dist.tarball, and GitLab serves.
        Route("/{package}/-/{filename:alias}", tarball),
        Route("/{package}/-/{filename:alias}/-rev/{rev}", revision),
        Route("/{package}", npm.Packument(site)),
        Route("/{package}/{version}", npm.Manifest(site)),
    ]


PROTOCOL = Protocol(
    name="npm",
    title="npm",
    patterns=PATTERNS,
    routes=routes,
    dialect=render_error,
    references=references_of_catalog(read_listing),
    setups=SETUPS,
)
