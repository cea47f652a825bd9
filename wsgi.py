"""The registry for a WSGI host: gunicorn, uWSGI, mod_wsgi."""

from registry.app import create_app

application = create_app()
