"""The one place that answers with bytes: HEAD, 304, 206, gzip, caching headers, and the best way to send a file."""

from typing import Any
from urllib.parse import quote

import falcon

from registry.catalog.renditions import Rendition
from registry.core.digests import Digest
from registry.core.strict_json import render_json
from registry.errors import NotFound
from registry.http.conditional import http_date, is_not_modified, parse_range, range_applies
from registry.http.negotiation import accepts_gzip
from registry.http.request import Request
from registry.storage.blobs import Blobs

OCTET_STREAM = "application/octet-stream"
IMMUTABLE = "max-age=31536000, immutable"
REVALIDATE = "no-cache"


def cache_control(req: Request, directives: str) -> str:
    """The directives, for everybody or, when the caller authenticated, for the caller's own cache only."""
    return f"{'public' if req.get_header('Authorization') is None else 'private'}, {directives}"


def send_rendition(
    req: Request, resp: falcon.Response, rendition: Rendition, caching: str = REVALIDATE, vary: str = ""
) -> None:
    """Answer with a rendition: 304 when the client has it, gzipped when it can take that."""
    gzipped = rendition.gzip is not None and accepts_gzip(req.get_header("Accept-Encoding"))
    resp.set_header("Vary", f"{vary}, Accept-Encoding" if vary else "Accept-Encoding")
    resp.set_header("Cache-Control", cache_control(req, caching))
    resp.set_header("Last-Modified", http_date(rendition.modified))
    resp.set_header("ETag", rendition.gzip_etag if gzipped else rendition.etag)
    if _fresh(req, (rendition.etag, rendition.gzip_etag), rendition.modified):
        resp.status = falcon.HTTP_304
        return
    resp.content_type = rendition.content_type
    if gzipped:
        resp.set_header("Content-Encoding", "gzip")
    resp.data = rendition.gzip if gzipped else rendition.body


def send_bytes(
    req: Request, resp: falcon.Response, body: bytes, content_type: str, *, etag: str = "", caching: str = "no-store"
) -> None:
    """Answer with a small document made for this request; with an ETag also conditionally."""
    resp.set_header("Cache-Control", cache_control(req, caching) if caching != "no-store" else caching)
    if etag:
        resp.set_header("ETag", etag)
        if _fresh(req, (etag,), 0):
            resp.status = falcon.HTTP_304
            return
    resp.content_type = content_type
    resp.data = body


def send_json(resp: falcon.Response, value: Any, status: int = 200) -> None:
    """Answer with a JSON document that nobody keeps."""
    resp.status = falcon.code_to_http_status(status)
    resp.set_header("Cache-Control", "no-store")
    resp.content_type = "application/json"
    resp.data = render_json(value)


def send_blob(
    req: Request,
    resp: falcon.Response,
    blobs: Blobs,
    digest: Digest,
    *,
    content_type: str = OCTET_STREAM,
    filename: str = "",
    etag: str = "",
    caching: str = IMMUTABLE,
) -> None:
    """Answer with a blob, whole or in part, as a download. Raises NotFound, RangeNotSatisfiable."""
    stat = blobs.stat(digest)
    if stat is None:
        raise NotFound("no such blob")
    etag = etag or f'"{digest}"'
    resp.set_header("ETag", etag)
    resp.set_header("Accept-Ranges", "bytes")
    resp.set_header("Cache-Control", cache_control(req, caching))
    if _fresh(req, (etag,), 0):
        resp.status = falcon.HTTP_304
        return
    span = None
    if req.method == "GET" and range_applies(req.get_header("If-Range"), etag, 0):
        span = parse_range(req.get_header("Range"), stat.size)
    start, end = span or (0, stat.size)
    if span:
        resp.status = falcon.HTTP_206
        resp.set_header("Content-Range", f"bytes {start}-{end - 1}/{stat.size}")
    resp.content_type = content_type
    resp.set_header("Content-Length", str(end - start))
    if filename:
        resp.set_header("Content-Disposition", content_disposition(filename))
    resp.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
    if req.method != "HEAD":
        # A host that knows `sendfile_range` lets the kernel send the file; every other iterates.
        resp.stream = blobs.open(digest, start, end)


def content_disposition(filename: str) -> str:
    """An attachment of that name (RFC 6266)."""
    plain = filename.encode("ascii", "replace").decode().replace('"', "_").replace("\\", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _fresh(req: Request, etags: tuple[str, ...], modified: int) -> bool:
    if req.method not in ("GET", "HEAD"):
        return False
    return is_not_modified(req.get_header("If-None-Match"), req.get_header("If-Modified-Since"), etags, modified)
