"""Whether this node lives, and whether it can serve; neither names anything."""

import falcon

from registry.http.request import Request
from registry.http.sending import send_json
from registry.storage.storage import Storage


class Alive:
    """The process answers."""

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        send_json(resp, {"status": "alive"})


class Ready:
    """The store takes writes and enforces their conditions."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def on_get(self, req: Request, resp: falcon.Response) -> None:
        self._storage.check_ready()
        send_json(resp, {"status": "ready"})
