"""Crashes on purpose: a process that ends in the middle of its writes, for tests of what it leaves behind."""

import os
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final, cast

from registry.storage.driver import Driver

MUTATING: Final = {"put", "delete", "append", "complete", "abort", "move"}
EXIT_STATUS: Final = 137


class CrashingDriver:
    """A driver whose process ends at one of its mutating calls, counted from 1."""

    def __init__(self, driver: Driver, failpoint: str, log: str = "") -> None:
        """`failpoint` "7" ends the process before the 7th call, "7.5" after it, "" never.

        `log` names a file to which every mutating call is appended as a line: its number, its name, its key.
        """
        self._driver = driver
        self._failpoint = failpoint
        self._log = log
        self._calls = 0
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._driver, name)
        return self._counted(name, found) if name in MUTATING else found

    def _counted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            number = self._count(f"{name} {getattr(args[0], 'key', args[0])}")
            self._crash_at(f"{number}")
            result = method(*args, **kwargs)
            self._crash_at(f"{number}.5")
            return result

        return run

    def _count(self, call: str) -> int:
        with self._lock:
            self._calls += 1
            if self._log:
                with open(self._log, "a", encoding="utf-8") as log:
                    log.write(f"{self._calls} {call}\n")
            return self._calls

    def _crash_at(self, point: str) -> None:
        if point == self._failpoint:
            os._exit(EXIT_STATUS)


def with_failpoints(driver: Driver, environ: Mapping[str, str]) -> Driver:
    """The driver itself, or as REGISTRY_FAILPOINT and REGISTRY_FAILPOINT_LOG have it, a CrashingDriver around it."""
    failpoint, log = environ.get("REGISTRY_FAILPOINT", ""), environ.get("REGISTRY_FAILPOINT_LOG", "")
    if not failpoint and not log:
        return driver
    return cast("Driver", CrashingDriver(driver, failpoint, log))
