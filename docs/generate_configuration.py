"""Print docs/configuration.md: `python docs/generate_configuration.py > docs/configuration.md`."""

from pathlib import Path

from registry.config import describe_settings

HEAD = """# Configuration

Settings come from one TOML file: the one given by `--config` or `REGISTRY_CONFIG`, else `./registry.toml` if there is
one. No file is needed. Each setting can be overridden by an environment variable, `REGISTRY_<SECTION>__<KEY>` in
capitals (`REGISTRY_SERVER__BIND=127.0.0.1:9000`); with `_FILE` behind it the variable names a file that holds the
value, which is the way to hand over secrets. `--data` and `REGISTRY_DATA` set `storage.data_dir`. A key that does not
exist is an error that names the nearest one that does. `registry config show` prints the settings in force,
`registry config check` tries them.

| key | type | default | meaning |
|---|---|---|---|
"""

TAIL = """
## Mounts

Every protocol is mounted once by default, at its own name. Further mounts of a protocol have names of their own, a
path, and their own packages; the name is the first field of scopes (`npm-internal:package:*:write`).

```toml
[mounts.npm-internal]
protocol = "npm"
path = "/internal/npm"
```
"""


def render() -> str:
    """The whole page."""
    return (
        HEAD
        + "".join(
            f"| `{key}` | {kind} | {_default(value)} | {doc} |\n" for key, kind, value, doc, _ in describe_settings()
        )
        + TAIL
    )


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[]`"
    return f"`{value}`" if isinstance(value, int | Path) or value else ""


if __name__ == "__main__":
    print(render(), end="")
