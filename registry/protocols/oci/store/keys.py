"""Where the objects of a registry lie: what belongs to a repository below its name, each tag and link by itself."""

from typing import Final

from registry.core.digests import Digest, algorithm_of, hex_of
from registry.core.keys import escape_segment, join_key
from registry.errors import Invalid
from registry.protocols.oci.names import Repository, Tag

UPLOADED: Final = "blobs/uploads"
"""Where the bytes of uploads are while they come in, and stay where a store cannot move them."""


class Keys:
    """The keys of one mount. Raise Invalid for a name too long to be a key."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def repository(self, name: Repository) -> str:
        """What all keys of the repository start with."""
        return join_key(self._prefix, "repositories", *map(escape_segment, name.split("/")))

    def tags(self, name: Repository) -> str:
        """What the keys of all tags start with."""
        return f"{self.repository(name)}/_tags/"

    def tag(self, name: Repository, tag: Tag) -> str:
        """The record of a tag."""
        return join_key(self.repository(name), "_tags", escape_segment(tag))

    def blobs(self, name: Repository) -> str:
        """What the links of all blobs start with."""
        return f"{self.repository(name)}/_blobs/"

    def blob(self, name: Repository, digest: Digest) -> str:
        """The link that makes the blob one of the repository's."""
        return join_key(self.repository(name), "_blobs", algorithm_of(digest), hex_of(digest))

    def manifests(self, name: Repository) -> str:
        """What the records of all manifests start with."""
        return f"{self.repository(name)}/_manifests/"

    def manifest(self, name: Repository, digest: Digest) -> str:
        """The record of a manifest."""
        return join_key(self.repository(name), "_manifests", algorithm_of(digest), hex_of(digest))

    def referrers(self, name: Repository, subject: Digest) -> str:
        """What the records of all referrers of the subject start with."""
        return join_key(self.repository(name), "_referrers", algorithm_of(subject), hex_of(subject)) + "/"

    def referrer(self, name: Repository, subject: Digest, digest: Digest) -> str:
        """The record of a referrer."""
        return join_key(self.referrers(name, subject) + algorithm_of(digest), hex_of(digest))

    def uploads(self) -> str:
        """What the records of all uploads start with."""
        return f"{self._prefix}/uploads/"

    def upload(self, session: str) -> str:
        """The record of an upload."""
        return join_key(self._prefix, "uploads", session)

    def repositories(self) -> str:
        """What the keys of all repositories start with."""
        return f"{self._prefix}/repositories/"

    def holders(self, digest: Digest) -> str:
        """What the marks of all repositories that have a link to the blob start with."""
        return join_key(self._prefix, "_blobs", algorithm_of(digest), hex_of(digest)) + "/"

    def holder(self, digest: Digest, name: Repository) -> str | None:
        """The mark of a repository that has a link to the blob; None for a name too long for one segment."""
        try:
            return self.holders(digest) + escape_segment(name)
        except Invalid:
            return None
