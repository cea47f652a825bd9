#!/bin/bash
# Installs pypiserver as $1/bin/pypi-server, with the cache and the server that its makers use in their image.
set -euo pipefail

mkdir -p "$1/bin"
root=$(cd "$1" && pwd)
[ -x "$root/python/bin/python" ] || "${PYTHON:-python3}" -m venv "$root/python"
"$root/python/bin/python" -m pip install --quiet --disable-pip-version-check "pypiserver[cache]==2.4.2" gunicorn==27.0.1 setuptools
ln -sf "$root/python/bin/pypi-server" "$root/bin/pypi-server"
