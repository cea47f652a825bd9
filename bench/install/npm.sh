#!/bin/bash
# Installs Verdaccio, and the Node.js that runs it, as $1/bin/verdaccio.
set -euo pipefail

command -v npm >/dev/null || { echo "$0: no npm; Verdaccio is left out" >&2; exit 77; }
case $(uname -m) in
    x86_64) platform=linux-x64 ;;
    aarch64) platform=linux-arm64 ;;
    *) echo "$0: no Node.js package for $(uname -m)" >&2; exit 77 ;;
esac

mkdir -p "$1/bin" "$1/npm"
root=$(cd "$1" && pwd)
# Verdaccio asks for node-fetch by the tag `cjs`, which not every mirror keeps.
echo '{"private": true, "overrides": {"node-fetch": "2.7.0"}}' >"$root/npm/package.json"
npm install --silent --no-audit --no-fund --no-save --prefix "$root/npm" "node-$platform@22.23.3" verdaccio@6.10.4
node=$root/npm/node_modules/node-$platform/bin/node
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$node" "$root/npm/node_modules/verdaccio/bin/verdaccio" >"$root/bin/verdaccio"
chmod +x "$root/bin/verdaccio"
