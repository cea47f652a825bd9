"""The lowest floor stands on its own: the standard library, registry.errors and itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import registry.core

CORE = Path(registry.core.__file__).parent
PROJECT = CORE.parent.parent
MODULES = sorted(CORE.rglob("*.py"))
UNSAFE = {"pickle", "socket", "sqlite3", "subprocess", "tarfile", "zipfile"}
ALLOWED = sys.stdlib_module_names - UNSAFE


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def is_allowed(name: str) -> bool:
    if name.partition(".")[0] in ALLOWED:
        return True
    return name in ("registry.errors", "registry.core") or name.startswith("registry.core.")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_core_imports_nothing_but_the_standard_library_errors_and_itself(path: Path) -> None:
    assert [name for name in imported(path.read_text()) if not is_allowed(name)] == []


def test_the_rule_can_be_broken() -> None:
    source = "import os, orjson, pickle\nfrom falcon import App\nfrom registry.auth import scopes\nfrom . import keys\n"
    refused = [name for name in imported(source) if not is_allowed(name)]
    assert refused == ["orjson", "pickle", "falcon", "registry.auth", "."]


def test_core_is_imported_without_site_packages() -> None:
    names = [name_of(path) for path in MODULES]
    program = f"""
import importlib, sys
sys.path.insert(0, {str(PROJECT)!r})
for name in {names!r}:
    importlib.import_module(name)
print(*sorted(name for name in sys.modules if name.startswith("registry")))
"""
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert set(run.stdout.split()) == {"registry", "registry.errors", *names}
