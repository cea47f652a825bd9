#!/bin/bash
# Installs the npm clients, each in a folder of its own and callable as $1/bin/NAME, and the Node.js that runs them.
set -euo pipefail

command -v npm >/dev/null || { echo "$0: no npm; the npm clients are left out" >&2; exit 77; }

# install NAME PACKAGE puts the package into the folder $room.
install() {
    room=$root/npm/$1
    mkdir -p "$room"
    npm install --silent --no-audit --no-fund --no-save --prefix "$room" "$2"
}

# client NAME PACKAGE PROGRAM makes PROGRAM of the package callable as $1/bin/NAME.
client() {
    install "$1" "$2"
    printf '#!/bin/sh\nPATH="%s:$PATH" exec "%s" "$@"\n' "$node" "$room/node_modules/.bin/$3" >"$root/bin/$1"
    chmod +x "$root/bin/$1"
}

case $(uname -m) in
    x86_64) platform=linux-x64 ;;
    aarch64) platform=linux-arm64 ;;
    *) echo "$0: no Node.js package for $(uname -m)" >&2; exit 77 ;;
esac

mkdir -p "$1/bin"
root=$(cd "$1" && pwd)

install node "node-$platform@22.23.3"
node=$room/node_modules/node-$platform/bin
ln -sf "$node/node" "$root/bin/node"

client npm10 npm@10.9.9 npm
client npm11 npm@11.21.2 npm
client npm12 npm@12.2.0 npm
client pnpm10 pnpm@10.34.9 pnpm
client pnpm12 pnpm@12.21.0 pnpm
client yarn1 yarn@1.22.22 yarn
client yarn4 @yarnpkg/cli-dist@4.18.1 yarn
client bun bun@1.4.5 bun
