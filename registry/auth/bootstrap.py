"""The first administrator: no password, one token, in one file."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from registry.auth.service import Auth
from registry.auth.store import Record, create
from registry.auth.tokens import digest_of, is_opaque, new_secret
from registry.errors import AlreadyExists, ConfigError

ADMIN: Final = "admin"

_CLAIM: Final = "first-admin"


def ensure_admin(auth: Auth, path: Path) -> bool:
    """True when the user `admin` was made now and the file at `path`, readable by its owner only, holds the token.

    That happens once for a store, by one of the nodes that share it; after a crash the same node finishes it. A store
    that has such a user already gets none. Raises OSError when the file cannot be written, ConfigError when another is
    in its place.
    """
    claim = auth.store.read(_CLAIM)
    if claim is None and auth.users.get(ADMIN) is None:
        claim = _claim(auth, path)
    if claim is None or claim["done"] or not path.exists():
        return False
    secret = _read_secret(path)
    if digest_of(secret) != claim["digest"]:
        return False
    with suppress(AlreadyExists):
        auth.users.add(ADMIN, admin=True)
    owner = auth.users.get(ADMIN)
    if owner:
        auth.tokens.create(owner, secret=secret)
    auth.store.update(_CLAIM, lambda record: {**record, "done": True} if record else None)
    return True


def _claim(auth: Auth, path: Path) -> Record:
    """The record that names the one token there will be; a file made for another token is gone."""
    made = _write_secret(path)
    digest = digest_of(_read_secret(path))
    claim = create(auth.store, _CLAIM, {"digest": digest, "done": False})
    if made and claim["digest"] != digest:
        path.unlink()
    return claim


def _write_secret(path: Path) -> bool:
    """True when the file was made, whole or not at all, with mode 0600; False when there was one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{new_secret()}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(name)
    return True


def _read_secret(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    with os.fdopen(handle) as file:
        about = os.fstat(file.fileno())
        secret = file.read(256).strip() if stat.S_ISREG(about.st_mode) else ""
    private = about.st_uid == os.geteuid() and not about.st_mode & 0o077
    if not private or not is_opaque(secret):
        raise ConfigError(f"{path} is not the private file of a token; remove it")
    return secret
