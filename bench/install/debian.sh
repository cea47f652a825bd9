#!/bin/bash
# Installs the load generator and the servers that Debian packages, unless they are there; needs root and apt-get.
set -euo pipefail

declare -A packages=([wrk]=wrk [nginx]=nginx-light [docker-registry]=docker-registry)
missing=()
for program in "${!packages[@]}"; do
    command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$0: not root on a Debian system; left out: ${missing[*]}" >&2
    exit 77
fi

export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null
