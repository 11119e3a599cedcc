#!/usr/bin/env bash
# Builds the scanner of the fast lane, the press of receipts and the ferry to the database anew and in place and says whether they are
# there; `scanner.sh PYTHON` for another than .venv's.
# Without a C compiler or Python's headers there are none, and everything works, more slowly.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${1:-.venv/bin/python}
lane=tripoint/messages/ceb/lane press=tripoint/messages/ceb/press ferry=tripoint/database/ferry
rm -f {src,build/lib.*}/{$lane/scanner,$press/press,$ferry/ferry}.{c,*so}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$python" -c 'import setuptools; setuptools.setup()' -q build_ext --inplace --force >"$log" 2>&1 || true
if PYTHONPATH=src "$python" -c 'import sys; from tripoint.app import compiled; sys.exit(not all(compiled().values()))'; then
    printf '\033[2m·\033[0m the fast lane, the press and the ferry are compiled: ordinary messages are scanned to columns, columns carried to the database, ordinary receipts written from them\n'
else
    tail -n 5 "$log"
    printf '\033[2m·\033[0m no fast lane, no press or no ferry: no C compiler or no headers of this Python; everything works, more slowly (docs/internals/lanes.md)\n'
fi
