"""Documents as clients read them, kept in `data/`; `python -m tests.protocols.pypi.golden` writes them anew."""

import json
from pathlib import Path

from registry.core.digests import Digest
from registry.protocols.pypi.index import (
    File,
    Project,
    Status,
    group_releases,
    latest_version,
    render_file_html,
    render_file_json,
    render_list_html,
    render_list_json,
    render_project_api,
    render_project_html,
    render_project_json,
    render_release_api,
)
from registry.protocols.pypi.metadata import parse_metadata
from registry.protocols.pypi.names import ProjectName
from tests.builders.pypi import make_file, make_metadata

DATA = Path(__file__).parent / "data"
BASE_URL = "https://registry.example/pypi"
METADATA = Digest("sha256:" + "4d" * 32)
PROJECT = Project(ProjectName("demo-app"), "Demo.App", Status.DEPRECATED, 'use "other" <instead>', revision=7)
FILES: tuple[File, ...] = (
    make_file("Demo.App-0.9.tar.gz", "0.9", metadata=METADATA, yanked=True),
    make_file("demo_app-1.0-py3-none-any.whl", "1.0", metadata=METADATA, requires_python=">=3.8,<4"),
    make_file("demo_app-1.0.0.tar.gz", "1.0.0", comment="as built on Monday", hashes={"md5": "5d" * 16}),
    make_file("demo_app-1.1+cu121-cp311-cp311-win_amd64.whl", "1.1+cu121", python="cp311", yanked='broken & "bad"'),
    make_file(
        "demo_app-2.0rc1-py3-none-any.whl", "2.0rc1", metadata=METADATA, provenance=Digest("sha256:" + "9a" * 32)
    ),
)
CORE = parse_metadata(
    make_metadata(
        "Demo.App",
        "1.0",
        "# Demo\n\nWords.\n",
        summary="A demonstration",
        keywords="demo,app",
        author_email="Ann <ann@example.com>",
        license_expression="MIT",
        requires_python=">=3.8,<4",
        requires_dist=["demo-dep>=1.0", 'rich; extra == "colour"'],
        provides_extra=["colour"],
        classifier=["Typing :: Typed"],
        project_url=["Homepage, https://example.com/demo"],
        description_content_type="text/markdown",
    )
)


def documents() -> dict[str, bytes]:
    """The documents by the name of their file."""
    releases = group_releases(FILES)
    latest = latest_version(releases)
    assert latest is not None
    json_lines = [render_file_json(file, PROJECT.name, BASE_URL) for file in FILES]
    html_lines = [render_file_html(file, PROJECT.name, BASE_URL) for file in FILES]
    return {
        "simple.json": render_project_json(PROJECT, [file.version for file in FILES], json_lines),
        "simple.html": render_project_html(PROJECT, html_lines),
        "list.json": render_list_json(["Demo.App", "other"]),
        "list.html": render_list_html(["Demo.App", "other"]),
        "project.json": render_project_api(PROJECT, latest, releases, CORE.fields, BASE_URL),
        "release.json": render_release_api(PROJECT, latest, releases[latest], CORE.fields, BASE_URL),
    }


def readable(name: str, document: bytes) -> bytes:
    """The document as kept: JSON indented, members in the order sent."""
    if not name.endswith(".json"):
        return document
    return json.dumps(json.loads(document), indent=1, ensure_ascii=False).encode() + b"\n"


if __name__ == "__main__":
    for name, document in documents().items():
        (DATA / name).write_bytes(readable(name, document))
