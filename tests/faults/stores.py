"""Stores that several processes can share: a directory, and a bucket of an S3 server."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.config import StorageSettings
from tests.clients.programs import SEARCH_PATH
from tests.simulators.s3_servers import S3Server, run_moto, run_versitygw

BUCKET = "versitygw" if shutil.which("versitygw", path=SEARCH_PATH) else "moto"
"""The S3 server: a real one where it is installed."""

STORES = ("filesystem", BUCKET)


@contextmanager
def shared_store(name: str, directory: Path) -> Iterator[StorageSettings]:
    """The settings of a new store."""
    if name == "filesystem":
        yield StorageSettings(data_dir=directory)
    elif name == "moto":
        with run_moto() as server:
            yield bucket_of(server, directory)
    else:
        with run_versitygw(directory) as server:
            yield bucket_of(server, directory)


def bucket_of(server: S3Server, directory: Path) -> StorageSettings:
    """A new bucket."""
    bucket = server.new_bucket()
    return StorageSettings(
        driver="s3",
        data_dir=directory,
        bucket_name=bucket.bucket_name,
        endpoint=bucket.endpoint,
        port=bucket.port,
        use_ssl=False,
        access_key=bucket.access_key,
        access_secret=bucket.access_secret,
    )


def environ_of(storage: StorageSettings) -> dict[str, str]:
    """The variables that tell a server of the store."""
    names = ("driver", "bucket_name", "endpoint", "port", "use_ssl", "access_key", "access_secret")
    return {f"REGISTRY_STORAGE__{name.upper()}": str(getattr(storage, name)) for name in names}
