#!/usr/bin/env bash
# Provides what the browser tests need: Debian's Chromium, and a font with Chinese characters.
# Without the right to install, it says so and succeeds: the tests then skip with a message. With CI=true it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
    command -v google-chrome >/dev/null 2>&1 || missing+=(chromium)
# Without it Chinese shows as boxes, and a screenshot proves nothing.
if [ ! -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ]; then
    fc-list :lang=zh 2>/dev/null | grep -q . || missing+=(fonts-noto-cjk)
fi
[ ${#missing[@]} = 0 ] && exit 0

printf '· installing for the browser tests: %s\n' "${missing[*]}"
if ! scripts/apt.sh "${missing[@]}"; then
    if [ "${CI:-}" = true ]; then
        exit 1
    fi
    printf 'make test: the browser tests will be skipped, for want of: %s\n' "${missing[*]}" >&2
fi
