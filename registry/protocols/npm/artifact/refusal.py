"""How the reader of publications refuses."""

from reprlib import Repr
from typing import Any, Final

from registry.errors import Invalid

MAX_SHOWN: Final = 100

_REPR: Final = Repr()
_REPR.maxlevel = 2
_REPR.maxdict = _REPR.maxlist = 10
_REPR.maxstring = MAX_SHOWN


class PublicationInvalid(Invalid):
    """The document, the tarball or the provenance is malformed, or they disagree."""

    code = "publication_invalid"


def shown(value: Any) -> str:
    """The JSON value as a refusal repeats it: at most 100 characters, and not much more of it is ever rendered."""
    return _REPR.repr(value)[:MAX_SHOWN]
