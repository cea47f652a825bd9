"""Manifests. Spec: distribution-spec, pulling, pushing and deleting manifests.

The Accept header decides nothing: it does not reach a registry whole behind every proxy, and what has a digest has one
representation.
"""

from typing import Final

import falcon

from registry.core.digests import Digest
from registry.errors import Invalid
from registry.http.request import Request
from registry.http.sending import IMMUTABLE, REVALIDATE, send_bytes
from registry.protocols.oci.artifact import MAX_MANIFEST, parse_manifest
from registry.protocols.oci.names import Tag, is_digest, parse_reference, parse_tag
from registry.protocols.oci.resources.access import deletable, pullable, pushable, repository_path
from registry.protocols.oci.store import Stores

MOST_TAGS: Final = 100


class Manifest:
    """A manifest, by its digest or by a tag."""

    def __init__(self, stores: Stores) -> None:
        self._manifests = stores.manifests

    def on_get(self, req: Request, resp: falcon.Response, name: str, reference: str) -> None:
        repository = pullable(req, name)
        stored = self._manifests.find(repository, parse_reference(reference))
        resp.set_header("Docker-Content-Digest", stored.digest)
        send_bytes(
            req,
            resp,
            self._manifests.read(stored),
            stored.media_type,
            etag=f'"{stored.digest}"',
            caching=IMMUTABLE if is_digest(reference) else REVALIDATE,
        )

    def on_put(self, req: Request, resp: falcon.Response, name: str, reference: str) -> None:
        repository, actor = pushable(req, name)
        wanted = parse_reference(reference)
        tags = _tags(req)
        body = req.body.read(MAX_MANIFEST)
        manifest = parse_manifest(body, req.content_type or "")
        digest = self._manifests.put(repository, wanted, tags, body, manifest, actor)
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"{repository_path(req, repository)}/manifests/{digest}")
        resp.set_header("Docker-Content-Digest", digest)
        if manifest.subject:
            resp.set_header("OCI-Subject", manifest.subject.digest)
        for tag in tags:
            resp.append_header("OCI-Tag", tag)

    def on_delete(self, req: Request, resp: falcon.Response, name: str, reference: str) -> None:
        repository, actor = deletable(req, name)
        found = parse_reference(reference)
        if is_digest(found):
            self._manifests.delete(repository, Digest(found), actor)
        else:
            self._manifests.delete_tag(repository, Tag(found), actor)
        resp.status = falcon.HTTP_202


def _tags(req: Request) -> list[Tag]:
    """The tags in the query. Raises TagInvalid, Invalid."""
    values = dict.fromkeys(req.get_param_as_list("tag") or [])
    if len(values) > MOST_TAGS:
        raise Invalid(f"one request sets at most {MOST_TAGS} tags")
    return [parse_tag(value) for value in values]
