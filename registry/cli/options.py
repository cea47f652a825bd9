"""What every command takes: where the settings and the data are."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from registry.config import Settings, load_settings
from registry.errors import ConfigError, RegistryError

P = ParamSpec("P")
T = TypeVar("T")
DEFAULT_FILE = Path("registry.toml")


def with_settings(command: Callable[..., T]) -> Callable[..., T]:
    """Give `command` the options --config and --data, and the `settings` that come of them."""

    @click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        envvar="REGISTRY_CONFIG",
        help="Settings file; default: ./registry.toml if there is one.",
    )
    @click.option("--data", "data_dir", type=click.Path(path_type=Path), envvar="REGISTRY_DATA", help="Data directory.")
    @wraps(command)
    def run(config_file: Path | None, data_dir: Path | None, **rest: Any) -> T:
        with speaking_plainly():
            overrides: dict[str, Mapping[str, Any]] = {"storage": {"data_dir": data_dir}} if data_dir else {}
            return command(settings=settings_from(config_file, overrides), **rest)

    return run


def settings_from(config_file: Path | None, overrides: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The settings of that file, or of ./registry.toml if there is one, and of the environment."""
    path = config_file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    return load_settings(path, os.environ, overrides)


@contextmanager
def speaking_plainly() -> Iterator[None]:
    """Turn a refusal into one line on standard error and exit status 1."""
    try:
        yield
    except (ConfigError, RegistryError) as error:
        raise click.ClickException(str(error)) from None
