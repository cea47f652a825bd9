"""The `registry` command."""

import click

from registry import __version__
from registry.cli.config import config
from registry.cli.serve import serve
from registry.cli.setup import setup
from registry.cli.token import token
from registry.cli.user import user


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="registry")
def main() -> None:
    """A package registry for many protocols over one store, one identity and one policy."""


for command in (serve, user, token, setup, config):
    main.add_command(command)
