"""The simple repository API 1.4 in JSON. Spec: simple-repository-api (PEP 691, 700, 714, 740, 792)."""

from collections.abc import Iterable
from typing import Any

from registry.core.digests import hex_of
from registry.core.strict_json import render_json
from registry.protocols.pypi.index.file import File
from registry.protocols.pypi.index.project import Project
from registry.protocols.pypi.index.releases import list_versions
from registry.protocols.pypi.index.urls import file_path, provenance_url
from registry.protocols.pypi.names import ProjectName

API_VERSION = "1.4"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def render_file_json(file: File, project: ProjectName, base_url: str) -> bytes:
    """The member of `files` for one file. Its URL is relative to the project's page."""
    value: dict[str, Any] = {
        "filename": file.filename,
        "url": f"../../{file_path(project, file.filename)}",
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": file.uploaded,
        "yanked": file.yanked,
        # Never as `dist-info-metadata` as well: pip 22.3 to 23.1 crash on that key.
        "core-metadata": {"sha256": hex_of(file.core_metadata)} if file.core_metadata else False,
        "provenance": provenance_url(base_url, project, file.filename) if file.provenance else None,
    }
    if file.requires_python:
        value["requires-python"] = file.requires_python
    return render_json(value)


def render_project_json(project: Project, versions: Iterable[str], files: Iterable[bytes]) -> bytes:
    """The page of a project from the versions of its files and their members, rendered by `render_file_json`."""
    status = {"status": project.status.value} | ({"reason": project.reason} if project.reason else {})
    head = {
        "meta": {"api-version": API_VERSION, "_last-serial": project.revision},
        "name": project.name,
        "project-status": status,
        "versions": list_versions(versions),
    }
    return b'%b,"files":[%b]}' % (render_json(head)[:-1], b",".join(files))


def render_list_json(names: Iterable[str]) -> bytes:
    """The list of all projects, by their displayed names."""
    return render_json({"meta": {"api-version": API_VERSION}, "projects": [{"name": name} for name in names]})
