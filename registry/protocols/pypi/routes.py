"""The paths of an index, and the index as a protocol of the registry."""

from collections.abc import Sequence

from registry.plugin import Mount, Protocol, Route, Services, references_of_catalog
from registry.protocols.pypi.errors import render_error
from registry.protocols.pypi.names import FILENAME_PATTERN, PROJECT_PATTERN
from registry.protocols.pypi.resources import (
    DistributionFile,
    FileMetadata,
    FileProvenance,
    ProjectDocument,
    ProjectStatus,
    Release,
    ReleaseDocument,
    SimpleList,
    SimplePage,
    Upload,
    Yank,
)
from registry.protocols.pypi.setups import SETUPS
from registry.protocols.pypi.store import Projects, of_name, of_release, read_listing

PATTERNS = {
    "project": PROJECT_PATTERN,
    "filename": FILENAME_PATTERN,
    "version": r"[A-Za-z0-9][A-Za-z0-9._+!-]*",
}


def routes(mount: Mount, services: Services) -> Sequence[Route]:
    """The table of one index. What is at fixed paths goes before projects, which may have any name."""
    blobs = services.storage.blobs
    projects = Projects(services.catalog(mount, read_listing), blobs)
    simple_list, simple_page = SimpleList(projects), SimplePage(projects)
    upload = Upload(projects, blobs, services.settings.limits)
    return [
        Route("/simple/", simple_list),
        Route("/simple", simple_list),
        Route("/simple/{project}/", simple_page),
        Route("/simple/{project}", simple_page),
        Route("/packages/{project}/{filename}.metadata", FileMetadata(projects, blobs)),
        Route("/packages/{project}/{filename}.provenance", FileProvenance(projects, blobs)),
        Route("/packages/{project}/{filename}", DistributionFile(projects, blobs)),
        Route("/packages/{project}/{target:filename}/yank", Yank(projects, of_name)),
        Route("/", upload),
        Route("/legacy/", upload),
        Route("/legacy", upload),
        # hatch looks here for what it is about to upload.
        Route("/+simple/{project}/", simple_page),
        Route("/legacy/+simple/{project}/", simple_page),
        Route("/{project}/json", ProjectDocument(projects)),
        Route("/{project}/status", ProjectStatus(projects)),
        Route("/{project}/{version}/json", ReleaseDocument(projects)),
        Route("/{project}/{target:version}/yank", Yank(projects, of_release)),
        Route("/{project}/{version}", Release(projects)),
    ]


PROTOCOL = Protocol(
    name="pypi",
    title="PyPI",
    patterns=PATTERNS,
    routes=routes,
    dialect=render_error,
    references=references_of_catalog(read_listing),
    root_paths=("/simple", "/packages"),
    setups=SETUPS,
)
