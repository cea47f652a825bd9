#!/bin/bash
# Installs distribution 3 as $1/bin/distribution.
set -euo pipefail

command -v go >/dev/null || { echo "$0: no Go toolchain; distribution is left out" >&2; exit 77; }

mkdir -p "$1/bin"
root=$(cd "$1" && pwd)
export GOBIN=$root/go GOFLAGS=-mod=mod CGO_ENABLED=0
go install -p 2 -trimpath -ldflags='-s -w' github.com/distribution/distribution/v3/cmd/registry@v3.1.2
ln -sf "$root/go/registry" "$root/bin/distribution"
