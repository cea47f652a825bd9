"""What happens to every request before a resource sees it, and to every response after."""

import secrets
import time
from typing import cast

import falcon

from registry.auth.service import Auth
from registry.config import ServerSettings
from registry.http.access_log import AccessLog
from registry.http.mount import Mount
from registry.http.paths import MountTable, check_path, request_path
from registry.http.request import Request


class Edge:
    """Gives each request an id, its mount and its one path; logs it when it is answered."""

    def __init__(self, mounts: MountTable, root: Mount, auth: Auth, server: ServerSettings, log: AccessLog) -> None:
        self._mounts = mounts
        self._root = root
        self._auth = auth
        self._server = server
        self._log = log

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Set up the request. Raises Invalid for a path that no name could have; the mount is known by then."""
        request = cast("Request", req)
        request.context.started = time.perf_counter()
        request.id = secrets.token_hex(8)
        request.identity, request.server, request.mount = self._auth, self._server, self._root
        whole = request_path(request.env)
        mount, path = self._mounts.find(whole)
        request.mount = mount or self._root
        request.outside = mount is not None and self._mounts.is_outside(mount, whole)
        request.path = check_path(path)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        """Add what every response carries, and log."""
        request = cast("Request", req)
        if "uwsgi.version" in request.env:
            # It cuts the connection under the answer to an unread body, and nginx in front of it then answers 502.
            request.body.settle()
        resp.set_header("X-Request-Id", request.id)
        resp.set_header("X-Content-Type-Options", "nosniff")
        self._log.write(request, resp, request.context.started)
