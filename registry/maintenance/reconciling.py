"""Feeds brought up to the ledgers, in the background of a server that has just started."""

import logging
from collections.abc import Iterable
from threading import Thread
from typing import Final

from registry.catalog.catalog import Catalog
from registry.errors import RegistryError
from registry.maintenance.lease import Leased, hold_lease
from registry.storage.storage import Storage

LEASE: Final = "_maintenance/reconciling"

log = logging.getLogger(__name__)


def start_reconciling(storage: Storage, catalogs: Iterable[Catalog]) -> Thread:
    """The thread that makes feeds and listings hold what publishes that were cut short left out.

    It also makes this node's search index ready before the first search. One process at a time does it.
    """
    thread = Thread(target=reconcile, args=(storage, list(catalogs)), name="reconciling", daemon=True)
    thread.start()
    return thread


def reconcile(storage: Storage, catalogs: Iterable[Catalog]) -> None:
    """Every feed agrees with its ledgers, unless another process is at it or the store fails, which is logged."""
    try:
        with hold_lease(storage, LEASE) as lease:
            for catalog in catalogs:
                lease.keep()
                catalog.reconcile()
    except Leased as error:
        log.debug("not reconciling: %s", error.message)
    except RegistryError as error:
        log.warning("reconciling ended early: %s", error.message)
