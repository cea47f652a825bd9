"""npm, pnpm and yarn: what can be changed after a publication, and who may change it."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients.javascript import NPM, PNPM, Benches, Workbench
from tests.clients.server import Server

TAG = {
    **dict.fromkeys((*NPM, *PNPM), ("dist-tag",)),
    "yarn1": ("tag",),
    "yarn4": ("npm", "tag"),
}
OLD_NPM = "npm10"


def tags(bench: Workbench, name: str) -> Any:
    return bench.api(f"/-/package/{name}/dist-tags").json


@pytest.fixture
def bench(server: Server, tmp_path: Path) -> Benches:
    return Benches(server, tmp_path)


@pytest.mark.parametrize("client", TAG)
def test_a_tag_is_added_listed_and_removed(bench: Benches, client: str) -> None:
    name, command = f"tags-{client}", TAG[client]
    author = bench(client)
    author.publish(name, "1.0.0")
    author.publish(name, "1.1.0")
    cwd = author.package("somewhere")
    remove = "rm" if client.startswith(("npm", "pnpm")) else "remove"
    author.run(*command, "add", f"{name}@1.0.0", "stable", cwd=cwd)
    assert tags(author, name) == {"latest": "1.1.0", "stable": "1.0.0"}
    listed = author.run(*command, "ls" if remove == "rm" else "list", name, cwd=cwd).stdout
    assert "stable" in listed
    assert "1.0.0" in listed
    author.run(*command, remove, name, "stable", cwd=cwd)
    assert tags(author, name) == {"latest": "1.1.0"}
    assert author.run(*command, remove, name, "latest", cwd=cwd, status=None).returncode != 0
    assert tags(author, name) == {"latest": "1.1.0"}


@pytest.mark.parametrize("client", [*NPM, *PNPM])
def test_a_version_is_deprecated_and_undeprecated(bench: Benches, client: str) -> None:
    name = f"deprecated-{client}"
    author = bench(client)
    author.publish(name, "1.0.0")
    author.publish(name, "1.1.0")

    def messages() -> list[str | None]:
        versions = author.api(f"/{name}").json["versions"]
        return [manifest.get("deprecated") for manifest in versions.values()]

    author.run("deprecate", f"{name}@1.0.0", "use 1.1")
    assert messages() == ["use 1.1", None]
    if client in ("npm10", "pnpm10"):
        author.run("deprecate", f"{name}@1.0.0", "")
    else:
        author.run("undeprecate", f"{name}@1.0.0")
    assert messages() == [None, None]


@pytest.mark.parametrize("client", [*NPM, "pnpm12"])
def test_a_version_and_then_the_package_is_unpublished(bench: Benches, client: str) -> None:
    name = f"@acme/gone-{client}"
    author = bench(client)
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        author.publish(name, version, "--access", "public")
    author.run("unpublish", f"{name}@2.0.0", *(["--force"] if client in NPM else []))
    document = author.api(f"/{name}").json
    assert (list(document["versions"]), document["dist-tags"]) == (["1.0.0", "1.1.0"], {"latest": "1.1.0"})
    assert author.api(f"/{name}/-/gone-{client}-2.0.0.tgz").status == 404
    assert author.publish(name, "2.0.0", status=None, keywords=["again"]).returncode != 0
    author.run("unpublish", name, "--force")
    assert author.api(f"/{name}").status == 404
    assert author.publish(name, "1.0.0", status=None).returncode != 0
    author.publish(name, "3.0.0", "--access", "public")
    assert list(author.api(f"/{name}").json["versions"]) == ["3.0.0"]


@pytest.mark.parametrize("client", [*NPM, "pnpm12"])
def test_an_owner_is_added_and_removed(bench: Benches, client: str) -> None:
    name = f"owned-{client}"
    author = bench(client)
    author.publish(name)
    other = bench(client, "ben")
    assert other.publish(name, "1.1.0", status=None).returncode != 0
    # pnpm names the package first.
    author.run("owner", "add", *((name, "ben") if client == "pnpm12" else ("ben", name)))
    assert "ben" in author.run("owner", "ls", name).stdout
    other.publish(name, "1.1.0")
    author.run("owner", "rm", *((name, "ben") if client == "pnpm12" else ("ben", name)))
    assert "ben" not in author.run("owner", "ls", name).stdout
    assert other.publish(name, "1.2.0", status=None).returncode != 0


@pytest.mark.parametrize("client", [*NPM, *PNPM])
def test_a_package_is_found(bench: Benches, client: str) -> None:
    name = f"found-{client}"
    author = bench(client)
    author.publish(name, "1.2.3", keywords=["needle", client])
    for text in (name, f"keywords:needle+{client}"):
        output = author.run("search", text).stdout
        assert name in output
        assert "1.2.3" in output
        assert "undefined" not in output


def test_a_package_is_starred_and_unstarred(bench: Benches) -> None:
    author = bench(OLD_NPM)
    author.publish("starred-npm10")
    author.run("star", "starred-npm10")
    assert "starred-npm10" in author.run("stars").stdout
    author.run("unstar", "starred-npm10")
    assert "starred-npm10" not in author.run("stars", status=None).stdout


def test_pnpm_has_stars_of_its_own(bench: Benches) -> None:
    author = bench("pnpm12")
    author.publish("starred-pnpm12")
    author.run("star", "starred-pnpm12")
    assert author.api("/starred-pnpm12").json["users"] == {"ann": True}
    assert "starred-pnpm12" in author.run("stars").stdout
    author.run("unstar", "starred-pnpm12")
    assert "users" not in author.api("/starred-pnpm12").json


@pytest.mark.parametrize("client", [*NPM, "pnpm12"])
def test_access_is_shown_and_set(bench: Benches, client: str) -> None:
    name = f"@acme/access-{client}"
    author = bench(client)
    author.publish(name, "1.0.0", "--access", "public")
    assert "public" in author.run("access", "get", "status", name).stdout
    author.run("access", "set", "status=restricted" if client == "pnpm12" else "status=private", name)
    assert author.api(f"/-/package/{name.replace('/', '%2f')}/visibility").json == {"public": False}
    assert bench(client, "").api(f"/{name}").status == 401
    assert "ann" in author.run("access", "list", "collaborators", name).stdout
    if client != "pnpm12":
        assert name in author.run("access", "list", "packages", "@acme").stdout
        assert name in author.run("access", "list", "packages", "ann").stdout


@pytest.mark.parametrize("client", [*NPM, "pnpm12"])
def test_a_team_lets_its_members_publish(bench: Benches, client: str) -> None:
    scope = f"org{client}"
    name, team = f"@{scope}/x", f"{'@' if client == 'pnpm12' else ''}{scope}:devs"
    author, other = bench(client), bench(client, "ben")
    author.publish(name, "1.0.0", "--access", "public")
    bench("npm12", "admin").run("org", "set", scope, "ann", "owner")
    author.run("team", "create", team)
    author.run("team", "add", team, "ben")
    assert "devs" in author.run("team", "ls", team.removesuffix(":devs")).stdout
    assert "ben" in author.run("team", "ls", team).stdout
    author.run("access", "grant", "read-write", f"{scope}:devs", name)
    other.publish(name, "1.1.0", "--access", "public")
    assert name in author.run("access", "list", "packages", f"@{scope}").stdout
    author.run("access", "revoke", f"{scope}:devs", name)
    assert other.publish(name, "1.2.0", "--access", "public", status=None).returncode != 0
    author.run("team", "rm", team, "ben")
    author.run("team", "destroy", team)


@pytest.mark.parametrize("client", NPM)
def test_the_members_of_an_organisation_are_listed(bench: Benches, client: str) -> None:
    admin, scope = bench(client, "admin"), f"club{client}"
    bench(client, "ben")
    admin.run("org", "set", scope, "ben", "developer")
    assert "ben" in admin.run("org", "ls", scope).stdout
    admin.run("org", "rm", scope, "ben")
    assert "ben" not in admin.run("org", "ls", scope).stdout


def test_yarn_1_lists_teams_and_owners(bench: Benches) -> None:
    author, admin = bench("yarn1"), bench("npm11", "admin")
    author.publish("@yarnorg/x", "1.0.0", "--access", "public")
    admin.run("team", "create", "yarnorg:devs")
    admin.run("team", "add", "yarnorg:devs", "ann")
    assert "devs" in author.run("team", "list", "yarnorg").stdout
    assert "ann" in author.run("team", "list", "yarnorg:devs").stdout
    assert "ann" in author.run("owner", "list", "@yarnorg/x").stdout


@pytest.mark.parametrize("client", NPM)
def test_npm_packs_and_compares_what_is_published(bench: Benches, tmp_path: Path, client: str) -> None:
    name = f"packed-{client}"
    author = bench(client)
    author.publish(name, "1.0.0")
    author.publish(name, "1.1.0")
    reader = bench(client)
    assert reader.run("pack", f"{name}@1.0.0", "--json").returncode == 0
    assert (reader.directory / f"{name}-1.0.0.tgz").is_file()
    assert '+module.exports = "1.1.0"' in reader.run("diff", f"--diff={name}@1.0.0", f"--diff={name}@1.1.0").stdout
    app = reader.package("app", dependencies={name: "1.0.0"})
    reader.install(app)
    assert "1.1.0" in reader.run("outdated", cwd=app, status=1).stdout
