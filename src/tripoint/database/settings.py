"""Where the database is: what the operator set, and nothing read from the environment here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """A server by URL, or an embedded one in `data_dir`, run with the binaries of `bindir` when that is set.

    `wal_archive` is the folder an embedded server's log is archived in.
    """

    data_dir: Path
    url: str | None = None
    bindir: Path | None = None
    wal_archive: Path | None = None
