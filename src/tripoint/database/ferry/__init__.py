"""The text of PostgreSQL's COPY from columns and back, compiled: to the byte what `columns` writes by Polars, and reads.

It is compiled where a compiler and Python's headers are found at install; without it `columns` does everything.
"""

from __future__ import annotations

try:
    from tripoint.database.ferry import ferry
except ImportError:  # not compiled here
    IS_BUILT = False
else:
    IS_BUILT = ferry.LAYOUT == 1  # else it was compiled from an older source
"""Whether there is a ferry that fits what it is told."""
