"""The text of PostgreSQL's COPY from columns and back, compiled: to the byte what `columns` writes by Polars, and reads.

It is compiled where a compiler and Python's headers are found at install; without it `columns` does everything.
"""

from __future__ import annotations

from tripoint.kernel.compiled import is_built

IS_BUILT = is_built("tripoint.database.ferry.ferry", 1)
"""Whether there is a ferry that fits what it is told."""
