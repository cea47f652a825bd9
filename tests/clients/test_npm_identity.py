"""npm, pnpm and yarn: logging in, tokens, profiles, signatures."""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.clients.javascript import NPM, PNPM, Benches, Workbench
from tests.clients.programs import require_program
from tests.clients.server import Server

PASSWORD = "correct horse"
WHOAMI = {
    **dict.fromkeys((*NPM, *PNPM), ("whoami",)),
    "yarn4": ("npm", "whoami"),
    "bun": ("pm", "whoami"),
}

# npm looks for the keys of a registry in Sigstore's TUF repository before it asks the registry itself. No test can
# reach that, so this is the answer for a registry that it does not know.
NO_TUF = """
const { Module } = require("node:module");
const load = Module._load;
Module._load = function (request, ...rest) {
  if (request !== "@sigstore/tuf") return load.call(this, request, ...rest);
  const getTarget = async () => { throw Object.assign(new Error("unknown"), { code: "TUF_FIND_TARGET_ERROR" }); };
  return { initTUF: async () => ({ getTarget }) };
};
"""


@pytest.fixture
def bench(server: Server, tmp_path: Path) -> Benches:
    return Benches(server, tmp_path)


@pytest.mark.parametrize("client", WHOAMI)
def test_a_client_knows_whose_token_it_has(bench: Benches, client: str) -> None:
    author = bench(client)
    cwd = author.package("somewhere")
    assert "ann" in author.run(*WHOAMI[client], cwd=cwd).stdout
    assert (
        bench(client, token="00000000-0000-4000-8000-000000000000")
        .run(*WHOAMI[client], cwd=cwd, status=None)
        .returncode
    )


@pytest.mark.parametrize("client", [*NPM, *PNPM])
def test_a_sign_of_life_is_understood(bench: Benches, client: str) -> None:
    bench(client, "").run("ping")


@pytest.mark.parametrize("client", [*NPM, "yarn4"])
def test_a_login_at_the_terminal_gives_a_token(bench: Benches, client: str) -> None:
    bench(client)
    place = bench(client, "")
    cwd = place.package(f"by-terminal-{client}")
    command = ("npm", "login") if client == "yarn4" else ("login", "--auth-type=legacy")
    assert place.converse(*command, cwd=cwd, answers=[("Username", "ann"), ("Password", "wrong")]) != 0
    assert place.converse(*command, cwd=cwd, answers=[("Username", "ann"), ("Password", PASSWORD)]) == 0
    assert "ann" in place.run(*WHOAMI[client], cwd=cwd).stdout


def test_npm_10_creates_a_token_at_the_terminal(bench: Benches) -> None:
    author = bench("npm10")
    status = author.converse("token", "create", "--read-only", cwd=author.directory, answers=[("password", PASSWORD)])
    assert status == 0
    assert any(token["readonly"] for token in author.api("/-/npm/v1/tokens").json["objects"])


def approve(url: str) -> str:
    """Do what a person does at the page that the client names; the code that it shows."""
    page = urllib.request.urlopen(url).read().decode()
    code = re.search(r'name="code" value="([^"]+)"', page)
    assert code is not None
    form = {"username": "ann", "password": PASSWORD, "code": code[1]}
    urllib.request.urlopen(url, urllib.parse.urlencode(form).encode())
    return code[1]


@pytest.mark.parametrize("client", [*NPM, "pnpm12"])
def test_a_login_in_the_browser_gives_a_token_until_the_logout(bench: Benches, client: str) -> None:
    bench(client)
    place = bench(client, "")
    environment = {**place.desk.environment(), "BROWSER": "true"}
    command = [str(require_program(client)), "login", "--auth-type=web"] if client in NPM else None
    with subprocess.Popen(
        command or [str(require_program(client)), "login"],
        cwd=place.directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        seen = ""
        for line in process.stdout:
            seen += line
            found = re.search(r"http://127\.0\.0\.1:\d+/ui/login/\w+", seen)
            if found:
                break
        else:
            pytest.fail(f"{client} named no page: {seen}", pytrace=False)
        code = approve(found[0])
        seen += process.stdout.read()
        assert process.wait(30) == 0, seen
    if client in NPM:
        assert code in seen
    assert place.run("whoami").stdout.strip() == "ann"
    place.publish(f"by-login-{client}")
    place.run("logout")
    assert place.run("whoami", status=None).returncode != 0


@pytest.mark.parametrize("client", ["npm11", "npm12"])
def test_tokens_are_created_listed_and_revoked(bench: Benches, client: str) -> None:
    author = bench(client)
    options = ("--name=ci", "--packages=demo", "--packages-and-scopes-permission=read-write", f"--password={PASSWORD}")
    # Not as JSON: there npm takes every UUID for a secret that must not be shown, even this one time.
    created = re.search(r"Created token (\S+)", author.run("token", "create", *options).stdout)
    assert created is not None
    listed = json.loads(author.run("token", "list", "--json").stdout)
    assert any(created[1].startswith(each["token"]) for each in listed)
    holder = bench(client, token=created[1])
    assert holder.run("whoami").stdout.strip() == "ann"
    author.run("token", "revoke", created[1])
    left = json.loads(author.run("token", "list", "--json").stdout)
    assert len(left) == len(listed) - 1


def test_pnpm_lists_tokens_and_comes_to_an_end(bench: Benches) -> None:
    assert bench("pnpm12").run("token", "list", timeout=30).stdout


@pytest.mark.parametrize("client", NPM)
def test_a_profile_is_shown_and_changed(bench: Benches, client: str) -> None:
    author = bench(client)
    author.run("profile", "set", "fullname", f"Ann of {client}")
    assert f"Ann of {client}" in author.run("profile", "get").stdout


def installed(bench: Benches, client: str) -> tuple[Workbench, Path]:
    name = f"signed-{client}"
    author = bench(client)
    author.publish(name)
    app = author.package("app", dependencies={name: "1"})
    author.install(app)
    return author, app


@pytest.mark.parametrize("client", NPM)
def test_npm_verifies_the_signatures_of_the_registry(bench: Benches, tmp_path: Path, client: str) -> None:
    author, app = installed(bench, client)
    shim = tmp_path / "no-tuf.cjs"
    shim.write_text(NO_TUF)
    done = author.run("audit", "signatures", cwd=app, env={"NODE_OPTIONS": f"--require {shim}"})
    assert "1 package has a verified registry signature" in done.stdout
