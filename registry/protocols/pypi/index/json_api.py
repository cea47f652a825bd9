"""The JSON API of pypi.org, never standardised. Spec: docs.pypi.org/api/json."""

from collections.abc import Mapping, Sequence
from typing import Any

from registry.core.digests import hex_of
from registry.core.strict_json import render_json
from registry.protocols.pypi.index.file import File
from registry.protocols.pypi.index.project import Project
from registry.protocols.pypi.index.releases import Releases, is_yanked
from registry.protocols.pypi.index.urls import file_path
from registry.protocols.pypi.names import ProjectName

_COPIED = (
    "author",
    "author_email",
    "description",
    "description_content_type",
    "download_url",
    "dynamic",
    "home_page",
    "license",
    "license_expression",
    "license_files",
    "maintainer",
    "maintainer_email",
    "project_urls",
    "provides_extra",
    "requires_dist",
    "requires_python",
    "summary",
)
_UNCOUNTED = {"last_day": -1, "last_month": -1, "last_week": -1}

Metadata = Mapping[str, Any]


def render_release_api(
    project: Project, version: str, files: Sequence[File], metadata: Metadata, base_url: str
) -> bytes:
    """The document of one release with these files; `metadata` are the core metadata fields that speak for it."""
    return render_json(_document(project, version, files, metadata, base_url))


def render_project_api(project: Project, version: str, releases: Releases, metadata: Metadata, base_url: str) -> bytes:
    """The document of a project: that of its release `version`, and the files of all releases."""
    document = _document(project, version, releases[version], metadata, base_url)
    listed = {each: [_file(file, project.name, base_url) for file in files] for each, files in releases.items()}
    return render_json(document | {"releases": listed})


def _document(
    project: Project, version: str, files: Sequence[File], metadata: Metadata, base_url: str
) -> dict[str, Any]:
    return {
        "info": _info(project, version, files, metadata, base_url),
        "last_serial": project.revision,
        "urls": [_file(file, project.name, base_url) for file in files],
        "vulnerabilities": [],
    }


def _info(project: Project, version: str, files: Sequence[File], metadata: Metadata, base_url: str) -> dict[str, Any]:
    page = f"{base_url}/simple/{project.name}/"
    return {name: metadata.get(name) for name in _COPIED} | {
        "bugtrack_url": None,
        "classifiers": metadata.get("classifiers", []),
        "docs_url": None,
        "downloads": _UNCOUNTED,
        "keywords": ",".join(metadata.get("keywords", [])) or None,
        "name": metadata.get("name", project.display),
        "package_url": page,
        "platform": ",".join(metadata.get("platforms", [])) or None,
        "project_url": page,
        "release_url": f"{base_url}/{project.name}/{version}/json",
        "version": version,
        "yanked": is_yanked(files),
        "yanked_reason": _yanked_reason(files),
    }


def _yanked_reason(files: Sequence[File]) -> str | None:
    reasons = [file.yanked for file in files if isinstance(file.yanked, str)]
    return reasons[0] if reasons and is_yanked(files) else None


def _file(file: File, project: ProjectName, base_url: str) -> dict[str, Any]:
    return {
        "comment_text": file.comment or None,
        "core-metadata": {"sha256": hex_of(file.core_metadata)} if file.core_metadata else False,
        "digests": {**file.hashes, "sha256": file.sha256},
        "downloads": -1,
        "filename": file.filename,
        "has_sig": False,
        "md5_digest": file.hashes.get("md5"),
        "packagetype": file.filetype,
        "python_version": file.python,
        "requires_python": file.requires_python,
        "size": file.size,
        "upload_time": file.uploaded[:19],
        "upload_time_iso_8601": file.uploaded,
        "url": f"{base_url}/{file_path(project, file.filename)}",
        "yanked": bool(file.yanked),
        "yanked_reason": file.yanked if isinstance(file.yanked, str) else None,
    }
