"""pip, uv, poetry, pdm and pip-tools read an index."""

import sys
from pathlib import Path

import pytest

from tests.builders.pypi import make_sdist, make_wheel, sdist_filename, wheel_filename
from tests.clients.programs import WHEELS, Desk
from tests.clients.pypi import Index
from tests.clients.server import Server, serving

PIP = ("pip", "install")
UV = ("uv", "pip", "install")


@pytest.fixture
def index(server: Server) -> Index:
    return Index(server)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "site-packages"


def installed(target: Path) -> list[str]:
    return sorted(path.name.removesuffix(".dist-info") for path in target.glob("*.dist-info"))


@pytest.mark.client("pip")
def test_pip_resolves_from_metadata_and_installs(index: Index, desk: Desk, target: Path) -> None:
    index.publish("Pip.App", data=make_wheel("Pip.App", requires_dist=["pip-dep>=1.0"]))
    index.publish("pip-dep")
    index.forget()
    desk.run("pip", "install", "--target", target, "--index-url", index.simple, "pip_app")
    assert installed(target) == ["pip_app-1.0", "pip_dep-1.0"]
    assert index.requests("pip-app") == [
        "GET /pypi/simple/pip-app/ 200",
        "GET /pypi/packages/pip-app/pip_app-1.0-py3-none-any.whl.metadata 200",
        "GET /pypi/packages/pip-app/pip_app-1.0-py3-none-any.whl 200",
    ]


@pytest.mark.client("pip23")
def test_pip_23_1_reads_the_json_page(index: Index, desk: Desk, target: Path) -> None:
    index.publish("pip23-app")
    desk.run("pip23", "install", "--target", target, "--index-url", index.simple, "pip23-app")
    assert installed(target) == ["pip23_app-1.0"]


@pytest.mark.client("pip")
def test_pip_finds_the_index_at_the_root_of_the_host(index: Index, desk: Desk, target: Path) -> None:
    index.publish("root-app")
    desk.run("pip", "install", "--target", target, "--index-url", f"{index.server.url}/simple", "Root_App")
    assert installed(target) == ["root_app-1.0"]


@pytest.mark.client("pip")
def test_pip_builds_a_source_distribution(index: Index, desk: Desk, target: Path) -> None:
    index.publish("src-app", data=make_sdist("src-app"), filename=sdist_filename("src-app"), filetype="sdist")
    desk.run(
        "pip",
        "install",
        "--target",
        target,
        "--index-url",
        index.simple,
        "--find-links",
        WHEELS,
        "src-app",
        timeout=300,
    )
    assert installed(target) == ["src_app-1.0"]


@pytest.mark.client("pip")
def test_pip_lists_versions_and_says_what_is_missing(index: Index, desk: Desk) -> None:
    for version in ("1.0", "1.10", "1.9", "2.0rc1"):
        index.publish("listed-app", version)
    listed = desk.run("pip", "index", "versions", "--index-url", index.simple, "listed-app").stdout
    assert "Available versions: 1.10, 1.9, 1.0" in listed
    missing = desk.run("pip", "download", "--index-url", index.simple, "no-such-app", status=1)
    assert "from versions: none" in missing.stderr


@pytest.mark.parametrize("client", [PIP, UV], ids=["pip", "uv"])
def test_a_yanked_version_is_installed_only_when_pinned(
    index: Index, desk: Desk, tmp_path: Path, client: tuple[str, ...]
) -> None:
    name = f"yanked-{client[0]}"
    index.publish(name, "1.0")
    index.publish(name, "1.1")
    index.put(f"{name}/1.1/yank", {"reason": "eats disks"})
    desk.run(*client, name, "--target", tmp_path / "free", "--index-url", index.simple)
    pinned = desk.run(*client, f"{name}==1.1", "--target", tmp_path / "pinned", "--index-url", index.simple)
    assert installed(tmp_path / "free") == [f"yanked_{client[0]}-1.0"]
    assert installed(tmp_path / "pinned") == [f"yanked_{client[0]}-1.1"]
    assert "eats disks" in pinned.stdout + pinned.stderr


@pytest.mark.client("pip", "uv")
def test_a_local_version_is_installed(index: Index, desk: Desk, tmp_path: Path) -> None:
    index.publish("cuda-app", "1.0+cu121", make_wheel("cuda-app", "1.0+cu121"), "cuda_app-1.0+cu121-py3-none-any.whl")
    desk.run("pip", "install", "--target", tmp_path / "pip", "--index-url", index.simple, "cuda-app==1.0+cu121")
    desk.run("uv", "pip", "install", "--target", tmp_path / "uv", "--index-url", index.simple, "cuda-app==1.0+cu121")
    assert installed(tmp_path / "pip") == installed(tmp_path / "uv") == ["cuda_app-1.0+cu121"]


@pytest.mark.client("pip")
def test_requires_python_hides_what_does_not_fit(index: Index, desk: Desk, target: Path) -> None:
    index.publish("old-app", "1.0")
    index.publish("old-app", "2.0", make_wheel("old-app", "2.0", requires_python=">=4"))
    desk.run("pip", "install", "--target", target, "--index-url", index.simple, "old-app")
    assert installed(target) == ["old_app-1.0"]


@pytest.mark.parametrize(
    ("client", "option"), [(PIP, "--uploaded-prior-to"), (UV, "--exclude-newer")], ids=["pip", "uv"]
)
def test_what_was_uploaded_later_is_left_out(
    index: Index, desk: Desk, target: Path, client: tuple[str, ...], option: str
) -> None:
    index.publish("new-app")
    reading = ("--index-url", index.simple, option)
    desk.run(*client, "new-app", "--target", target, *reading, "2026-01-01T00:00:00Z", status=1)
    assert installed(target) == []
    desk.run(*client, "new-app", "--target", target, *reading, "2099-01-01T00:00:00Z")
    assert installed(target) == ["new_app-1.0"]


@pytest.mark.client("uv")
def test_uv_revalidates_pages_and_keeps_the_rest(index: Index, desk: Desk, tmp_path: Path) -> None:
    index.publish("uv-app", data=make_wheel("uv-app", requires_dist=["uv-dep"]))
    index.publish("uv-dep")
    (tmp_path / "requirements.in").write_text("uv-app\n")
    for _ in range(2):
        index.forget()
        compiled = desk.run(
            "uv", "pip", "compile", "--refresh", "--index-url", index.simple, tmp_path / "requirements.in"
        )
        assert "uv-app==1.0" in compiled.stdout
        assert "uv-dep==1.0" in compiled.stdout
    assert index.requests("uv-") == ["GET /pypi/simple/uv-app/ 304", "GET /pypi/simple/uv-dep/ 304"]


@pytest.mark.client("uv")
def test_uv_locks_and_syncs_a_project(index: Index, desk: Desk, tmp_path: Path) -> None:
    index.publish("lock-app")
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["lock-app"]\n'
        f'[[tool.uv.index]]\nurl = "{index.simple}"\ndefault = true\n'
    )
    desk.run("uv", "sync", "--python", sys.executable, cwd=project)
    assert (
        f"{index.server.url}/pypi/packages/lock-app/{wheel_filename('lock-app')}" in (project / "uv.lock").read_text()
    )
    assert "upload-time" in (project / "uv.lock").read_text()
    desk.run("uv", "sync", "--locked", "--no-cache", "--reinstall", cwd=project)


@pytest.mark.client("poetry")
def test_poetry_locks_and_installs_a_project(index: Index, desk: Desk, tmp_path: Path) -> None:
    index.publish("Poetry.App", data=make_wheel("Poetry.App", requires_dist=["poetry-dep"]))
    index.publish("poetry-dep")
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["poetry-app"]\n'
        "[tool.poetry]\npackage-mode = false\n"
        f'[[tool.poetry.source]]\nname = "ours"\nurl = "{index.simple}"\npriority = "primary"\n'
    )
    environ = {"POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    desk.run("poetry", "lock", "--no-interaction", cwd=project, env=environ)
    assert "poetry-dep" in (project / "poetry.lock").read_text()
    desk.run("poetry", "install", "--no-interaction", cwd=project, env=environ, timeout=300)
    (packages,) = project.glob(".venv/lib/*/site-packages")
    assert {"poetry_app-1.0", "poetry_dep-1.0"} <= set(installed(packages))


@pytest.mark.client("pdm")
def test_pdm_locks_and_installs_a_project(index: Index, desk: Desk, tmp_path: Path) -> None:
    index.publish("pdm-app", data=make_wheel("pdm-app", requires_dist=["pdm-dep"]))
    index.publish("pdm-dep")
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["pdm-app"]\n'
        "[tool.pdm]\ndistribution = false\n"
        f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{index.simple}"\n'
    )
    desk.run("pdm", "install", "--no-self", cwd=project, timeout=300)
    (packages,) = project.glob(".venv/lib/*/site-packages")
    assert {"pdm_app-1.0", "pdm_dep-1.0"} <= set(installed(packages))


@pytest.mark.client("pip-compile")
def test_pip_tools_take_hashes_from_the_json_api(index: Index, desk: Desk, tmp_path: Path) -> None:
    index.publish("tools-app")
    index.publish("tools-app", data=make_sdist("tools-app"), filename=sdist_filename("tools-app"), filetype="sdist")
    (tmp_path / "requirements.in").write_text("Tools.App\n")
    index.forget()
    compiled = desk.run(
        "pip-compile", "--generate-hashes", "--output-file=-", "--index-url", index.simple, tmp_path / "requirements.in"
    ).stdout
    for file in index.page("tools-app")["files"]:
        assert f"--hash=sha256:{file['hashes']['sha256']}" in compiled
    assert not [request for request in index.requests("tools_app") if request.endswith(".tar.gz 200")]


@pytest.mark.client("pip", "uv")
def test_a_private_index_is_read_with_credentials_only(desk: Desk, tmp_path: Path) -> None:
    with serving(tmp_path, REGISTRY_AUTH__ANONYMOUS_READ="false") as server:
        index = Index(server)
        index.publish("private-app", data=make_wheel("private-app"))
        for client in (PIP, UV):
            target = tmp_path / client[0]
            command = (*client, "--target", target, "private-app", "--index-url")
            desk.run(*command, index.simple, status=None)
            assert installed(target) == []
            desk.run(*command, index.private_simple)
            assert installed(target) == ["private_app-1.0"]
