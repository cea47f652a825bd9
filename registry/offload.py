"""Work that would stall other requests, done in gevent's threadpool when there is one and inline otherwise."""

import sys
from collections.abc import Callable
from threading import Lock
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def _gevent() -> Any:
    """The gevent package if this process runs on it (imported and patched), else None."""
    monkey = sys.modules.get("gevent.monkey")
    return sys.modules["gevent"] if monkey is not None and monkey.is_module_patched("socket") else None


def offload(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work(*args, **kwargs)`, which must not touch gevent; other greenlets run meanwhile."""
    gevent = _gevent()
    if gevent is None:
        return work(*args, **kwargs)
    hub = gevent.get_hub()
    if hub.threadpool_size and gevent.getcurrent() is not hub:
        result, error = hub.threadpool.apply(_attempt, (work, args, kwargs))
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]
    return work(*args, **kwargs)


def _attempt(work: Callable[..., T], args: Any, kwargs: Any) -> tuple[T | None, Exception | None]:
    """The result or the error: gevent prints the traceback of whatever is raised in its threads, expected or not."""
    try:
        return work(*args, **kwargs), None
    except Exception as error:  # noqa: BLE001 - raised again by the caller
        return None, error


def shared_lock() -> Lock:
    """A lock that offloaded work and greenlets may both take; nobody may switch or wait while holding it.

    One that gevent has patched is for greenlets: threads of its pool that meet at it hang (gevent 26.9).
    """
    gevent = _gevent()
    return gevent.monkey.get_original("threading", "Lock")() if gevent else Lock()


def breathe() -> None:
    """Let other greenlets run; a generator on loopback never blocks and would starve them."""
    gevent = _gevent()
    if gevent is not None:
        gevent.sleep(0)
