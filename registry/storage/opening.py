"""The store that the settings describe."""

import os

from registry.config import StorageSettings
from registry.storage.driver import Driver
from registry.storage.faults import with_failpoints
from registry.storage.storage import Storage


def open_storage(settings: StorageSettings) -> Storage:
    """The store; nothing of it is read yet, and only the driver in use is imported."""
    return Storage(with_failpoints(_driver(settings), os.environ))


def _driver(settings: StorageSettings) -> Driver:
    if settings.driver == "s3":
        return _s3_driver(settings)
    if settings.driver == "memory":
        from registry.storage.memory import MemoryDriver

        return MemoryDriver()
    from registry.storage.filesystem import FilesystemDriver

    return FilesystemDriver(settings.data_dir / "store")


def _s3_driver(settings: StorageSettings) -> Driver:
    from registry.storage.s3 import S3Driver, S3Settings

    return S3Driver(
        S3Settings(
            bucket_name=settings.bucket_name,
            endpoint=settings.endpoint,
            port=settings.port,
            use_ssl=settings.use_ssl,
            region=settings.region,
            access_key=settings.access_key,
            access_secret=settings.access_secret,
            prefix=settings.prefix,
            presign=settings.presign,
            scratch=settings.data_dir / "scratch",
        )
    )
