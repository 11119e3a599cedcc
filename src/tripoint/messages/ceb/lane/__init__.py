"""The fast lane: ordinary messages from their bytes straight to columns (docs/internals/lanes.md).

It is compiled where a compiler and Python's headers are found at install; without it everything goes the reference lane.
"""

from __future__ import annotations

from tripoint.kernel.compiled import is_built

IS_BUILT = is_built("tripoint.messages.ceb.lane.scanner", 3)
"""Whether there is a scanner that fits what it is told (`plans`)."""
