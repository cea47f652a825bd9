from pathlib import Path

import pytest

from registry.auth.actor import ANONYMOUS
from registry.catalog.catalog import Catalog
from registry.catalog.ledgers import Change, Ledger
from registry.catalog.listing import Listing
from registry.maintenance.lease import hold_lease
from registry.maintenance.reconciling import LEASE, reconcile, start_reconciling
from registry.storage.memory import MemoryDriver
from registry.storage.storage import Storage


def make_catalog(storage: Storage, directory: Path) -> Catalog:
    return Catalog(storage, "npm", listing=lambda ledger: Listing(ledger.name), directory=directory)


def publish_half(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publish that ends between the package's ledger and the feed."""

    def crash(ledger: Ledger) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(catalog.feed, "deliver", crash)
        with pytest.raises(KeyboardInterrupt):
            catalog.update("x", lambda ledger: Change([{"key": "1"}]), action="publish", actor=ANONYMOUS)


def test_a_publish_that_was_cut_short_is_listed_after_a_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(MemoryDriver())
    publish_half(make_catalog(storage, tmp_path / "a"), monkeypatch)
    catalog = make_catalog(storage, tmp_path / "b")
    assert list(catalog.names()) == []
    start_reconciling(storage, [catalog]).join(30)
    assert list(catalog.names()) == ["x"]


def test_one_process_at_a_time_reconciles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(MemoryDriver())
    catalog = make_catalog(storage, tmp_path)
    publish_half(catalog, monkeypatch)
    with hold_lease(storage, LEASE):
        reconcile(storage, [catalog])
        assert list(catalog.names()) == []
    reconcile(storage, [catalog])
    assert list(catalog.names()) == ["x"]
