#!/usr/bin/env bash
# Makes .venv and installs the locked requirements into it: `setup.sh run` what the demo needs, `setup.sh dev` all.
# It may be called by several people and programs at once; a lock lets one work and the others wait.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=${1:?run or dev}
venv=.venv
say() { printf '\033[2m·\033[0m %s\n' "$*"; }
die() { printf 'make setup: %s\n' "$*" >&2; exit 1; }

if command -v flock >/dev/null 2>&1; then
    exec 9>.venv.lock
    flock 9
fi

# --- a Python of 3.11 or later: $PYTHON, else the first that answers (a shim may be there and not work) -------------
answers() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    local name
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3 /usr/bin/python3.11 /usr/bin/python3}; do
        if command -v "$name" >/dev/null 2>&1 && answers "$name"; then
            command -v "$name"
            return
        fi
    done
    die "no Python 3.11 or later found. On Debian 12: apt-get install python3 python3-venv; or name one: make PYTHON=/path/to/python3.11 setup"
}

# --- Debian cuts venv out of Python: put it back where we may, say how where we may not -----------------------------
provide_venv() {
    local python=$1 package
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if command -v apt-get >/dev/null 2>&1; then
        say "$python has no ensurepip: installing Debian's $package"
        scripts/apt.sh "$package" || die "could not install $package. Ask an administrator for: apt-get install $package"
    fi
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        die "$python has no ensurepip. On Debian: apt-get install $package; elsewhere install Python with its venv module"
}

make_venv() {
    if [ -x $venv/bin/python ] && answers $venv/bin/python && $venv/bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    local python
    python=$(find_python)
    provide_venv "$python"
    say "making $venv with $("$python" --version) ($python)"
    rm -rf $venv
    "$python" -m venv $venv
}

# A stamp keeps the fingerprint of what was installed, so that a checkout of older files is noticed too.
lane=tripoint/messages/ceb/lane press=tripoint/messages/ceb/press ferry=tripoint/database/ferry
fingerprint() { cat "requirements/$wanted.txt" pyproject.toml scripts/setup.sh src/tripoint/{kernel/arrow,database/ferry,messages/ceb/*}/*.p[yx][xi] | cksum; }
stamp=$venv/.stamp-$wanted

if [ -x $venv/bin/tripoint ] && [ "$(cat $stamp 2>/dev/null)" = "$(fingerprint)" ]; then
    touch $stamp    # make compares times; the fingerprint is what counts
    exit 0
fi

make_venv
pip="$venv/bin/python -m pip --disable-pip-version-check --no-input"
say "installing the locked requirements (requirements/$wanted.txt)"
# Wheels only: no compiler is needed, and nothing is run at install that was not built by its makers.
# (-qq: warnings about how this machine's pip is configured are nobody's concern; errors are still shown)
$pip install -qq --require-hashes --only-binary :all: -r "requirements/$wanted.txt" ||
    die "installing the requirements failed; the lines above say why (is the package index reachable?)"
say "installing tripoint itself (editable), and compiling its fast lane, its press and its ferry where that can be done"
rm -f {src,build/lib.*}/{$lane/scanner,$press/press,$ferry/ferry}.{c,*so}    # none of an older source may stay
$pip install -qq --no-deps --no-build-isolation --no-index --editable .
if $venv/bin/python -c 'import sys; from tripoint.app import compiled; sys.exit(not all(compiled().values()))'; then
    say "the fast lane, the press of receipts and the ferry to the database are compiled"
else
    say "no fast lane, press or ferry (tripoint version tells which): no C compiler, or no headers of this Python; everything works, more slowly"
fi
fingerprint >$stamp
say "ready: $venv/bin/tripoint"
