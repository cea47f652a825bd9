"""The parts of unfinished uploads: each append is a file of its own that nobody changes, so racing ones never mix."""

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from registry.storage.driver import Upload
from registry.storage.filesystem.durable import sync_file
from registry.storage.filesystem.naming import name_file


class Parts:
    """Part files below one directory, by upload."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def add(self, upload: Upload, body: Path) -> Upload:
        """The upload with the file as its next part; the file is moved, durably."""
        size = body.stat(follow_symlinks=False).st_size
        sync_file(str(body))
        name = uuid4().hex
        name_file(str(body), f"{self._folder(upload)}/{name}", replace=True)
        return replace(upload, size=upload.size + size, parts=(*upload.parts, name))

    def paths(self, upload: Upload) -> list[str] | None:
        """The files that make up the upload, in order; None when some are gone."""
        folder = self._folder(upload)
        paths = [f"{folder}/{name}" for name in upload.parts]
        return paths if all(map(os.path.exists, paths)) else None

    def drop(self, upload: Upload) -> None:
        """Nothing of the upload is left, not even parts that it does not name."""
        shutil.rmtree(self._folder(upload), ignore_errors=True)

    def _folder(self, upload: Upload) -> str:
        return f"{self._directory}/{hashlib.sha256(upload.key.encode()).hexdigest()}"
