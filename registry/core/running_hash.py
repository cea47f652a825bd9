"""Hashes whose state can be put down as text and taken up again by another process.

hashlib cannot do that, OpenSSL's own functions can. Where they cannot be called, or behave otherwise than expected,
there is no state to put down.
"""

import base64
import ctypes
import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol, Self

_LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.so.1.1")
_SIZES: Final = {"sha256": 112, "sha512": 216}  # bytes of SHA256_CTX and SHA512_CTX
_PROBE: Final = b"registry" * 50


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> object: ...
    def hexdigest(self) -> str: ...
    def copy(self) -> Any: ...


class RunningHash:
    """Hashes one stream of bytes under several algorithms at once, and goes on where another one stopped."""

    def __init__(self, algorithms: Iterable[str], states: Mapping[str, str] | None = None) -> None:
        """From the start, or from the `states` of all these algorithms, which `readable` said yes to."""
        self.hashes: dict[str, _Hash] = {name: _open_hash(name, (states or {}).get(name, "")) for name in algorithms}

    def update(self, data: bytes | memoryview) -> None:
        """The bytes are hashed."""
        for each in self.hashes.values():
            each.update(data)

    def hexdigests(self) -> dict[str, str]:
        """The lower-case hex of all that was hashed so far, by algorithm."""
        return {name: each.hexdigest() for name, each in self.hashes.items()}

    def states(self) -> dict[str, str]:
        """What another RunningHash goes on from; empty where the state cannot be put down."""
        states = {name: each.state() for name, each in self.hashes.items() if isinstance(each, _PortableHash)}
        return states if len(states) == len(self.hashes) else {}

    def copy(self) -> Self:
        """One that goes on from here, independently."""
        other = copy(self)
        other.hashes = {name: each.copy() for name, each in self.hashes.items()}
        return other


def readable(algorithms: Iterable[str], states: Mapping[str, str]) -> bool:
    """Whether this process can go on from the states, which another one put down."""
    return all(states.get(name, "").startswith(_tag() + " ") and _functions(name) for name in algorithms)


@dataclass(frozen=True, slots=True)
class _Functions:
    start: Callable[[Any], int]
    update: Callable[[Any, Any, int], int]
    finish: Callable[[Any, Any], int]
    size: int


class _PortableHash:
    def __init__(self, functions: _Functions, state: bytes | None = None) -> None:
        self._functions = functions
        self.context = ctypes.create_string_buffer(functions.size + 64)
        if state is None:
            functions.start(self.context)
        else:
            ctypes.memmove(self.context, state, functions.size)

    def update(self, data: bytes | memoryview) -> None:
        if isinstance(data, memoryview):
            data = _readable_buffer(data)
        self._functions.update(self.context, data, len(data))

    def hexdigest(self) -> str:
        functions, context = self._functions, self.copy().context
        digest = ctypes.create_string_buffer(64)
        functions.finish(digest, context)
        return digest.raw[: 32 if functions.size == _SIZES["sha256"] else 64].hex()

    def state(self) -> str:
        raw = self.context.raw[: self._functions.size]
        return f"{_tag()} {base64.b64encode(raw).decode()}"

    def copy(self) -> "_PortableHash":
        return _PortableHash(self._functions, self.context.raw[: self._functions.size])


def _readable_buffer(view: memoryview) -> Any:
    """The view as ctypes takes it; a part of bytes has to be copied for that."""
    if not view.readonly:
        return (ctypes.c_char * view.nbytes).from_buffer(view)
    whole = view.obj
    return whole if isinstance(whole, bytes) and len(whole) == view.nbytes else view.tobytes()


def _open_hash(algorithm: str, state: str) -> _Hash:
    functions = _functions(algorithm)
    if functions is None:
        return hashlib.new(algorithm, usedforsecurity=False)
    return _PortableHash(functions, base64.b64decode(state.partition(" ")[2]) if state else None)


@cache
def _functions(algorithm: str) -> _Functions | None:
    """OpenSSL's functions, if they are there and keep their whole state where it is copied from."""
    library = _library()
    if library is None or algorithm not in _SIZES:
        return None
    try:
        prefix = algorithm.upper()
        start, update, finish = (getattr(library, f"{prefix}_{name}") for name in ("Init", "Update", "Final"))
    except AttributeError:
        return None
    update.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    found = _Functions(start, update, finish, _SIZES[algorithm])
    first = _PortableHash(found)
    first.update(_PROBE)
    second = first.copy()
    second.update(_PROBE)
    return found if second.hexdigest() == hashlib.new(algorithm, 2 * _PROBE).hexdigest() else None


@cache
def _library() -> ctypes.CDLL | None:
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


@cache
def _tag() -> str:
    """What must be the same in the process that goes on: the layout of the state follows from it."""
    return f"openssl-{platform.machine()}"
