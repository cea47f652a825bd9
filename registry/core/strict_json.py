"""JSON as RFC 8259 has it and nothing beside: one meaning per document, and costs bounded before they arise."""

import json
import math
import re
from typing import Any, Final, NoReturn

from registry.errors import Invalid, TooLarge

MAX_DEPTH: Final = 64
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DIGITS: Final = 4300  # more is quadratic to read, and Python's own limit for writing

_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_STRING: Final = re.compile(rb'"[^"]*+"?')
_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(b'"[]{}'))
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")


def parse_json(data: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> Any:
    """The value that the UTF-8 document holds.

    Raises TooLarge past `max_bytes`; Invalid for what RFC 8259 forbids or leaves open: a key twice in an object, a byte
    order mark, lone surrogates, NaN and Infinity, numbers beyond a float or of more than 4300 digits; and for
    containers nested deeper than `max_depth`.
    """
    if len(data) > max_bytes:
        raise TooLarge(max_bytes, "the JSON document")
    _check_depth(data, max_depth)
    try:
        value = _DECODER.decode(data.decode())
        if _SURROGATE_ESCAPE.search(data):
            render_json(value)
    except UnicodeEncodeError:
        raise Invalid("a JSON string holds a lone surrogate") from None
    except ValueError as error:
        raise Invalid(f"not valid JSON: {error}") from None
    return value


def render_json(value: Any) -> bytes:
    """The value as compact UTF-8, members in the order they have. Raises ValueError for NaN and lone surrogates."""
    return _ENCODER.encode(value).encode()


def _check_depth(data: bytes, limit: int) -> None:
    """Raises Invalid for what nests deeper, without nesting itself: each turn takes the innermost brackets away."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return
    brackets = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(_ONE_KIND, _NOT_STRUCTURE)
    brackets = _STRING.sub(b"", brackets.replace(b'""', b""))
    depth = 0
    while b"[]" in brackets and depth < limit:
        brackets = brackets.replace(b"[]", b"")
        depth += 1
    if brackets:
        raise Invalid(f"JSON nested deeper than {limit}, or brackets that do not match")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise Invalid("a JSON object holds a key twice")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Invalid(f"a JSON number has more than {MAX_DIGITS} digits")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Invalid("a JSON number is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise Invalid(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant
)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
