"""The text fields of an upload. Spec: docs.pypi.org/api/upload; no client sends all of them, nor in one order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from registry.errors import DigestMismatch, Gone, Invalid
from registry.protocols.pypi.names import Filetype, ProjectName, normalize_name
from registry.protocols.pypi.versions import Release, normalize_version, parse_version

DIGEST_FIELDS = {"sha256": "sha256_digest", "blake2b_256": "blake2_256_digest", "md5": "md5_digest"}
"""Algorithms, as `registry.core.digests` calls them, and the fields that carry their hexadecimal digests."""

_RETIRED_ACTIONS = frozenset({"submit", "doc_upload", "remove_pkg", "verify", "submit_pkg_info"})
_MAX_COMMENT = 500

Fields = Mapping[str, Sequence[str]]


class FormInvalid(Invalid):
    """A field of the upload form is missing, repeated or beyond what it may hold."""

    code = "form_invalid"


@dataclass(frozen=True, slots=True)
class UploadForm:
    """What the client says about the file it sends. The file itself decides; the form must agree with it."""

    project: ProjectName
    release: Release
    filetype: Filetype
    digests: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    attestations: str = ""


def parse_form(fields: Fields) -> UploadForm:
    """The form in `fields`, which holds the values of each name in the order sent. At least one digest is needed.

    Raises FormInvalid, NameInvalid, VersionInvalid, and Gone for the actions that indexes once had besides upload.
    """
    action = _single(fields, ":action")
    if action in _RETIRED_ACTIONS:
        raise Gone(f"the action {action} is no longer served")
    if action != "file_upload":
        raise FormInvalid("the field :action must be file_upload")
    if _single(fields, "protocol_version", "1") != "1":
        raise FormInvalid("the field protocol_version must be 1")
    version = _required(fields, "version")
    parse_version(version)
    return UploadForm(
        project=normalize_name(_required(fields, "name")),
        release=normalize_version(version),
        filetype=_filetype(_required(fields, "filetype")),
        digests=_digests(fields),
        comment=_single(fields, "comment")[:_MAX_COMMENT],
        attestations=_single(fields, "attestations"),
    )


def check_digests(form: UploadForm, computed: Mapping[str, str]) -> None:
    """Return when every digest in the form is that of the bytes received. Raises DigestMismatch."""
    for algorithm, claimed in form.digests.items():
        if claimed != computed[algorithm]:
            raise DigestMismatch(
                f"the file has {algorithm} {computed[algorithm]}, the field {DIGEST_FIELDS[algorithm]} says otherwise"
            )


def _single(fields: Fields, name: str, default: str = "") -> str:
    """The one value of a field; what distutils filled with UNKNOWN counts as not sent."""
    values = set(fields.get(name, ()))
    if len(values) > 1:
        raise FormInvalid(f"the field {name} is there more than once")
    value = values.pop().strip() if values else default
    return default if value == "UNKNOWN" else value


def _required(fields: Fields, name: str) -> str:
    value = _single(fields, name)
    if not value:
        raise FormInvalid(f"the field {name} is missing")
    return value


def _filetype(text: str) -> Filetype:
    try:
        return Filetype(text)
    except ValueError:
        raise FormInvalid(f"the filetype must be {' or '.join(Filetype)}") from None


def _digests(fields: Fields) -> dict[str, str]:
    claimed = {algorithm: _single(fields, name).lower() for algorithm, name in DIGEST_FIELDS.items()}
    given = {algorithm: digest for algorithm, digest in claimed.items() if digest}
    if not given:
        raise FormInvalid(f"one of the fields {', '.join(DIGEST_FIELDS.values())} is needed")
    return given
