"""How the reader of publications refuses."""

from registry.errors import Invalid


class PublicationInvalid(Invalid):
    """The document, the tarball or the provenance is malformed, or they disagree."""

    code = "publication_invalid"
