"""Header values that go into presigned URLs."""

import re
from urllib.parse import quote


def content_disposition(filename: str) -> str:
    """The Content-Disposition to save a download under that name (RFC 6266), whatever characters are in it."""
    plain = re.sub(r"[^A-Za-z0-9.@~+_-]", "_", filename)
    value = f'attachment; filename="{plain}"'
    return value if plain == filename else f"{value}; filename*=UTF-8''{quote(filename, safe='')}"
