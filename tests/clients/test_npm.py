"""npm, pnpm, yarn and bun: publish, read and install."""

import shutil
from pathlib import Path

import pytest

from tests.clients.javascript import CLIENTS, NPM, PNPM, Benches
from tests.clients.server import Server


@pytest.fixture
def bench(server: Server, tmp_path: Path) -> Benches:
    return Benches(server, tmp_path)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_was_published_is_installed_with_its_dependencies(bench: Benches, client: str) -> None:
    author = bench(client)
    dependency, scoped = f"dep-{client}", f"@acme/top-{client}"
    author.publish(dependency, "1.0.0", bin="index.js", keywords=["demo"])
    author.publish(scoped, "2.0.0", "--access", "public", dependencies={dependency: "^1.0.0"})

    reader = bench(client)
    app = reader.package("app", dependencies={scoped: "^2.0.0", dependency: "1"})
    reader.install(app)
    assert (reader.installed(app, scoped), reader.installed(app, dependency)) == ("2.0.0", "1.0.0")

    other = bench(client)
    copy = other.directory / "copy"
    shutil.copytree(app, copy, ignore=shutil.ignore_patterns("node_modules", ".yarn"))
    other.install_frozen(copy)
    assert other.installed(copy, scoped) == "2.0.0"
    document = author.api(f"/{scoped}").json
    assert document["readme"] == f"# {scoped}\n"
    assert document["versions"]["2.0.0"]["dependencies"] == {dependency: "^1.0.0"}


@pytest.mark.parametrize("client", CLIENTS)
def test_nobody_needs_a_token_to_install_what_is_public(bench: Benches, client: str) -> None:
    name = f"public-{client}"
    bench(client).publish(name)
    reader = bench(client, "")
    app = reader.package("app", dependencies={name: "*"})
    reader.install(app)
    assert reader.installed(app, name) == "1.0.0"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_version_cannot_be_published_over(bench: Benches, client: str) -> None:
    name = f"once-{client}"
    author = bench(client)
    author.publish(name)
    before = author.api(f"/{name}").json
    done = author.publish(name, "1.0.0", status=None, keywords=["other"])
    assert done.returncode != 0
    assert author.api(f"/{name}").json == before


@pytest.mark.parametrize("client", CLIENTS)
def test_a_version_is_published_under_another_tag(bench: Benches, client: str) -> None:
    name = f"tagged-{client}"
    author = bench(client)
    author.publish(name, "1.0.0")
    author.publish(name, "2.0.0-rc.1", "--tag", "next")
    assert author.api(f"/-/package/{name}/dist-tags").json == {"latest": "1.0.0", "next": "2.0.0-rc.1"}
    reader = bench(client)
    app = reader.package("app", dependencies={name: "next"})
    reader.install(app)
    assert reader.installed(app, name) == "2.0.0-rc.1"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_restricted_package_is_installed_with_a_token_only(bench: Benches, client: str) -> None:
    name = f"@acme/secret-{client}"
    author = bench(client)
    author.publish(name)
    answer = author.api(f"/-/package/{name.replace('/', '%2f')}/access", "POST", {"access": "restricted"})
    assert answer.status == 200
    reader = bench(client)
    app = reader.package("app", dependencies={name: "1"})
    reader.install(app)
    assert reader.installed(app, name) == "1.0.0"
    stranger = bench(client, "")
    done = stranger.run("install", cwd=stranger.package("app", dependencies={name: "1"}), status=None)
    assert done.returncode != 0


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_without_a_token_cannot_publish(bench: Benches, client: str) -> None:
    done = bench(client, "").publish(f"nobodys-{client}", status=None)
    assert done.returncode != 0
    assert bench(client).api(f"/nobodys-{client}").status == 404


VIEW = {
    **dict.fromkeys(NPM, ("view", "{}", "version")),
    **dict.fromkeys(PNPM, ("view", "{}", "version")),
    "yarn1": ("info", "{}", "version"),
    "yarn4": ("npm", "info", "{}", "--fields", "version"),
    "bun": ("pm", "view", "{}", "version"),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_package_is_looked_at(bench: Benches, client: str) -> None:
    name = f"@acme/seen-{client}"
    author = bench(client)
    author.publish(name, "1.2.3")
    cwd = author.package("somewhere")
    done = author.run(*(word.format(name) for word in VIEW[client]), cwd=cwd)
    assert "1.2.3" in done.stdout


AUDIT = {
    **dict.fromkeys(NPM, ("audit",)),
    **dict.fromkeys(PNPM, ("audit",)),
    "yarn4": ("npm", "audit"),
    "bun": ("audit",),
}


@pytest.mark.parametrize("client", AUDIT)
def test_an_audit_ends_clean_at_once(bench: Benches, client: str) -> None:
    name = f"audited-{client}"
    author = bench(client)
    author.publish(name)
    app = author.package("app", dependencies={name: "1"})
    author.install(app)
    author.run(*AUDIT[client], cwd=app, timeout=30)
