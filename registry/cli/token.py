"""`registry token`: what programs log in with."""

import re
import time

import click

from registry.app import open_services
from registry.auth.auth_token import TokenOptions
from registry.auth.scopes import EVERYTHING, parse_scopes
from registry.cli.options import with_settings
from registry.config import Settings
from registry.errors import ConfigError, NotFound

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@click.group()
def token() -> None:
    """Create, list and revoke tokens; a running server sees it at once."""


def parse_duration(text: str) -> int:
    """The seconds of a duration such as `30d`, `12h` or `90m`. Raises ConfigError."""
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if not match:
        raise ConfigError(f"a duration is a number and one of s, m, h, d, w, such as 30d; not {text!r}")
    return int(match[1]) * _UNITS[match[2]]


@token.command()
@click.option("--user", required=True, help="Whose token it is.")
@click.option("--scope", "scopes", multiple=True, help="What it may do, e.g. 'npm:package:@acme/*:write'.")
@click.option("--readonly", is_flag=True, help="Let it read only.")
@click.option("--expires", default="", help="How long it lives, e.g. 30d; default: until it is revoked.")
@click.option("--cidr", "cidrs", multiple=True, help="The network it may be used from.")
@click.option("--name", default="", help="What it is for.")
@with_settings
def create(
    settings: Settings,
    user: str,
    scopes: tuple[str, ...],
    readonly: bool,
    expires: str,
    cidrs: tuple[str, ...],
    name: str,
) -> None:
    """Create a token and print it, once and alone, on standard output."""
    expiry = int(time.time()) + parse_duration(expires) if expires else None
    auth = open_services(settings).auth
    rights = parse_scopes(scopes) if scopes else EVERYTHING
    options = TokenOptions(scopes=rights, readonly=readonly, expires=expiry, cidrs=cidrs, name=name)
    click.echo(auth.create_token(user, options=options).secret)


@token.command("list")
@click.option("--user", required=True, help="Whose tokens to list.")
@with_settings
def list_tokens(settings: Settings, user: str) -> None:
    """Print the tokens of a user: id, beginning, name, rights, expiry."""
    for each in open_services(settings).auth.tokens.list(user):
        rights = "read only" if each.readonly else "full"
        scopes = " ".join(str(scope) for scope in each.scopes)
        expires = time.strftime("%Y-%m-%d", time.gmtime(each.expires)) if each.expires else "never"
        click.echo(f"{each.id}\t{each.prefix}…\t{each.name}\t{rights}\t{scopes}\texpires {expires}")


@token.command()
@click.argument("token_id")
@with_settings
def revoke(settings: Settings, token_id: str) -> None:
    """Revoke a token by its id, or by itself."""
    if not open_services(settings).auth.revoke_token(token_id):
        raise NotFound("there is no such token")
    click.echo("revoked", err=True)
