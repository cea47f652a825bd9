"""Uploads. Spec: distribution-spec, pushing blobs; mounting blobs from other repositories."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import falcon

from registry.core.digests import Digest
from registry.errors import Invalid
from registry.http.request import Request
from registry.protocols.oci.names import DigestInvalid, Repository, parse_digest, parse_repository
from registry.protocols.oci.resources.access import REPOSITORY, blob_path, pushable, repository_path
from registry.protocols.oci.store import RangeMismatch, Session, Stores

ALGORITHMS: Final = ("sha256", "sha512")
MOST_HOLDERS: Final = 100
NOWHERE: Final = -1

# `bytes=` and a total size are what some clients add to the form of the specification.
_RANGE: Final = re.compile(r"(?:bytes[ =])?\s*([0-9]{1,18})-([0-9]{1,18})(?:/(?:[0-9]+|\*))?")


class UploadInvalid(Invalid):
    """The request is not one that an upload goes on with."""

    code = "blob_upload_invalid"


class Uploads:
    """Where uploads begin, and blobs of other repositories are mounted."""

    def __init__(self, stores: Stores, max_layer: int) -> None:
        self._uploads = stores.uploads
        self._members = stores.members
        self._least_append = stores.storage.driver.least_append
        self._max_layer = max_layer

    def on_post(self, req: Request, resp: falcon.Response, name: str) -> None:
        source = req.get_param("from", default="")
        mount = _digest_parameter(req, "mount")
        repository, actor = pushable(req, name, _repository_or_nothing(source) if mount else "")
        digest = _digest_parameter(req, "digest")
        if mount and self._mount(req, repository, mount, source):
            _send_created(req, resp, repository, mount)
        elif digest and not mount:
            self._uploads.push(repository, digest, req.body.chunks(self._max_layer))
            _send_created(req, resp, repository, digest)
        else:
            algorithm = _algorithm(req, mount or digest)
            if self._least_append:
                resp.set_header("OCI-Chunk-Min-Length", str(self._least_append))
            _send_session(req, resp, repository, self._uploads.open(repository, actor.user or "", algorithm))

    def _mount(self, req: Request, repository: Repository, digest: Digest, source: str) -> bool:
        """Whether the repository now has the blob, because one that the caller may pull from had it.

        Everything is looked up either way, so that the time it takes does not tell who has it.
        """
        if source:
            holders: Iterable[str] = [_repository_or_nothing(source)]
        else:
            holders = (each for each, _ in zip(self._members.holders(digest), range(MOST_HOLDERS), strict=False))
        found = False
        for holder in filter(None, holders):
            there = self._members.revive(Repository(holder), digest) is not None
            found = (req.allows("pull", REPOSITORY, holder) and there) or found
        if found:
            self._members.link(repository, digest)
        return found


class Upload:
    """An upload that goes on."""

    def __init__(self, stores: Stores, max_layer: int) -> None:
        self._uploads = stores.uploads
        self._max_layer = max_layer

    def on_get(self, req: Request, resp: falcon.Response, name: str, session: str) -> None:
        repository, actor = pushable(req, name)
        found = self._uploads.find(repository, session, actor.user or "")
        _send_session(req, resp, repository, found, status=falcon.HTTP_204)

    def on_patch(self, req: Request, resp: falcon.Response, name: str, session: str) -> None:
        repository, actor = pushable(req, name)
        with _resumable(req, repository, session):
            chunks = req.body.chunks(self._max_layer)
            found = self._uploads.append(repository, session, actor.user or "", chunks, _start(req))
        _send_session(req, resp, repository, found)

    def on_put(self, req: Request, resp: falcon.Response, name: str, session: str) -> None:
        repository, actor = pushable(req, name)
        digest = _digest_parameter(req, "digest")
        if digest is None:
            raise DigestInvalid("the parameter digest is missing")
        with _resumable(req, repository, session):
            chunks = req.body.chunks(self._max_layer)
            self._uploads.finish(repository, session, actor.user or "", digest, chunks, _start(req))
        _send_created(req, resp, repository, digest)

    def on_delete(self, req: Request, resp: falcon.Response, name: str, session: str) -> None:
        repository, actor = pushable(req, name)
        self._uploads.cancel(repository, session, actor.user or "")
        resp.status = falcon.HTTP_204


def _send_created(req: Request, resp: falcon.Response, repository: Repository, digest: Digest) -> None:
    resp.status = falcon.HTTP_201
    resp.set_header("Location", blob_path(req, repository, digest))
    resp.set_header("Docker-Content-Digest", digest)


def _send_session(
    req: Request, resp: falcon.Response, repository: Repository, session: Session, status: str = falcon.HTTP_202
) -> None:
    resp.status = status
    resp.set_headers(_progress(req, repository, session.id, session.size))


def _progress(req: Request, repository: Repository, session: str, size: int) -> dict[str, str]:
    """Where and how an upload goes on; without bytes it has the range of one byte, by convention."""
    return {
        "Location": f"{repository_path(req, repository)}/blobs/uploads/{session}",
        "Docker-Upload-UUID": session,
        "Range": f"0-{max(0, size - 1)}",
    }


def _digest_parameter(req: Request, name: str) -> Digest | None:
    """The digest in the query. Raises DigestInvalid, also for several."""
    values = req.get_param_as_list(name) or []
    if len(values) > 1:
        raise DigestInvalid(f"the parameter {name} is there more than once")
    return parse_digest(values[0]) if values else None


def _algorithm(req: Request, digest: Digest | None) -> str:
    """The algorithm of the digest that the blob will have. Raises DigestInvalid."""
    wanted = req.get_param("digest-algorithm") or (digest or "sha256").partition(":")[0]
    if wanted not in ALGORITHMS:
        raise DigestInvalid(f"digests are {' or '.join(ALGORITHMS)}")
    return wanted


def _repository_or_nothing(text: str) -> str:
    try:
        return parse_repository(text)
    except Invalid:
        return ""


def _start(req: Request) -> int | None:
    """The offset at which the body begins, if it says so: NOWHERE when its length is not the one that it says.

    Raises UploadInvalid.
    """
    header = req.get_header("Content-Range")
    if header is None:
        return None
    match = _RANGE.fullmatch(header.strip())
    if not match:
        raise UploadInvalid("Content-Range must be the first and the last byte, 0-1023")
    start, last = int(match[1]), int(match[2])
    return start if req.body.length in (None, last + 1 - start) else NOWHERE


@contextmanager
def _resumable(req: Request, repository: Repository, session: str) -> Iterator[None]:
    """A refusal tells where the upload goes on."""
    try:
        yield
    except RangeMismatch as error:
        error.headers |= _progress(req, repository, session, error.size)
        raise
