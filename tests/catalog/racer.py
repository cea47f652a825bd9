"""Publishes to a catalog on the filesystem, as one of several processes: `racer <data> <first> <count> [package]`."""

import os
import sys
from pathlib import Path

from registry.storage.faults import with_failpoints
from registry.storage.filesystem.driver import FilesystemDriver
from registry.storage.storage import Storage
from tests.builders.catalog import open_catalog, publish


def main(data: str, first: str, count: str, package: str = "left-pad") -> None:
    """Publishes `count` versions of the package."""
    storage = Storage(with_failpoints(FilesystemDriver(Path(data) / "store"), os.environ))
    catalog = open_catalog(Path(data) / "cache", storage)
    for number in range(int(first), int(first) + int(count)):
        publish(catalog, package, f"1.0.{number}", pad=9000)


if __name__ == "__main__":
    main(*sys.argv[1:])
