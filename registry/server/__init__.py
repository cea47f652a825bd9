"""The registry under gunicorn with gevent: settings, start, and a worker class that moves bytes without copying them.

The application itself is plain PEP 3333 and runs under any other host; nothing below the command line imports this.
"""
