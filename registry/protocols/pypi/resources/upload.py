"""The upload. Spec: docs.pypi.org/api/upload; the order of the parts of the form is anybody's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import falcon

from registry.config import LimitSettings
from registry.errors import Gone, MethodNotAllowed, TooLarge
from registry.http.multipart import iter_parts
from registry.http.request import Request
from registry.protocols.pypi.artifact import DIGEST_FIELDS, FormInvalid, parse_form
from registry.protocols.pypi.resources.access import PACKAGE
from registry.protocols.pypi.store import Projects
from registry.storage.blobs import Blobs
from registry.storage.staging import Staged


class Upload:
    """Where files are published. Never redirects: twine and poetry take that for an error, uv sends it all again."""

    def __init__(self, projects: Projects, blobs: Blobs, limits: LimitSettings) -> None:
        self._projects = projects
        self._blobs = blobs
        self._limits = limits

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        raise MethodNotAllowed(("POST",), f"files are uploaded here; the index is {req.base_path}/simple/")

    def on_post(self, req: Request, resp: falcon.Response) -> None:
        if "xml" in (req.content_type or ""):
            raise Gone("XML-RPC is not served")
        req.require_user()
        with _received(req, self._blobs, self._limits) as upload:
            form = parse_form(upload.fields)
            actor = req.authorize("write", PACKAGE, form.project)
            self._projects.publish(form, upload.filename, upload.staged, actor)
        resp.content_type = "text/plain; charset=utf-8"
        resp.text = f"{upload.filename} is published\n"


@dataclass(frozen=True, slots=True)
class _Upload:
    fields: Mapping[str, Sequence[str]]
    filename: str
    staged: Staged


@contextmanager
def _received(req: Request, blobs: Blobs, limits: LimitSettings) -> Iterator[_Upload]:
    """The parts of the form; the file is staged until the context ends. Raises FormInvalid, TooLarge, Invalid."""
    fields: dict[str, list[str]] = {}
    upload = None
    room = limits.max_document
    with ExitStack() as stack:
        for part in iter_parts(req, limits.max_artifact + 2 * limits.max_document):
            if part.name == "content" and part.filename is not None:
                if upload is not None:
                    raise FormInvalid("the part content is there more than once")
                staged = stack.enter_context(blobs.stage(part.chunks(), DIGEST_FIELDS, limits.max_artifact))
                upload = _Upload(fields, part.filename, staged)
            elif part.filename is None:
                text = part.text()
                room -= len(text)
                if room < 0:
                    raise TooLarge(limits.max_document, "the form")
                fields.setdefault(part.name, []).append(text)
        if upload is None:
            raise FormInvalid("the part content is missing, or has no file name")
        yield upload
