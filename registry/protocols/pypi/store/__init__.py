"""The projects of an index in the store: one ledger for each project, one entry for each of its files."""

from registry.protocols.pypi.store.changes import Selection, of_name, of_release, read_listing
from registry.protocols.pypi.store.projects import Projects

__all__ = ["Projects", "Selection", "of_name", "of_release", "read_listing"]
