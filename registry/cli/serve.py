"""`registry serve`: the server, and what a newcomer needs to know of it."""

import logging
from dataclasses import replace
from typing import Any

import click

from registry.cli.options import with_settings
from registry.config import Settings


@click.command()
@click.option("--bind", help="HOST:PORT or unix:/path to listen on.")
@click.option("--workers", type=click.IntRange(min=0), help="Worker processes; 0 means one per processor.")
@with_settings
def serve(settings: Settings, bind: str | None, workers: int | None) -> None:
    """Run the registry."""
    from registry.server.patching import patch

    patch()
    from registry.cli.banner import render_banner
    from registry.server.gunicorn import serve as run_server

    settings = _with_server(settings, bind=bind, workers=workers)
    logging.basicConfig(level=settings.log.level.upper(), format="%(levelname)s %(name)s: %(message)s")
    token_file = _prepare(settings)
    run_server(
        _app_factory(settings),
        bind=settings.server.bind,
        workers=settings.server.workers,
        graceful_timeout=settings.server.graceful_timeout,
        on_ready=lambda: click.echo(render_banner(settings, token_file)),
    )


def _with_server(settings: Settings, **given: Any) -> Settings:
    chosen = {key: value for key, value in given.items() if value is not None}
    return replace(settings, server=replace(settings.server, **chosen))


def _app_factory(settings: Settings) -> Any:
    def create() -> Any:
        from registry.app import create_app, open_services
        from registry.maintenance.reconciling import start_reconciling

        services = open_services(settings)
        app = create_app(settings, services)
        start_reconciling(services.storage, services.catalogs.values())
        return app

    return create


def _prepare(settings: Settings) -> str:
    """Check the store and the mounts before any worker starts; the path of the admin token."""
    from registry.app import open_services, resolve_mounts
    from registry.auth.bootstrap import ensure_admin

    resolve_mounts(settings)
    services = open_services(settings)
    services.storage.check_ready()
    path = settings.storage.data_dir / "admin-token"
    ensure_admin(services.auth, path)
    return str(path.absolute())
