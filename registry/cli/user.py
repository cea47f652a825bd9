"""`registry user`: who there is."""

import sys

import click

from registry.app import open_services
from registry.auth.users import Users
from registry.cli.options import with_settings
from registry.config import Settings


@click.group()
def user() -> None:
    """Add, list and remove users; a running server sees it at once."""


def _users(settings: Settings) -> Users:
    return open_services(settings).auth.users


def _password(from_stdin: bool) -> str:
    """The password from standard input, up to its first newline, or from a prompt."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--admin", is_flag=True, help="Let the user do everything.")
@click.option("--email", default="", help="Shown to owners of packages.")
@click.option("--scope", "scopes", multiple=True, help="What the user may do, e.g. 'npm:package:@acme/*:write'.")
@with_settings
def add(settings: Settings, name: str, password_stdin: bool, admin: bool, email: str, scopes: tuple[str, ...]) -> None:
    """Add a user."""
    _users(settings).add(name, _password(password_stdin), email=email, admin=admin, scopes=scopes or None)
    click.echo(f"added {name}", err=True)


@user.command("list")
@with_settings
def list_users(settings: Settings) -> None:
    """Print the users, one a line."""
    for each in _users(settings).list():
        click.echo(f"{each.name}\tadmin" if each.admin else each.name)


@user.command()
@click.argument("name")
@with_settings
def remove(settings: Settings, name: str) -> None:
    """Remove a user and all tokens of the user."""
    open_services(settings).auth.remove_user(name)
    click.echo(f"removed {name}", err=True)


@user.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_settings
def passwd(settings: Settings, name: str, password_stdin: bool) -> None:
    """Change a password."""
    _users(settings).set_password(name, _password(password_stdin))
    click.echo(f"changed the password of {name}", err=True)
