"""What answers at the paths of an index."""

from registry.protocols.pypi.resources.files import DistributionFile, FileMetadata, FileProvenance
from registry.protocols.pypi.resources.json_api import ProjectDocument, ReleaseDocument
from registry.protocols.pypi.resources.projects import ProjectStatus, Release, Yank
from registry.protocols.pypi.resources.simple import SimpleList, SimplePage
from registry.protocols.pypi.resources.upload import Upload

__all__ = [
    "DistributionFile",
    "FileMetadata",
    "FileProvenance",
    "ProjectDocument",
    "ProjectStatus",
    "Release",
    "ReleaseDocument",
    "SimpleList",
    "SimplePage",
    "Upload",
    "Yank",
]
