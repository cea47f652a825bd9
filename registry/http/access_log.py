"""One JSON line for each request, secrets left out."""

import json
import re
import sys
import time
from datetime import UTC, datetime
from typing import TextIO

import falcon

from registry.http.request import Request

# npm puts the token to revoke into the path; presigned and emailed links put theirs into the query.
_SECRET_PATH = re.compile(r"(/-/user/token/|/-/npm/v1/tokens/token/)[^/?]+")
_SECRET_QUERY = re.compile(
    r"(?i)\b((?:token|sig|signature|password|secret|access_token|refresh_token|sessionid|session|code|_authtoken)=)[^&]*"
)
_USERINFO = re.compile(r"//[^/@\s]*@")


def redact(text: str) -> str:
    """`text` without the secrets that clients put into URLs."""
    return _USERINFO.sub("//…@", _SECRET_QUERY.sub(r"\1…", _SECRET_PATH.sub(r"\1…", text)))


class AccessLog:
    """Writes to `stream`; None writes nothing."""

    def __init__(self, stream: TextIO | None = sys.stderr) -> None:
        self._stream = stream

    def write(self, req: Request, resp: falcon.Response, started: float) -> None:
        """One line on what was asked and answered, with the time until the body begins to flow."""
        if self._stream is None:
            return
        query = f"?{req.query_string}" if req.query_string else ""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "id": req.id,
            "ip": req.client_ip,
            "user": req.user,
            "method": req.method,
            "path": redact(req.env.get("SCRIPT_NAME", "") + (req.env.get("PATH_INFO") or "/") + query),
            "status": falcon.http_status_to_code(resp.status),
            "bytes": _length(resp),
            "ms": round((time.perf_counter() - started) * 1000, 1),
            "agent": (req.user_agent or "")[:200],
        }
        self._stream.write(json.dumps(line, ensure_ascii=True) + "\n")


def _length(resp: falcon.Response) -> int | None:
    if resp.data is not None:
        return len(resp.data)
    length = resp.get_header("Content-Length")
    return int(length) if length else None
