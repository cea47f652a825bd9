"""The one path: decoded once, checked once, then both authorised and served."""

import re
from collections.abc import Iterable
from typing import Any

from registry.errors import Invalid
from registry.http.mount import Mount

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


def request_path(environ: dict[str, Any]) -> str:
    """The path of a WSGI request, which may still hold anything; bytes that are not UTF-8 come as lone surrogates.

    Only PATH_INFO is read: hosts disagree on everything else.
    """
    path: str = environ.get("PATH_INFO") or "/"
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "surrogateescape")


def check_path(path: str) -> str:
    """`path` itself. Raises Invalid for control characters, backslashes, lone surrogates, `.`, `..` and empty segments.

    A trailing slash is fine. A literal `%2f` is what mod_wsgi leaves of npm's scope separator, and read as such.
    """
    if not path.startswith("/") or "//" in path or _FORBIDDEN.search(path) or _DOTS.search(path):
        raise Invalid("the path has empty, dotted or forbidden segments")
    return re.sub("(?<=/@)([^/%]+)%2[fF]", r"\1/", path) if "%2" in path else path


class MountTable:
    """Finds the mount of a path: by longest prefix on whole segments."""

    def __init__(self, mounts: Iterable[Mount], public_path: str = "") -> None:
        self._public_path = public_path
        entries = [(mount.path, len(mount.path), mount) for mount in mounts]
        entries += [(root, 0, mount) for _, _, mount in entries for root in mount.root_paths]
        self._entries = sorted(entries, key=lambda entry: -len(entry[0]))

    def find(self, path: str) -> tuple[Mount | None, str]:
        """The mount of `path`, and the path below its base; a path outside all mounts comes back whole.

        The path of the public URL is dropped first where the proxy in front has left it on.
        """
        path = self._below_public_path(path)
        for prefix, strip, mount in self._entries:
            if _is_below(path, prefix):
                return mount, path[strip:] or "/"
        return None, path

    def is_outside(self, mount: Mount, path: str) -> bool:
        """Whether the path, which is the mount's, lies under one of its root paths instead of its base path."""
        return not _is_below(self._below_public_path(path), mount.path)

    def _below_public_path(self, path: str) -> str:
        if self._public_path and _is_below(path, self._public_path):
            return path[len(self._public_path) :] or "/"
        return path


def _is_below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")
