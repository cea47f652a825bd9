"""Where the files of a project are, below the base of the index. File names are safe in URLs as they stand."""

from registry.protocols.pypi.names import ProjectName


def file_path(project: ProjectName, filename: str) -> str:
    """The path of a file, relative to the base."""
    return f"packages/{project}/{filename}"


def provenance_url(base_url: str, project: ProjectName, filename: str) -> str:
    """The absolute URL of the file's provenance document, as PEP 740 wants it."""
    return f"{base_url}/{file_path(project, filename)}.provenance"
