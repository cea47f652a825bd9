#!/bin/bash
# Installs the container clients written in Go, and the OCI conformance suite, into $1/bin.
set -euo pipefail

command -v go >/dev/null || { echo "$0: no Go toolchain; crane, oras, regctl, helm and conformance are left out" >&2; exit 77; }

mkdir -p "$1/bin"
export GOBIN GOFLAGS=-mod=mod CGO_ENABLED=0
GOBIN=$(cd "$1/bin" && pwd)

for program in \
    github.com/google/go-containerregistry/cmd/crane@v0.22.1 \
    github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111 \
    oras.land/oras/cmd/oras@v1.3.6 \
    github.com/regclient/regclient/cmd/regctl@v0.11.7 \
    helm.sh/helm/v4/cmd/helm@v4.3.1
do
    echo "go install $program"
    go install -p 2 -trimpath -ldflags='-s -w' "$program"
done
