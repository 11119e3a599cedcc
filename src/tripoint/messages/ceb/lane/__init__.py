"""The fast lane: ordinary messages from their bytes straight to columns (docs/internals/lanes.md).

It is compiled where a compiler and Python's headers are found at install; without it everything goes the reference lane.
"""

from __future__ import annotations

try:
    from tripoint.messages.ceb.lane import scanner
except ImportError:  # not compiled here
    IS_BUILT = False
else:
    IS_BUILT = scanner.LAYOUT == 3  # else it was compiled from an older source
"""Whether there is a scanner that fits what it is told (`plans`)."""
