"""Settings out of TOML and environment: every value checked, every mistake named together with its mend."""

import dataclasses
import difflib
import ipaddress
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from registry.config.settings import MountSettings, Settings
from registry.errors import ConfigError

ENVIRONMENT_PREFIX = "REGISTRY_"
_NOT_SETTINGS = {"REGISTRY_CONFIG", "REGISTRY_DATA", "REGISTRY_TOKEN"}


def load_settings(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """The settings of the file at `path`, overridden by the environment, overridden by `overrides`.

    Raises ConfigError for unknown keys (naming the nearest known one), wrong types and values out of range.
    """
    document = _read_toml(path) if path else {}
    for layer in (_from_environment(environ or {}), overrides or {}):
        document = _merge(document, layer)
    settings: Settings = _build(Settings, document, "")
    _check(settings)
    return settings


def describe_settings() -> Iterator[tuple[str, str, Any, str, bool]]:
    """Key, type, default, meaning and secrecy of every setting; `*` stands for the name of a mount."""
    for section in dataclasses.fields(Settings):
        mounts = section.name == "mounts"
        kind = MountSettings if mounts else get_type_hints(Settings)[section.name]
        prefix = "mounts.*" if mounts else section.name
        hints = get_type_hints(kind)
        for item in dataclasses.fields(kind):
            default = {} if item.default is dataclasses.MISSING else item.default
            yield (
                f"{prefix}.{item.name}",
                _type_name(hints[item.name]),
                default,
                item.metadata["doc"],
                item.metadata["secret"],
            )


def render_settings(settings: Settings) -> str:
    """The settings as TOML, secrets replaced."""
    lines: list[str] = []
    for section in dataclasses.fields(settings):
        value = getattr(settings, section.name)
        named = (
            {f"mounts.{name}": mount for name, mount in value.items()}
            if section.name == "mounts"
            else {section.name: value}
        )
        for title, group in named.items():
            lines += [f"[{title}]", *(f"{item.name} = {_toml(item, group)}" for item in dataclasses.fields(group)), ""]
    return "\n".join(lines)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` with the values of `above` over it, tables merged key by key."""
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        both_tables = isinstance(known, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(known, value) if both_tables else value  # type: ignore[arg-type]
    return merged


def _toml(item: dataclasses.Field[Any], group: Any) -> str:
    value = getattr(group, item.name)
    if item.metadata["secret"] and value:
        return '"(secret)"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_plain(each)}" for key, each in value.items()) + "}"
    return _plain(str(value))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """`REGISTRY_SECTION__KEY=value`, or `REGISTRY_SECTION__KEY_FILE=path` for a value kept in a file."""
    found: dict[str, Any] = {}
    for name, value in environ.items():
        section, separator, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if not name.startswith(ENVIRONMENT_PREFIX) or not separator or name in _NOT_SETTINGS:
            continue
        text = _read_secret(name, value) if key.endswith("_file") else value
        *tables, key = [section, *key.removesuffix("_file").split("__")]
        table = found
        for each in tables:
            table = table.setdefault(each, {})
        table[key] = text
    return found


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{name}: cannot read {path}: {error.strerror}") from None


def _build(kind: type[Any], document: Any, where: str) -> Any:
    if not isinstance(document, Mapping):
        raise ConfigError(f"{where} is a table of settings")
    hints = get_type_hints(kind)
    values = {}
    for key, value in document.items():
        name = f"{where}.{key}" if where else key
        if key not in hints:
            near = difflib.get_close_matches(key, hints, n=1)
            raise ConfigError(f"unknown setting {name}" + (f"; did you mean {near[0]}?" if near else ""))
        values[key] = _convert(value, hints[key], name)
    return kind(**values)


def _convert(value: Any, hint: Any, name: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, name)  # type: ignore[arg-type]
    if get_origin(hint) is not None and get_args(hint)[-1] is MountSettings:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{name} is a table of mounts")
        return {mount: _build(MountSettings, each, f"{name}.{mount}") for mount, each in value.items()}
    if isinstance(value, str) and hint is not str:
        return _parse(value, hint, name)
    if get_origin(hint) is tuple and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    if (get_origin(hint) or hint) in (str, int, bool) and type(value) is hint:
        return value
    if _type_name(hint) == "table" and isinstance(value, Mapping):
        return dict(value)
    if hint is Path and isinstance(value, Path):
        return value
    raise ConfigError(f"{name} is a {_type_name(hint)}, not {value!r}")


def _parse(text: str, hint: Any, name: str) -> Any:
    """The value of a setting given as text, as the environment does."""
    if hint is Path:
        return Path(text)
    if hint is bool and text.lower() in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        return text.lower() in ("true", "1", "yes", "on")
    if hint is int and text.lstrip("-").isdecimal():
        return int(text)
    if get_origin(hint) is tuple:
        return tuple(each.strip() for each in text.split(",") if each.strip())
    raise ConfigError(f"{name} is a {_type_name(hint)}, not {text!r}")


def _type_name(hint: Any) -> str:
    names = {str: "string", int: "number", bool: "true or false", Path: "path"}
    if get_origin(hint) is tuple:
        return "list of strings"
    return names.get(hint, "table")


def _check(settings: Settings) -> None:
    if settings.storage.driver not in ("filesystem", "s3", "memory"):
        raise ConfigError("storage.driver is filesystem, s3 or memory")
    if settings.storage.driver == "s3" and not settings.storage.bucket_name:
        raise ConfigError("storage.bucket_name is needed by the s3 driver")
    if settings.auth.token_store not in ("storage", "memory"):
        raise ConfigError("auth.token_store is storage or memory")
    if settings.auth.jwt_secret and len(settings.auth.jwt_secret.encode()) < 32:
        raise ConfigError("auth.jwt_secret needs 32 bytes or more")
    if settings.auth.jwt_lifetime < 60:
        raise ConfigError("auth.jwt_lifetime is 60 seconds or more")
    if settings.log.level not in ("debug", "info", "warning", "error"):
        raise ConfigError("log.level is debug, info, warning or error")
    _check_networks(settings.server.trusted_proxies)
    _check_urls(settings)


def _check_networks(networks: tuple[str, ...]) -> None:
    for each in networks:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            raise ConfigError(f"server.trusted_proxies: {each!r} is neither an address nor a network") from None


def _check_urls(settings: Settings) -> None:
    urls = {f"mounts.{name}.registry_url": mount.registry_url for name, mount in settings.mounts.items()}
    for name, url in {"server.public_url": settings.server.public_url, **urls}.items():
        parts = urlsplit(url)
        if url and (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ConfigError(f"{name} is a URL such as https://packages.example.com/registry, not {url!r}")
