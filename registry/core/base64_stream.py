"""Base64 decoded while it arrives (RFC 4648, section 4; nothing but the alphabet, canonical padding at the end)."""

import binascii
from typing import Protocol

from registry.errors import Invalid


class Sink(Protocol):
    """Takes bytes in order; whoever made it closes it."""

    def write(self, data: bytes, /) -> object:
        """The bytes are taken, all of them."""
        ...


class Base64Sink:
    """Writes to `out` what the base64 written to it stands for; `close` must follow. Both raise Invalid."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._carry = b""
        self._padded = False

    def write(self, data: bytes) -> None:
        """The whole groups of four characters so far are decoded and passed on."""
        if self._padded and data:
            raise Invalid("base64 goes on after its padding")
        data = self._carry + data
        whole = len(data) - len(data) % 4
        self._carry = data[whole:]
        if whole:
            self._decode(data[:whole])

    def close(self) -> None:
        """The text ended with a whole group."""
        if self._carry:
            raise Invalid("base64 ends within a group of four")

    def _decode(self, groups: bytes) -> None:
        try:
            decoded = binascii.a2b_base64(groups, strict_mode=True)
        except binascii.Error as error:
            raise Invalid(f"not base64: {error}") from None
        self._padded = groups.endswith(b"=")
        if self._padded and binascii.b2a_base64(decoded[-(len(decoded) % 3) :], newline=False) != groups[-4:]:
            raise Invalid("base64 with bits left over")
        self._out.write(decoded)
