"""The worker class: gevent's event loop and gunicorn's parser, with our own way from the socket to the application.

Connections speak HTTP/1.1 in clear; TLS and HTTP/2 belong to the proxy in front.
"""

import gc
import socket
from contextlib import suppress
from functools import partial
from typing import Any

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.http import errors, wsgi
from gunicorn.workers.ggevent import GeventWorker

from registry.server.files import FileWrapper
from registry.server.inlet import Inlet
from registry.server.request import Request
from registry.server.response import DRAINED, Response

STALL_SECONDS = 60
LINGER_SECONDS = 30
LINGER_STALL_SECONDS = 5
TURN = 4
GARBAGE = 20_000
HEAD_END = b"\r\n\r\n"

STATUS_OF_PARSE_ERRORS = {
    errors.LimitRequestLine: "414 URI Too Long",
    errors.ExpectationFailed: "417 Expectation Failed",
    errors.LimitRequestHeaders: "431 Request Header Fields Too Large",
    errors.UnsupportedTransferCoding: "501 Not Implemented",
}


class RegistryWorker(GeventWorker):
    """Serves connections, each in a greenlet; stops without waiting for those that only might ask again."""

    def init_process(self) -> None:
        """Become a worker, with settings that are plain attributes: gunicorn looks up some twenty for each request."""
        vars(self.cfg).update({name: setting.get() for name, setting in self.cfg.settings.items()})
        self._stopping = Event()
        self._idle: set[socket.socket] = set()
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: take no new requests."""
        super().handle_exit(sig, frame)
        self._stopping.set()

    def run(self) -> None:
        """Serve until told to stop, then give running requests `graceful_timeout` seconds."""
        # What is there now stays; looking through it for garbage is a tenth of the work of small requests.
        gc.freeze()
        gc.set_threshold(GARBAGE)
        pool = Pool(self.worker_connections)
        servers = [self._listen(listener, pool) for listener in self.sockets]
        while self.alive:
            self.notify()
            self._stopping.wait(1.0)
        for server in servers:
            server.close()
        for client in list(self._idle):
            _shut(client, socket.SHUT_RD)
        seconds_left = self.cfg.graceful_timeout
        while len(pool) and seconds_left > 0:
            self.notify()
            pool.join(timeout=1.0)
            seconds_left -= 1
        if len(pool):
            self.log.warning("%d requests were cut off by the stop", len(pool))
            pool.kill(timeout=1)

    def _listen(self, listener: Any, pool: Pool) -> StreamServer:
        listener.setblocking(True)
        server = StreamServer(listener, handle=partial(self.handle, listener), spawn=pool)
        if self.cfg.workers > 1:
            server.max_accept = 1
        server.start()
        return server

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        """Answer the requests of one connection, one after the other, and close it."""
        try:
            self._converse(listener.getsockname(), client, addr)
        except OSError as error:
            self.log.debug("%s is gone: %s", addr, error)
        except Exception:
            self.log.exception("a connection from %s broke", addr)
        finally:
            client.close()

    def _converse(self, name: Any, client: socket.socket, addr: Any) -> None:
        inlet = Inlet(client)
        number = 0
        while self.alive:
            number += 1
            if not number % TURN:
                # A client that is quick to ask again never lets this greenlet wait, and would keep out all others.
                gevent.sleep(0)
            try:
                request = self._next_request(inlet, addr, number)
            except errors.ParseException as error:
                self.log.info("%s sent what is no request: %s", addr, error)
                status = STATUS_OF_PARSE_ERRORS.get(type(error), "400 Bad Request")
                _refuse(client, status, "This is no request that the registry can read.")
                return
            if request is None or not self._answer(request, client, addr, name):
                return

    def _next_request(self, inlet: Inlet, addr: Any, number: int) -> Request | None:
        """The next request; None when none begins within `keepalive` seconds, or comes whole within as many more."""
        self._idle.add(inlet.sock)
        inlet.sock.settimeout(self.cfg.keepalive)
        try:
            if not inlet.arrive():
                return None
        finally:
            inlet.sock.settimeout(STALL_SECONDS)
            self._idle.discard(inlet.sock)
        if inlet.holds(HEAD_END):
            return Request(self.cfg, inlet, addr, number)
        with gevent.Timeout(self.cfg.keepalive, False), suppress(errors.NoMoreData):
            return Request(self.cfg, inlet, addr, number)
        return None

    def _answer(self, request: Request, client: socket.socket, addr: Any, name: Any) -> bool:
        """Let the application answer; True when another request may follow on the connection."""
        response, environ = wsgi.create(request, client, addr, name, self.cfg, response_class=Response)
        environ["wsgi.multithread"] = True
        environ["wsgi.file_wrapper"] = FileWrapper
        try:
            self._respond(response, environ)
        except OSError:
            raise
        except Exception:
            self.log.exception("%s %s failed", request.method, request.path)
            if response.started:
                return False
            _refuse(client, "500 Internal Server Error", "The registry failed; its log says why.")
            return False
        if not response.should_close() and request.body.drain(DRAINED):
            return True
        if not request.body.ended:
            _linger(client)
        return False

    def _respond(self, response: Response, environ: dict[str, Any]) -> None:
        result = self.wsgi(environ, response.start_response)
        if not self.alive:
            response.force_close()
        try:
            span = getattr(result, "sendfile_range", None)
            if span is not None:
                response.send_range(*span)
            else:
                for chunk in result:
                    response.write(chunk)
            response.close()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()


def _refuse(client: socket.socket, status: str, message: str) -> None:
    """Send an answer that no application has a say in, and end the connection."""
    fields = f"Connection: close\r\nContent-Type: text/plain\r\nContent-Length: {len(message)}"
    client.sendall(f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n{message}".encode("ascii"))
    _linger(client)


def _linger(client: socket.socket) -> None:
    """End the sending side and take in what still comes: a reset would rob the client of the answer (RFC 9112 9.6)."""
    scratch = bytearray(DRAINED)
    if not _shut(client, socket.SHUT_WR):
        return
    client.settimeout(LINGER_STALL_SECONDS)
    with gevent.Timeout(LINGER_SECONDS, False):
        while client.recv_into(scratch):
            pass


def _shut(client: socket.socket, how: int) -> bool:
    try:
        client.shutdown(how)
    except OSError:
        return False
    return True
