#!/usr/bin/env bash
# Builds the scanner of the fast lane anew and in place and says whether it is there; `scanner.sh PYTHON` for another than .venv's.
# Without a C compiler or Python's headers there is none, and everything works by the reference lane.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${1:-.venv/bin/python}
lane=tripoint/messages/ceb/lane press=tripoint/messages/ceb/press
rm -f {src,build/lib.*}/{$lane/scanner,$press/press}.{c,*so}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$python" -c 'import setuptools; setuptools.setup()' -q build_ext --inplace --force >"$log" 2>&1 || true
if PYTHONPATH=src "$python" -c 'import sys; from tripoint.messages.ceb.lane import IS_BUILT; sys.exit(not IS_BUILT)'; then
    printf '\033[2m·\033[0m the fast lane is compiled: ordinary messages are scanned straight to columns\n'
else
    tail -n 5 "$log"
    printf '\033[2m·\033[0m no fast lane: no C compiler or no headers of this Python; messages are read more slowly (docs/internals/lanes.md)\n'
fi
