"""The `registry` command."""

import importlib

import click

from registry import __version__

COMMANDS = ("serve", "user", "token", "setup", "config", "gc")


class Commands(click.Group):
    """The commands by name. Each module is imported when it is asked for: `serve` has to patch before most imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of a newcomer's interest."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"registry.cli.{cmd_name}"), cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="registry")
def main() -> None:
    """A package registry for many protocols over one store, one identity and one policy."""
