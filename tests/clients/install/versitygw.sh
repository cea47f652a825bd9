#!/bin/bash
# Installs versitygw, an S3 server over a directory, into $1/bin.
set -euo pipefail

command -v go >/dev/null || { echo "$0: no Go toolchain; versitygw is left out" >&2; exit 77; }

mkdir -p "$1/bin"
export GOBIN GOFLAGS=-mod=mod CGO_ENABLED=0
GOBIN=$(cd "$1/bin" && pwd)

program=github.com/versity/versitygw/cmd/versitygw@v1.8.0
echo "go install $program"
go install -p 2 -trimpath -ldflags='-s -w' "$program"
