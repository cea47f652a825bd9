"""The documents that clients read, rendered from what the ledger of a project keeps."""

from registry.protocols.pypi.index.file import About, File, is_tombstone, list_files, tombstone
from registry.protocols.pypi.index.json_api import render_project_api, render_release_api
from registry.protocols.pypi.index.project import Project, Status
from registry.protocols.pypi.index.releases import (
    Releases,
    describing_file,
    group_releases,
    is_yanked,
    latest_version,
    list_versions,
    rank,
)
from registry.protocols.pypi.index.simple_html import (
    SIMPLE_HTML,
    render_file_html,
    render_list_html,
    render_project_html,
)
from registry.protocols.pypi.index.simple_json import (
    SIMPLE_JSON,
    render_file_json,
    render_list_json,
    render_project_json,
)

__all__ = [
    "SIMPLE_HTML",
    "SIMPLE_JSON",
    "About",
    "File",
    "Project",
    "Releases",
    "Status",
    "describing_file",
    "group_releases",
    "is_tombstone",
    "is_yanked",
    "latest_version",
    "list_files",
    "list_versions",
    "rank",
    "render_file_html",
    "render_file_json",
    "render_list_html",
    "render_list_json",
    "render_project_api",
    "render_project_html",
    "render_project_json",
    "render_release_api",
    "tombstone",
]
