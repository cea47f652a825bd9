import tomllib
from pathlib import Path

import pytest

from registry.config import Settings, describe_settings, load_settings, render_settings
from registry.errors import ConfigError


def toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "registry.toml"
    path.write_text(text)
    return path


def test_no_file_is_needed() -> None:
    assert load_settings() == Settings()


def test_the_environment_overrides_the_file_and_the_command_line_both(tmp_path: Path) -> None:
    path = toml(tmp_path, '[server]\nbind = "127.0.0.1:1"\nworkers = 1\n[storage]\nregion = "r"')
    environ = {"REGISTRY_SERVER__BIND": "127.0.0.1:2", "REGISTRY_SERVER__WORKERS": "2"}
    settings = load_settings(path, environ, {"server": {"workers": 3}})
    assert (settings.server.bind, settings.server.workers, settings.storage.region) == ("127.0.0.1:2", 3, "r")


def test_a_mount_of_the_file_keeps_what_the_environment_does_not_name(tmp_path: Path) -> None:
    path = toml(tmp_path, '[mounts.internal]\nprotocol = "npm"\npath = "/a"')
    settings = load_settings(path, {"REGISTRY_MOUNTS__INTERNAL__PATH": "/b"})
    assert (settings.mounts["internal"].protocol, settings.mounts["internal"].path) == ("npm", "/b")


def test_a_secret_can_be_kept_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t\n")
    settings = load_settings(None, {"REGISTRY_STORAGE__ACCESS_SECRET_FILE": str(secret)})
    assert settings.storage.access_secret == "s3cr3t"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nbnid = 'x'", ["server.bnid", "bind"]),
        ("[sever]\nbind = 'x'", ["sever", "server"]),
        ("[server]\nworkers = 'many'", ["server.workers", "number"]),
        ("[server]\nworkers = true", ["server.workers", "number"]),
        ("[storage]\ndriver = 'ftp'", ["storage.driver", "filesystem"]),
        ("[storage]\ndriver = 's3'", ["bucket_name"]),
        ("[auth]\njwt_secret = 'short'", ["jwt_secret", "32"]),
        ("[server]\npublic_url = 'packages.example.com'", ["public_url", "https://"]),
        ("[server]\ntrusted_proxies = ['everyone']", ["trusted_proxies", "everyone"]),
        ("[mounts.npm]\nfeature = {}", ["mounts.npm.feature", "features"]),
        ("server = 1", ["server", "table"]),
        ("[server", ["TOML"]),
    ],
)
def test_a_mistake_is_named_together_with_its_mend(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings(toml(tmp_path, text))
    for word in words:
        assert word in str(refusal.value)


def test_the_rendered_settings_load_again_and_hide_their_secrets(tmp_path: Path) -> None:
    settings = load_settings(None, {"REGISTRY_STORAGE__ACCESS_SECRET": "hush", "REGISTRY_MOUNTS__NPM__PATH": "/x"})
    text = render_settings(settings)
    assert "hush" not in text
    assert load_settings(toml(tmp_path, text)).mounts == settings.mounts
    assert tomllib.loads(text)["server"]["bind"] == settings.server.bind


def test_every_setting_has_a_meaning() -> None:
    assert all(meaning and kind for _, kind, _, meaning, _ in describe_settings())
