"""Request heads as gunicorn parses them, with our body behind them."""

from typing import Any

from gunicorn.http import message
from gunicorn.http.body import ChunkedReader

from registry.server.body import Body


class Request(message.Request):
    """gunicorn's request; what a proxy says of the client is left to the application, which knows its proxies."""

    body: Any

    def set_body_reader(self) -> None:
        """Keep gunicorn's verdict on how the body is framed (RFC 9112 section 6), and read it our way."""
        super().set_body_reader()
        reader: Any = self.body.reader
        length = None if isinstance(reader, ChunkedReader) else reader.length
        self.body = Body(self.unreader, length, awaited=self._expected_100_continue)
        # gunicorn would invite the body before the application is asked.
        self._expected_100_continue = False

    def _peer_trusted_for_forwarded(self) -> tuple[dict[str, str], list[str]]:
        return {}, []
