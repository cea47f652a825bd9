"""Making the standard library cooperative; must happen before anything imports ssl or threading for use."""


def patch() -> None:
    """Sockets, locks, sleeps and threads of this process belong to gevent from here on; may be called twice.

    It comes first in a process that will serve: urllib3 keeps the SSLContext class it finds at import, and one that
    is not patched recurses without end at the first TLS connection.
    """
    from gevent import monkey

    monkey.patch_all()
