import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry.app import open_services
from registry.auth.credentials import BasicCredentials, BearerToken
from registry.cli import main
from registry.cli.token import parse_duration
from registry.config import load_settings
from registry.errors import ConfigError


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("REGISTRY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "data"


def run(data: Path, *arguments: str, stdin: str = "", status: int = 0) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--data", str(data)], input=stdin)
    assert result.exit_code == status, result.output
    return result


def add(data: Path, name: str = "alice", *options: str) -> None:
    run(data, "user", "add", name, "--password-stdin", *options, stdin="correct horse\n")


def test_a_user_is_added_listed_and_removed(data: Path) -> None:
    add(data)
    add(data, "root", "--admin")
    assert run(data, "user", "list").stdout == "alice\nroot\tadmin\n"
    run(data, "user", "remove", "alice")
    assert run(data, "user", "list").stdout == "root\tadmin\n"


def test_a_password_is_changed(data: Path) -> None:
    add(data)
    run(data, "user", "passwd", "alice", "--password-stdin", stdin="battery staple\n")
    auth = open_services(load_settings(None, {}, {"storage": {"data_dir": data}})).auth
    assert auth.identify(BasicCredentials("alice", "battery staple")).user == "alice"


def test_a_token_is_printed_alone_and_works_until_it_is_revoked(data: Path) -> None:
    add(data)
    secret = run(data, "token", "create", "--user", "alice", "--expires", "30d", "--readonly").stdout.strip()
    auth = open_services(load_settings(None, {}, {"storage": {"data_dir": data}})).auth
    assert auth.identify(BearerToken(secret)).user == "alice"
    listed = run(data, "token", "list", "--user", "alice").stdout
    assert "read only" in listed
    assert secret not in listed
    run(data, "token", "revoke", listed.split("\t")[0])
    assert run(data, "token", "list", "--user", "alice").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["token", "create", "--user", "nobody"], "nobody"),
        (["token", "create", "--user", "alice", "--expires", "soon"], "30d"),
        (["token", "create", "--user", "alice", "--scope", "npm"], "npm"),
        (["token", "revoke", "0123456789abcdef"], "no such token"),
        (["user", "remove", "nobody"], "nobody"),
        (["setup", "gopher"], "known clients"),
        (["setup", "poetry", "--write"], "commands"),
    ],
)
def test_a_mistake_is_told_in_one_line(data: Path, arguments: list[str], words: str) -> None:
    add(data)
    output = run(data, *arguments, status=1).output
    assert words in output
    assert len(output.strip().splitlines()) == 1


def test_setup_prints_a_block_and_writes_it_into_the_clients_own_file(data: Path, tmp_path: Path) -> None:
    printed = run(data, "setup", "pip").stdout
    assert "http://127.0.0.1:8080/pypi/simple/" in printed
    run(data, "setup", "pip", "--write")
    path = tmp_path / ".config" / "pip" / "pip.conf"
    assert printed.strip() in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_written_block_replaces_itself_and_keeps_what_else_is_there(data: Path, tmp_path: Path) -> None:
    path = tmp_path / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text("[install]\nno-compile = true\n")
    run(data, "setup", "pip", "--write")
    once = path.read_text()
    run(data, "setup", "pip", "--write")
    assert path.read_text() == once
    assert once.startswith("[install]\nno-compile = true\n")


def test_a_block_is_not_written_beside_a_section_of_the_same_name(data: Path, tmp_path: Path) -> None:
    path = tmp_path / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text("[global]\ntimeout = 5\n")
    assert "by hand" in run(data, "setup", "pip", "--write", status=1).output
    assert path.read_text() == "[global]\ntimeout = 5\n"


def test_config_check_tells_of_the_settings_file_in_the_folder(data: Path, tmp_path: Path) -> None:
    assert "fine" in run(data, "config", "check").output
    (tmp_path / "registry.toml").write_text("[server]\nbnid = 1\n")
    assert "did you mean" in run(data, "config", "check", status=1).output


def test_config_show_prints_the_settings_in_force(data: Path) -> None:
    assert f'data_dir = "{data}"' in run(data, "config", "show").stdout


@pytest.mark.parametrize(("text", "seconds"), [("30d", 2592000), ("12h", 43200), ("90m", 5400), ("1w", 604800)])
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["30", "d", "-1d", "1y", "1 d", ""])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_duration(text)
