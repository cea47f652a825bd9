"""A store on a file system that has hard links, flock and atomic rename; several processes may share it.

Below the root: `objects/` holds each object at its key, `scratch/` files on their way in, `uploads/` the parts of
unfinished uploads, `locks/` one file per shard of keys.
"""

from registry.storage.filesystem.driver import FilesystemDriver

__all__ = ["FilesystemDriver"]
