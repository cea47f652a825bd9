"""Package names: the grammar of what may be looked up, and of what may be published anew.

Spec: docs.npmjs.com, "package.json, name"; the rules are those of npm's validate-npm-package-name.
"""

import re
from typing import Final, NewType

from registry.errors import Invalid

PackageName = NewType("PackageName", str)
"""A name as published, `name` or `@scope/name`. Upper and lower case differ."""

MAX_NAME: Final = 214
PACKAGE_PATTERN: Final = r"(?:@[^/]+/)?[^/@-][^/]*"
FILENAME_PATTERN: Final = r"[^/]+\.tgz"

_PART: Final = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~!'()*-]+"
_NAME: Final = re.compile(rf"(?:@{_PART}/)?(?!-){_PART}")
_NEW: Final = re.compile(r"@[a-z0-9][a-z0-9._-]*/[a-z0-9_][a-z0-9._-]*|[a-z0-9][a-z0-9._-]*")
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)")
_MEANT_FOR_OTHERS: Final = frozenset(
    {"node_modules", "favicon.ico", "constructor", "prototype"}
    # The modules of Node.js itself, which `require` finds first.
    | {"assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram"}
    | {"diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net"}
    | {"os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream"}
    | {"string_decoder", "sys", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi"}
    | {"worker_threads", "zlib"}
)


class NameInvalid(Invalid):
    """The text is no package name, or none that a new package may have."""

    code = "name_invalid"


def parse_name(text: str) -> PackageName:
    """The name that a package has or had once; older ones hold capitals and more. Raises NameInvalid."""
    if len(text) > MAX_NAME or not _NAME.fullmatch(text):
        raise NameInvalid(f"{text[:MAX_NAME]!r} is not a package name")
    return PackageName(text)


def check_new_name(name: PackageName) -> PackageName:
    """The name, which a new package may have. Raises NameInvalid."""
    base = base_name(name)
    if not _NEW.fullmatch(name):
        raise NameInvalid(f"{name} is no name for a new package: lower-case letters, digits, '-', '_' and '.'")
    if base.endswith(".") or _DEVICE.match(base) or (scope_of(name) == "" and base in _MEANT_FOR_OTHERS):
        raise NameInvalid(f"{name} is no name for a new package: it means something else already")
    return name


def scope_of(name: PackageName) -> str:
    """The scope without its `@`, empty for a name that has none."""
    return name[1:].partition("/")[0] if name.startswith("@") else ""


def base_name(name: PackageName) -> str:
    """The name without its scope."""
    return name.rpartition("/")[2]


def tarball_filename(name: PackageName, version: str) -> str:
    """The name of the file that every client expects, whatever the publisher called it."""
    return f"{base_name(name)}-{version}.tgz"


def version_in_filename(name: PackageName, filename: str) -> str:
    """The version in the name of a tarball of that package, empty when it is no such name."""
    prefix = f"{base_name(name)}-"
    return filename[len(prefix) : -len(".tgz")] if filename.startswith(prefix) and filename.endswith(".tgz") else ""
