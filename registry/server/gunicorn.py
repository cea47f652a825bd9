"""gunicorn inside this program: its settings are values here, not a file or a command line."""

import importlib
import logging
import os
import signal
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

log = logging.getLogger(__name__)

AppFactory = Callable[[], WSGIApplication]

STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
KEEPALIVE_SECONDS = 75
CONNECTIONS = 1000
HUNG_SECONDS = 120

# What the worker class takes from gunicorn beyond its documented interface.
INTERNALS = (
    "gunicorn.http.body:ChunkedReader",
    "gunicorn.http.body:LengthReader",
    "gunicorn.http.errors:ParseException",
    "gunicorn.http.errors:NoMoreData",
    "gunicorn.http.errors:ExpectationFailed",
    "gunicorn.http.errors:UnsupportedTransferCoding",
    "gunicorn.http.message:Request.set_body_reader",
    "gunicorn.http.message:Request._expected_100_continue",
    "gunicorn.http.message:Request._peer_trusted_for_forwarded",
    "gunicorn.http.wsgi:create",
    "gunicorn.http.wsgi:Response._emit_body",
    "gunicorn.http.wsgi:Response.send_headers",
    "gunicorn.http.wsgi:Response.should_close",
    "gunicorn.workers.ggevent:GeventWorker.handle",
    "gunicorn.workers.ggevent:GeventWorker.notify",
)


def serve(
    app_factory: AppFactory,
    *,
    bind: str,
    workers: int = 0,
    graceful_timeout: int = 30,
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Serve until a signal ends it; never returns but by SystemExit. `patch()` was called before.

    `bind` is HOST:PORT or unix:/path, `workers` 0 means one for each processor. Each worker calls `app_factory` once,
    after the fork. `on_ready` is called once connections are taken. SIGTERM gives running requests
    `graceful_timeout` seconds, SIGHUP replaces the workers.
    """
    settings = gunicorn_settings(bind=bind, workers=workers, graceful_timeout=graceful_timeout)
    settings["post_worker_init"] = lambda worker: signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    if on_ready is not None:
        settings["when_ready"] = lambda arbiter: on_ready()
    UnhurriedArbiter(EmbeddedGunicorn(settings, app_factory)).run()


def gunicorn_settings(*, bind: str, workers: int = 0, graceful_timeout: int = 30) -> dict[str, Any]:
    """gunicorn's settings for the registry."""
    return {
        "bind": [bind],
        "workers": workers or len(os.sched_getaffinity(0)),
        "worker_class": worker_class(),
        "worker_connections": CONNECTIONS,
        "proc_name": "registry",
        "keepalive": KEEPALIVE_SECONDS,
        "timeout": HUNG_SECONDS,
        "graceful_timeout": graceful_timeout,
        "limit_request_line": 8190,
        "limit_request_fields": 100,
        "limit_request_field_size": 8190,
        "control_socket_disable": True,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
    }


def worker_class() -> Any:
    """Our worker class, or the name of gunicorn's own where this gunicorn lacks what ours is made of."""
    missing = sorted(missing_internals(INTERNALS))
    if missing:
        log.warning("this gunicorn has no %s; its own gevent worker is used, which is slower", ", ".join(missing))
        return "gevent"
    from registry.server.worker import RegistryWorker

    return RegistryWorker


def missing_internals(names: Iterable[str]) -> set[str]:
    """Those of `names`, each `module:attribute`, that cannot be found."""
    return {name for name in names if not _exists(*name.split(":"))}


def _exists(module: str, path: str) -> bool:
    try:
        found: Any = importlib.import_module(module)
        for attribute in path.split("."):
            found = getattr(found, attribute)
    except (ImportError, AttributeError):
        return False
    return True


class UnhurriedArbiter(Arbiter):
    """gunicorn's arbiter, whose new workers miss no signal, and who misses no worker's death.

    A worker has the arbiter's signal handlers until it has its own. A SIGTERM in that moment would be lost, and the
    arbiter would wait for the worker until `graceful_timeout`; so it is held back until the worker is ready for it.
    """

    def spawn_worker(self) -> Any:
        """The process id of a new worker."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def murder_workers(self) -> None:
        """Workers that hang are killed, and those that died are known to be dead; asked once a second.

        gevent hears of the death of a child only from a moment after the fork on.
        """
        self.reap_workers()
        super().murder_workers()


class EmbeddedGunicorn(BaseApplication):
    """A gunicorn that is told its settings and its application."""

    def __init__(self, settings: dict[str, Any], app_factory: AppFactory) -> None:
        self._settings = settings
        self._app_factory = app_factory
        super().__init__()

    def load_config(self) -> None:
        """Take over the settings; asked again at SIGHUP."""
        settings: Any = self.cfg
        for name, value in self._settings.items():
            settings.set(name, value)

    def load(self) -> WSGIApplication:
        """The application; asked for in each worker."""
        return self._app_factory()
