"""The simple repository API 1.4 in HTML. Spec: simple-repository-api (PEP 503, 592, 629); frozen by PEP 833."""

from collections.abc import Iterable
from html import escape

from registry.protocols.pypi.index.file import File
from registry.protocols.pypi.index.project import Project
from registry.protocols.pypi.index.simple_json import API_VERSION
from registry.protocols.pypi.index.urls import file_path, provenance_url
from registry.protocols.pypi.names import ProjectName, normalize_name

SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"


def render_file_html(file: File, project: ProjectName, base_url: str) -> bytes:
    """The line for one file. Its URL is relative to the project's page."""
    attributes = {"href": f"../../{file_path(project, file.filename)}#sha256={file.sha256}"}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked:
        attributes["data-yanked"] = file.yanked if isinstance(file.yanked, str) else ""
    if file.core_metadata:
        metadata = file.core_metadata.replace(":", "=")
        attributes |= {"data-core-metadata": metadata, "data-dist-info-metadata": metadata}
    if file.provenance:
        attributes["data-provenance"] = provenance_url(base_url, project, file.filename)
    return _anchor(attributes, file.filename)


def render_project_html(project: Project, files: Iterable[bytes]) -> bytes:
    """The page of a project from the lines of its files, rendered by `render_file_html`."""
    metas = {"pypi:project-status": project.status.value}
    if project.reason:
        metas["pypi:project-status-reason"] = project.reason
    return _document(f"Links for {project.name}", metas, files)


def render_list_html(names: Iterable[str]) -> bytes:
    """The list of all projects, by their displayed names."""
    return _document("Simple index", {}, (_anchor({"href": f"{normalize_name(name)}/"}, name) for name in names))


def _anchor(attributes: dict[str, str], text: str) -> bytes:
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {written}>{escape(text)}</a><br>\n".encode()


def _document(title: str, metas: dict[str, str], lines: Iterable[bytes]) -> bytes:
    metas = {"pypi:repository-version": API_VERSION} | metas
    head = "".join(f'<meta name="{name}" content="{escape(value)}">\n' for name, value in metas.items())
    opening = f"<!DOCTYPE html>\n<html>\n<head>\n{head}<title>{escape(title)}</title>\n</head>\n<body>\n"
    return b"%b%b</body>\n</html>\n" % (opening.encode(), b"".join(lines))
