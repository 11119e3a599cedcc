#!/usr/bin/env bash
# Installs Debian packages as root or through sudo that asks nothing; fails with one clear line otherwise.
set -euo pipefail

say() { printf 'apt: %s\n' "$*" >&2; }
command -v apt-get >/dev/null 2>&1 || { say "this is no Debian: install by hand what corresponds to: $*"; exit 1; }

as_root=()
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        say "not root, and sudo would ask for a password. Run once: sudo apt-get install $*"
        exit 1
    fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin" apt-get -qq -o DPkg::Lock::Timeout=300 "$@"; }
if ! { run update && run install -y --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "could not install: $*"
    exit 1
fi
