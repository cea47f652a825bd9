"""Filling the registry's store before it is served, by the interface that its protocols use."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from registry.app import open_services, resolve_mounts
from registry.auth.actor import ANONYMOUS
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Change, Ledger
from registry.catalog.listing import Listing
from registry.config import load_settings
from registry.core.ledger import Entry
from registry.storage.blobs import Blobs

BATCH = 100


class Store:
    """The part of a registry's store that belongs to one mount."""

    def __init__(self, data: Path, mount: str, listing: Callable[[Ledger], Listing | None]) -> None:
        settings = load_settings(None, {}, {"storage": {"data_dir": str(data)}})
        services = open_services(settings)
        found = next(each for each in resolve_mounts(settings) if each.id == mount)
        self._catalog: Catalog = services.catalog(found, listing)
        self.blobs: Blobs = services.storage.blobs

    def publish(self, name: str, entries: Sequence[Entry], state: Mapping[str, Any]) -> None:
        """The package holds the entries, which were published in batches."""
        for start in range(0, len(entries), BATCH):
            change = Change(entries[start : start + BATCH], state)
            self._catalog.update(name, lambda _, change=change: change, action="publish", actor=ANONYMOUS)  # type: ignore[misc]

    def close(self) -> None:
        """No file is held open."""
        self._catalog.close()
