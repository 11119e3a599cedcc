#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml: every platform, every file's hash, no address of any index.
set -euo pipefail
cd "$(dirname "$0")/.."

lock() {
    local out=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --output-file "$out" pyproject.toml "$@" "${options[@]}"
}

options=("${@}")    # for example: --upgrade, or --upgrade-package lxml
lock requirements/run.txt --group build
lock requirements/dev.txt --group build --group dev --constraint requirements/run.txt
