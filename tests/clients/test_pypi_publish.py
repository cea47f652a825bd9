"""twine, uv, poetry, hatch, pdm and flit publish to an index: once, again, and what is refused."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tests.builders.pypi import make_attestation, make_sdist, make_wheel, sdist_filename, wheel_filename
from tests.clients.programs import Desk
from tests.clients.pypi import Index
from tests.clients.server import Server


@dataclass(frozen=True)
class Publisher:
    """How a client publishes the files in the `dist` folder of a project."""

    client: str
    arguments: Callable[[Index], list[str]]
    environ: Callable[[Index], Mapping[str, str]] = lambda index: {}


def poetry_environ(index: Index) -> Mapping[str, str]:
    return {
        "POETRY_REPOSITORIES_OURS_URL": index.url,
        "POETRY_HTTP_BASIC_OURS_USERNAME": "__token__",
        "POETRY_HTTP_BASIC_OURS_PASSWORD": index.server.token,
    }


PUBLISHERS = [
    Publisher(
        "twine",
        lambda index: [
            *("upload", "--non-interactive", "--repository-url", index.url),
            *("-u", "__token__", "-p", index.server.token, "dist/*"),
        ],
    ),
    Publisher("uv", lambda index: ["publish", "--publish-url", index.url, "--token", index.server.token]),
    Publisher("poetry", lambda index: ["publish", "--no-interaction", "--repository", "ours"], poetry_environ),
    Publisher(
        "hatch",
        lambda index: ["publish", "-n", "--repo", index.url, "--user", "__token__", "--auth", index.server.token],
    ),
    Publisher(
        "pdm",
        lambda index: [
            *("publish", "--no-build", "--repository", index.url),
            *("--username", "__token__", "--password", index.server.token),
        ],
    ),
]
"""Those that publish what was built before; flit builds anew."""


@pytest.fixture
def index(server: Server) -> Index:
    return Index(server)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "dist").mkdir(parents=True)
    return folder


def build(project: Path, name: str, summary: str = "A demo") -> list[str]:
    """The names of a wheel and an sdist, laid into the `dist` folder of a project called so."""
    (project / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "none"\n'
    )
    (project / "dist" / wheel_filename(name)).write_bytes(make_wheel(name, summary=summary))
    (project / "dist" / sdist_filename(name)).write_bytes(make_sdist(name, summary=summary))
    return sorted([wheel_filename(name), sdist_filename(name)])


@pytest.mark.parametrize("publisher", PUBLISHERS, ids=lambda publisher: publisher.client)
def test_files_are_published_and_may_be_published_again(
    index: Index, desk: Desk, project: Path, publisher: Publisher
) -> None:
    name = f"Published.{publisher.client}"
    files = build(project, name)
    for _ in range(2):
        desk.run(publisher.client, *publisher.arguments(index), cwd=project, env=publisher.environ(index))
        assert index.files(f"published-{publisher.client}") == files
    assert index.info(f"published-{publisher.client}")["name"] == name


@pytest.mark.parametrize("publisher", PUBLISHERS[:3], ids=lambda publisher: publisher.client)
def test_an_altered_file_is_refused_and_the_client_says_why(
    index: Index, desk: Desk, project: Path, publisher: Publisher
) -> None:
    name = f"altered-{publisher.client}"
    build(project, name)
    run = (publisher.client, *publisher.arguments(index))
    desk.run(*run, cwd=project, env=publisher.environ(index))
    before = index.page(name)
    build(project, name, summary="Another")
    done = desk.run(*run, cwd=project, env=publisher.environ(index), status=None)
    assert done.returncode != 0
    assert "File already exists" in " ".join((done.stdout + done.stderr).split())
    assert index.page(name) == before


@pytest.mark.client("hatch")
def test_hatch_finds_what_is_published_already(index: Index, desk: Desk, project: Path) -> None:
    build(project, "hatch-known")
    publisher = PUBLISHERS[3]
    desk.run("hatch", *publisher.arguments(index), cwd=project)
    index.forget()
    done = desk.run("hatch", *publisher.arguments(index), cwd=project)
    assert "already exists" in done.stdout + done.stderr
    assert "GET /pypi/+simple/hatch-known/ 200" in index.requests("hatch-known")


@pytest.mark.client("flit")
def test_flit_builds_and_publishes(index: Index, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "flit_app.py").write_text('"""A demo."""\n__version__ = "1.0"\n')
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "flit-app"\nauthors = [{name = "Ann"}]\nrequires-python = ">=3.11"\n'
        'dynamic = ["version", "description"]\n'
    )
    environ = {
        "FLIT_INDEX_URL": index.url,
        "FLIT_USERNAME": "__token__",
        "FLIT_PASSWORD": index.server.token,
        "SOURCE_DATE_EPOCH": "1767323045",
    }
    for _ in range(2):
        desk.run("flit", "publish", "--no-use-vcs", cwd=tmp_path, env=environ)
    assert index.files("flit-app") == ["flit_app-1.0-py3-none-any.whl", "flit_app-1.0.tar.gz"]
    (tmp_path / "flit_app.py").write_text('"""Another demo."""\n__version__ = "1.0"\n')
    done = desk.run("flit", "publish", "--no-use-vcs", cwd=tmp_path, env=environ, status=1)
    assert "File already exists" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.client("poetry")
def test_poetry_skips_what_exists_with_other_contents(index: Index, desk: Desk, project: Path) -> None:
    build(project, "skip-app")
    publisher = PUBLISHERS[2]
    desk.run("poetry", *publisher.arguments(index), cwd=project, env=publisher.environ(index))
    build(project, "skip-app", summary="Another")
    done = desk.run("poetry", *publisher.arguments(index), "--skip-existing", cwd=project, env=publisher.environ(index))
    assert "File exists. Skipping" in done.stdout + done.stderr


@pytest.mark.client("uv")
def test_uv_skips_what_the_index_has(index: Index, desk: Desk, project: Path) -> None:
    files = build(project, "check-app")
    publish = ("uv", *PUBLISHERS[1].arguments(index), "--check-url", index.simple)
    desk.run(*publish, cwd=project)
    index.forget()
    done = desk.run(*publish, cwd=project)
    assert "already exists, skipping" in done.stderr
    assert not [request for request in index.requests("/pypi/") if request.startswith("POST")]
    assert index.files("check-app") == files


@pytest.mark.client("uv")
def test_uv_sends_the_attestations_that_lie_beside_a_file(index: Index, desk: Desk, project: Path) -> None:
    build(project, "proven-app")
    wheel = project / "dist" / wheel_filename("proven-app")
    attestation = make_attestation(wheel.name, sha256(wheel.read_bytes()).hexdigest())
    wheel.with_name(f"{wheel.name}.publish.attestation").write_text(json.dumps(attestation))
    desk.run("uv", *PUBLISHERS[1].arguments(index), cwd=project)
    provenance = {file["filename"]: file["provenance"] for file in index.page("proven-app")["files"]}
    assert provenance == {
        sdist_filename("proven-app"): None,
        wheel.name: f"{index.url}packages/proven-app/{wheel.name}.provenance",
    }


@pytest.mark.parametrize("publisher", PUBLISHERS, ids=lambda publisher: publisher.client)
def test_a_wrong_token_is_refused(index: Index, desk: Desk, project: Path, publisher: Publisher) -> None:
    build(project, f"denied-{publisher.client}")
    token = index.server.token
    arguments = [argument.replace(token, "wrong") for argument in publisher.arguments(index)]
    environ = {name: value.replace(token, "wrong") for name, value in publisher.environ(index).items()}
    done = desk.run(publisher.client, *arguments, cwd=project, env=environ, status=None)
    assert done.returncode != 0
    assert "401" in done.stdout + done.stderr


@pytest.mark.client("uv")
def test_uv_is_told_that_it_posts_to_the_index(index: Index, desk: Desk, project: Path) -> None:
    build(project, "astray-app")
    done = desk.run(
        "uv", "publish", "--publish-url", index.simple, "--token", index.server.token, cwd=project, status=2
    )
    assert "405" in done.stderr
