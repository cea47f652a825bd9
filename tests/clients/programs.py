"""The real client programs: from .clients/bin (filled by `make clients`), else from the PATH of the system."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parents[2] / ".clients"
WHEELS = CLIENTS / "wheels"
"""Build backends as wheels, for `--find-links` where a client builds without an index."""

SEARCH_PATH = os.pathsep.join([str(CLIENTS / "bin"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])


def require_program(name: str) -> Path:
    """The program of that name; without it the test is skipped, or fails where clients are required."""
    found = shutil.which(name, path=SEARCH_PATH)
    if found is not None:
        return Path(found)
    reason = f"the client {name} is not installed (make clients)"
    if os.environ.get("REGISTRY_REQUIRE_CLIENTS") == "1" or os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a test runs clients: a home folder of their own, and nothing of the caller's configuration."""

    home: Path

    def environment(self) -> dict[str, str]:
        """The variables a client gets; it can reach loopback only without a proxy."""
        return {
            "HOME": str(self.home),
            "PATH": SEARCH_PATH,
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "NPM_CONFIG_UPDATE_NOTIFIER": "false",
            "YARN_ENABLE_TELEMETRY": "0",
            "POETRY_KEYRING_ENABLED": "false",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PDM_CHECK_UPDATE": "0",
        }

    def run(
        self,
        name: str,
        *arguments: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        status: int | None = 0,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """The finished client with its output as text; fails unless it ended with `status` (None: with any)."""
        done = subprocess.run(
            [require_program(name), *arguments],
            cwd=cwd or self.home,
            env={**self.environment(), **(env or {})},
            input=stdin or "",
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        if status is not None and done.returncode != status:
            command = " ".join([name, *map(str, arguments)])
            pytest.fail(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done
