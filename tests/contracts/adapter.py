"""What the suites over all protocols must be told of each; `tests/protocols/<protocol>/contract.py` tells it."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, cast

from registry.plugin import discover
from tests.builders.asking import Answer, Ask

Read = Callable[[str], Answer]
"""GET of a path, by somebody who may."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A file as an index offers it: where it is, and what its bytes hash to in hexadecimal."""

    path: str
    algorithm: str
    digest: str

    def fits(self, data: bytes) -> bool:
        return hashlib.new(self.algorithm, data).hexdigest() == self.digest


class Adapter(ABC):
    """One protocol. Whatever it makes is valid unless it says otherwise, and below the default mount."""

    protocol: ClassVar[str]
    package: ClassVar[str] = "demo"
    mutable: ClassVar[bool] = False
    """Whether a version may be published again with other bytes, as an OCI tag may."""

    owned: ClassVar[bool] = False
    """Whether a package belongs to who published it first, so that others may not change it."""

    unowned: ClassVar[frozenset[tuple[str, str]]] = frozenset()
    """Routes below a package where others may all the same change what is theirs, as a star is."""

    bookkeeping: ClassVar[tuple[str, ...]] = ()
    """What is in the keys of records that tell who holds which blob, and that no client sees."""

    public: ClassVar[frozenset[tuple[str, str]]] = frozenset()
    """Routes, each as template and method, that ask for no rights by design: logins, pings."""

    personal: ClassVar[frozenset[tuple[str, str]]] = frozenset()
    """Routes where everybody who is known may do what concerns users and no packages: own tokens, profiles."""

    administrative: ClassVar[frozenset[tuple[str, str]]] = frozenset()
    """Routes where only administrators may do what `request` asks for."""

    harmless: ClassVar[frozenset[tuple[str, str]]] = frozenset()
    """Routes of POST and PUT that change nothing, and ask for no more than reading does."""

    @abstractmethod
    def publish(self, version: str = "1.0.0", content: bytes = b"", package: str = "") -> Sequence[Ask]:
        """The requests that publish a version with a file holding `content`; the last one makes it visible."""

    @abstractmethod
    def mismatched(self, version: str = "1.0.0") -> Sequence[Ask]:
        """The same with a digest that is not that of the bytes; it is the last request that has to be refused."""

    @abstractmethod
    def index(self, package: str = "") -> str:
        """The path of what a client reads first of a package."""

    @abstractmethod
    def offers(self, read: Read, package: str = "") -> Mapping[str, Offer]:
        """What the index offers, by version; nothing for an unknown package."""

    @abstractmethod
    def listed(self, read: Read) -> set[str]:
        """The packages that a listing or a search of everything names."""

    @abstractmethod
    def check_refusal(self, answer: Answer) -> None:
        """The answer, to a request other than HEAD, is a refusal in the words of the protocol."""

    @abstractmethod
    def samples(self, version: str = "1.0.0", content: bytes = b"") -> Mapping[str, str]:
        """A value for each field of the route templates, or for one template as `template field`: of the package
        that `publish` publishes."""

    def visible(self, stored: Mapping[str, str]) -> Mapping[str, str]:
        """What clients can tell apart of what is stored: a blob that nothing names is left to garbage collection."""
        hidden = ("blobs/", *self.bookkeeping)
        return {key: token for key, token in stored.items() if not any(part in key for part in hidden)}

    def request(self, template: str, method: str, path: str) -> Ask:
        """A request that the route takes, and that changes something where the method is one that does."""
        return Ask(method, path, None if method in ("GET", "HEAD", "OPTIONS") else b"{}", JSON)

    def hostile(self) -> Mapping[str, Sequence[Ask]]:
        """Publications that have to be refused, by what is wrong with them."""
        return {}


JSON = {"Content-Type": "application/json"}


def adapter(protocol: str) -> Adapter:
    """The adapter of a protocol; every protocol needs one."""
    return cast("Adapter", import_module(f"tests.protocols.{protocol}.contract").ADAPTER)


def protocols() -> Sequence[str]:
    """The protocols that there are."""
    return sorted(discover())
