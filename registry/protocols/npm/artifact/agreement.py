"""Whether the manifest that was sent says what the package.json in the tarball says.

Clients tidy up the manifest before they send it, each in its own way; what they are known to change means the same.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from registry.protocols.npm.artifact.refusal import PublicationInvalid, shown
from registry.protocols.npm.versions import without_build

Manifest = Mapping[str, Any]

_INSTALL_SCRIPTS: Final = ("preinstall", "install", "postinstall")
_HOSTED: Final = re.compile(
    r"(?:git\+)?(?:(?:https?|ssh|git)://(?:[^@/]+@)?|git@)?"
    r"(?P<host>github|gitlab|bitbucket|gist)(?:\.com|\.org|\.github\.com)?[:/]"
)


def check_agreement(manifest: Manifest, package_json: Manifest, has_gyp: bool = False) -> None:
    """They agree on all that decides what is installed and run. Raises PublicationInvalid naming the field."""
    _check("name", manifest.get("name"), package_json.get("name"))
    version = package_json.get("version")
    if isinstance(version, str) and manifest.get("version") != version:
        # npm cleans `v1.0.0` and `1.0.0+build` to `1.0.0`.
        version = without_build(version.strip().lstrip("=v "))
    _check("version", manifest.get("version"), version)
    for field, read in _FIELDS.items():
        _check(field, read(manifest), read(package_json))
    _check_scripts(manifest, package_json, has_gyp)


def _check(field: str, sent: Any, packed: Any) -> None:
    if sent != packed:
        raise PublicationInvalid(
            f"{field} differs: the manifest says {shown(sent)}, package.json in the tarball {shown(packed)}"
        )


def _check_scripts(manifest: Manifest, package_json: Manifest, has_gyp: bool) -> None:
    sent, packed = _install_scripts(manifest), _install_scripts(package_json)
    if has_gyp and "install" not in packed and "preinstall" not in packed:
        # npm writes down what it would do at installation anyway.
        sent = {name: script for name, script in sent.items() if (name, script) != ("install", "node-gyp rebuild")}
    _check("scripts", sent, packed)


def _install_scripts(manifest: Manifest) -> dict[str, str]:
    scripts = manifest.get("scripts")
    found = scripts if isinstance(scripts, dict) else {}
    return {name: _script(found[name]) for name in _INSTALL_SCRIPTS if isinstance(found.get(name), str)}


def _script(text: str) -> str:
    return re.sub(r"^(?:\./)?node_modules/\.bin/", "", text).strip()


def _all_dependencies(manifest: Manifest) -> dict[str, str]:
    """Dependencies and optional ones: npm lists an optional one in both places, or takes it out of the first."""
    return {**_references(manifest, "dependencies"), **_references(manifest, "optionalDependencies")}


def _references(manifest: Manifest, field: str) -> dict[str, str]:
    value = manifest.get(field)
    if not isinstance(value, dict):
        return {}
    return {name: _reference(text) for name, text in value.items() if isinstance(text, str)}


def _reference(text: str) -> str:
    """A version range, or one spelling for the many of a git repository at the known hosts."""
    text = text.strip()
    if "/" not in text:
        return text
    url, mark, commit = text.partition("#")
    hosted = _HOSTED.match(url)
    if hosted is None and not re.fullmatch(r"[A-Za-z0-9_-][\w.-]*/[\w.-]+", url):
        return text
    host, path = (hosted["host"], url[hosted.end() :]) if hosted else ("github", url)
    return f"{host}:{path.removesuffix('.git')}{mark}{commit}"


def _bin(manifest: Manifest) -> dict[str, str]:
    value = manifest.get("bin")
    if isinstance(value, str):
        value = {str(manifest.get("name")): value}
    if not isinstance(value, dict):
        return {}
    return {
        name.rpartition("/")[2]: posixpath.normpath("/" + path)
        for name, path in value.items()
        if isinstance(path, str) and path
    }


def _mapping(field: str) -> Callable[[Manifest], dict[str, Any]]:
    def read(manifest: Manifest) -> dict[str, Any]:
        value = manifest.get(field)
        return value if isinstance(value, dict) else {}

    return read


def _list(field: str) -> Callable[[Manifest], list[str]]:
    def read(manifest: Manifest) -> list[str]:
        value = manifest.get(field)
        return [value] if isinstance(value, str) else value if isinstance(value, list) else []

    return read


_FIELDS: Final[Mapping[str, Callable[[Manifest], Any]]] = {
    "dependencies": _all_dependencies,
    "optionalDependencies": lambda manifest: _references(manifest, "optionalDependencies"),
    "peerDependencies": lambda manifest: _references(manifest, "peerDependencies"),
    "peerDependenciesMeta": _mapping("peerDependenciesMeta"),
    "bin": _bin,
    "engines": _mapping("engines"),
    "os": _list("os"),
    "cpu": _list("cpu"),
    "libc": _list("libc"),
}
