"""The document of a package at a known revision: owners, and what is unpublished."""

from typing import Any

import falcon

from registry.errors import Invalid
from registry.http.request import Request
from registry.http.sending import send_json
from registry.protocols.npm.names import PackageName, version_in_filename
from registry.protocols.npm.resources.site import PACKAGE, Site
from registry.protocols.npm.versions import check_tag


class PackumentRevision:
    """The document at the revision `rev`: sent back with other owners or less versions, or deleted."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_put(self, req: Request, resp: falcon.Response, package: str, rev: str) -> None:
        site = self._site
        name, actor, rights = site.changer(req, package)
        rights.check_write(site.packages.find(name))
        document = req.body.json(site.limits.max_document)
        match document:
            case {"versions": dict(versions)}:
                req.authorize("delete", PACKAGE, name)
                rev = site.packages.keep_only(name, versions, _tags(document.get("dist-tags")), rev, rights, actor)
            case {"maintainers": list(maintainers)}:
                owners = self._owners(maintainers)
                rev = site.packages.set_owners(name, lambda _: owners, rights, actor, rev)
            case _:
                raise Invalid("the document holds neither versions nor maintainers")
        send_json(resp, {"ok": True, "success": True, "id": name, "rev": rev}, 201)

    def on_delete(self, req: Request, resp: falcon.Response, package: str, rev: str) -> None:
        name, actor, rights = self._site.changer(req, package, "delete")
        self._site.packages.withdraw(name, rev, rights, actor)
        send_json(resp, {"ok": True})

    def _owners(self, maintainers: list[Any]) -> dict[str, str]:
        people = [each for each in maintainers if isinstance(each, dict)]
        if not people or len(people) != len(maintainers):
            raise Invalid("a package has one maintainer at least, each with a name")
        return dict(self._site.check_user(each.get("name")) for each in people)


class TarballRevision:
    """A tarball at a revision: deleted as the last step of unpublishing its version, which has happened already."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_delete(self, req: Request, resp: falcon.Response, package: str, filename: str, rev: str) -> None:
        name, actor, rights = self._site.changer(req, package, "delete")
        self._site.packages.remove(name, _version(name, filename), rights, actor)
        send_json(resp, {"ok": True})


def _version(name: PackageName, filename: str) -> str:
    version = version_in_filename(name, filename.rpartition("/")[2])
    if not version:
        raise Invalid(f"this is no file of {name}")
    return version


def _tags(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(version, str) for version in value.values()):
        raise Invalid("dist-tags is an object of versions")
    return {check_tag(tag): version for tag, version in value.items()}
