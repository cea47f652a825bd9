"""A marked block in a client's own configuration file: written again, it replaces itself and nothing else."""

import os
import re
from pathlib import Path

from registry.errors import ConfigError

BEGIN = "# >>> registry >>>"
END = "# <<< registry <<<"
_BLOCK = re.compile(rf"^{re.escape(BEGIN)}\n.*?^{re.escape(END)}\n?", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^\s*(\[[^\]\n]+\]+)", re.MULTILINE)
_KEY = re.compile(r"^\s*([^\s#;=\[][^=\n]*?)\s*=", re.MULTILINE)


def write_block(path: Path, text: str) -> None:
    """Let the file at `path`, readable by its owner only, hold `text` between our marks, and all it held besides.

    Raises ConfigError when the file already has a section or setting of the block outside of the marks.
    """
    old = path.read_text("utf-8") if path.exists() else ""
    rest = _BLOCK.sub("", old)
    clash = _clash(rest, text)
    if clash:
        raise ConfigError(f"{path} has {clash} already; paste the block by hand")
    if rest and not rest.endswith("\n"):
        rest += "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.touch(mode=0o600)
    # Bare settings must come before the sections of a file, and a block with sections after them.
    block = f"{BEGIN}\n{text.rstrip()}\n{END}\n"
    scratch.write_text(rest + block if _SECTION.search(text) else block + rest, "utf-8")
    scratch.replace(path)


def _clash(rest: str, text: str) -> str:
    sections = set(_SECTION.findall(rest)) & set(_SECTION.findall(text))
    if sections:
        return f"the section {sorted(sections)[0]}"
    if _SECTION.search(text):
        return ""
    head = _SECTION.split(rest)[0]
    keys = set(_KEY.findall(head)) & set(_KEY.findall(text))
    return f"the setting {sorted(keys)[0]}" if keys else ""
