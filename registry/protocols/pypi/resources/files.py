"""Files and what is known of them. Their names never get other bytes, so clients keep them for ever."""

import falcon

from registry.core.digests import Digest
from registry.errors import NotFound
from registry.http.request import Request
from registry.http.sending import OCTET_STREAM, send_blob
from registry.protocols.pypi.resources.access import allow_any_origin, changeable_project, readable_project
from registry.protocols.pypi.store import Projects, of_name
from registry.storage.blobs import Blobs

PROVENANCE = "application/vnd.pypi.integrity.v1+json"


class DistributionFile:
    """A wheel or sdist."""

    def __init__(self, projects: Projects, blobs: Blobs) -> None:
        self._projects = projects
        self._blobs = blobs

    def on_get(self, req: Request, resp: falcon.Response, project: str, filename: str) -> None:
        file = self._projects.file(readable_project(req, project), filename)
        allow_any_origin(req, resp)
        # Never as a gzipped tar: clients would unpack what they have to hash.
        send_blob(req, resp, self._blobs, file.digest, content_type=OCTET_STREAM, filename=filename)

    def on_delete(self, req: Request, resp: falcon.Response, project: str, filename: str) -> None:
        name, actor = changeable_project(req, project, "delete")
        self._projects.delete(name, of_name(filename), actor)
        resp.status = falcon.HTTP_204


class FileMetadata:
    """The METADATA of a wheel (PEP 658)."""

    def __init__(self, projects: Projects, blobs: Blobs) -> None:
        self._projects = projects
        self._blobs = blobs

    def on_get(self, req: Request, resp: falcon.Response, project: str, filename: str) -> None:
        file = self._projects.file(readable_project(req, project), filename)
        allow_any_origin(req, resp)
        send_blob(req, resp, self._blobs, _present(file.core_metadata), filename=f"{filename}.metadata")


class FileProvenance:
    """The attestations of a file (PEP 740)."""

    def __init__(self, projects: Projects, blobs: Blobs) -> None:
        self._projects = projects
        self._blobs = blobs

    def on_get(self, req: Request, resp: falcon.Response, project: str, filename: str) -> None:
        file = self._projects.file(readable_project(req, project), filename)
        allow_any_origin(req, resp)
        send_blob(req, resp, self._blobs, _present(file.provenance), content_type=PROVENANCE)


def _present(digest: Digest | None) -> Digest:
    if digest is None:
        raise NotFound("this file has none")
    return digest
