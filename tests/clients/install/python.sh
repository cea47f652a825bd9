#!/bin/bash
# Installs the Python clients, each as $1/bin/NAME, and a folder of build backends as wheels, $1/wheels, to build without an index.
set -euo pipefail

backends=(setuptools==84.2.1 wheel==0.48.0 hatchling==1.33.0 poetry-core==2.5.0 flit-core==4.2.0)

# install ROOM REQUIREMENT... puts the requirements into the virtual environment $room.
install() {
    room=$root/python/$1
    [ -x "$room/bin/python" ] || "${PYTHON:-python3}" -m venv "$room"
    "$room/bin/python" -m pip install --quiet --disable-pip-version-check "${@:2}"
}

# offer NAME [PROGRAM] makes PROGRAM of the last room callable as $1/bin/NAME.
offer() {
    ln -sf "$room/bin/${2:-$1}" "$root/bin/$1"
}

mkdir -p "$1/bin"
root=$(cd "$1" && pwd)

install tools pip==26.3 uv==0.13.9 twine==7.0.0 flit==4.2.0 pip-tools==7.6.2 build==1.6.1 "${backends[@]}"
for name in pip uv twine flit pip-compile pip-sync pyproject-build; do offer "$name"; done
ln -sf "$(readlink -f "$room/bin/python")" "$root/bin/python3"
"$room/bin/pip" download --quiet --dest "$root/wheels" "${backends[@]}"
install pip23 pip==23.1.2
offer pip23 pip
install poetry poetry==2.5.1
offer poetry
install hatch hatch==1.18.2
offer hatch
install pdm "pdm[locked]==2.29.3"
offer pdm
