"""The WAL archive: each finished segment of the server's log, copied whole to a folder, one series for each data folder.

Two servers that go on from one backup write different segments under one name. So a data folder begins a series of its
own, in a folder of its own below the archive, and a restored one begins another; no series is ever written by two.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tripoint.database.account import Account
from tripoint.kernel.refusals import Forbidden, Unknown

if TYPE_CHECKING:
    from tripoint.database.transaction import Transaction

SERIES = "tripoint.series"
"""The file in the server's folder that names its series and, on its second line, the archive it was begun in."""

SCRIPT = "tripoint-archive.sh"
FETCH_SCRIPT = "tripoint-fetch.sh"

TIMEOUT_SECONDS = 60
"""After so long an unfinished segment is closed and archived: what a lost disk costs at most, beside the copying."""

SEGMENT_BYTES = 16 * 1024 * 1024
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_PER_LOG = 0x100000000 // SEGMENT_BYTES

_ARCHIVE = """\
# Keeps a finished segment whole or not at all; never one name with two contents. Written at each start.
set -eu
archive={folder}
if [ -e "$archive/$2" ]; then
    cmp -s "$1" "$archive/$2" && exit 0
    echo "tripoint: $2 lies in the WAL archive with other content" >&2
    exit 1
fi
dd if="$1" of="$archive/.$2.part" bs=64k conv=sparse,fsync status=none
mv -f "$archive/.$2.part" "$archive/$2"
sync "$archive"
"""

_FETCH = """\
# Hands a segment of the archive to the server that is being restored; above 125 it gives up, and takes no end for it.
# What the backup itself holds whole, and has been verified, is not fetched.
archive={folder}
case "$1" in {held}) exit 1 ;; esac
[ -d "$archive" ] || exit 126
[ -f "$archive/$1" ] || exit 1
cp "$archive/$1" "$2" || exit 126
"""

_STANDING = """
select current_setting('archive_mode') <> 'off' as is_on, a.archived_count, a.last_archived_wal, a.last_archived_time,
       a.failed_count, a.last_failed_wal, a.last_failed_time,
       (select count(*) from pg_ls_archive_statusdir() where name like '%%.ready') as waiting
from pg_stat_archiver as a
"""


@dataclass(frozen=True, slots=True)
class Series:
    """One data folder's own part of an archive: its name, and the archive it lies in."""

    name: str
    archive: Path

    @property
    def folder(self) -> Path:
        """Where its segments lie."""
        return self.archive / self.name

    def segments(self) -> list[str]:
        """The names of its whole segments, in order; raises Unknown where it cannot be looked at."""
        try:
            return sorted(one for one in os.listdir(self.folder) if _SEGMENT.fullmatch(one))
        except OSError as error:
            raise Unknown(
                "WAL-ARCHIVE",
                f"WAL 归档 {self.folder} 不可读：{error.strerror}",
                f"the WAL archive {self.folder} cannot be read: {error.strerror}",
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """How the archiving of the server's log stands; `waiting` counts finished segments that are not archived yet."""

    is_on: bool
    archived: int
    last_archived_wal: str | None
    last_archived_at: datetime | None
    failed: int
    last_failed_wal: str | None
    last_failed_at: datetime | None
    waiting: int

    @property
    def is_failing(self) -> bool:
        """Whether the last try failed: the log then grows on the server's own disk until it succeeds."""
        failed, archived = self.last_failed_at, self.last_archived_at
        return self.is_on and failed is not None and (archived is None or failed > archived)


def archiving(tx: Transaction) -> Archiving:
    """How archiving stands, as the embedded server itself counts it."""
    row = tx.one(_STANDING)
    assert row is not None
    return Archiving(
        is_on=row["is_on"],
        archived=row["archived_count"],
        last_archived_wal=row["last_archived_wal"],
        last_archived_at=row["last_archived_time"],
        failed=row["failed_count"],
        last_failed_wal=row["last_failed_wal"],
        last_failed_at=row["last_failed_time"],
        waiting=row["waiting"],
    )


def series_of(folder: Path) -> Series | None:
    """The series that the server's folder writes or wrote, by the note it keeps of it."""
    try:
        name, archive = (folder / SERIES).read_text(encoding="utf-8").split("\n")[:2]
    except (OSError, ValueError):
        return None
    return Series(name, Path(archive))


def configure(folder: Path, archive: Path | None, account: Account) -> Mapping[str, str]:
    """The server's settings about archiving; begins a series where none goes on in this archive."""
    if archive is None:
        return {"archive_mode": "off"}
    series = series_of(folder)
    if series is None or series.archive != archive:
        series = _begin(folder, archive, account)
    _write(folder / SCRIPT, _ARCHIVE.format(folder=shlex.quote(str(series.folder))), account)
    return {
        "archive_mode": "on",
        "archive_command": f'\'sh {SCRIPT} "%p" "%f"\'',
        "archive_timeout": f"{TIMEOUT_SECONDS}s",
    }


def _begin(folder: Path, archive: Path, account: Account) -> Series:
    """Make the folder of a new series; the archive's parent must be there, lest a disk not mounted be papered over."""
    series = Series(f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}", archive)
    try:
        if not archive.exists():
            archive.mkdir(0o755)
        series.folder.mkdir(0o700)
        account.give(series.folder)
    except OSError as error:
        raise _unusable(archive, error.strerror or "") from error
    if not account.can_enter(archive):
        series.folder.rmdir()
        raise _unusable(archive, f"the user {account.name} cannot pass")
    _write(folder / SERIES, f"{series.name}\n{archive}\n", account)
    return series


def write_fetch(folder: Path, series: Series, last: str, account: Account) -> str:
    """The server's setting that fetches segments of a series, from the `last` that the backup holds a part of.

    Raises Forbidden where its user may not read them.
    """
    readable = account.run(
        "sh", "-c", 'cd "$1" && for f in *; do [ -r "$f" ] || exit 1; done', "sh", series.folder
    )
    if readable.returncode != 0:
        raise Forbidden(
            "WAL-ARCHIVE",
            f"WAL 归档 {series.folder} 须可由用户 {account.name} 读取，请更改其所有者（chown -R）。",
            f"The WAL archive {series.folder} has to be readable by the user {account.name}; change its owner (chown -R).",
        )
    own = [name for name in os.listdir(folder / "pg_wal") if _SEGMENT.fullmatch(name) and name < last]
    script = _FETCH.format(folder=shlex.quote(str(series.folder)), held="|".join(["-", *sorted(own)]))
    _write(folder / FETCH_SCRIPT, script, account)
    return f'\'sh {FETCH_SCRIPT} "%f" "%p"\''


def segment_of(timeline: int, lsn: str) -> str:
    """The name of the segment in which a place of the log lies."""
    high, _, low = lsn.partition("/")
    return f"{timeline:08X}{int(high, 16):08X}{int(low, 16) // SEGMENT_BYTES:08X}"


def missing_after(names: Sequence[str], first: str) -> str | None:
    """The first segment that is not there though a later one is, counted from `first`."""
    later = sorted(name for name in names if name[:8] == first[:8] and name >= first)
    expected = first
    for name in later:
        if name != expected:
            return expected
        expected = _next(name)
    return None


def prune(series: Series, first: str) -> int:
    """Remove the segments before `first`, the oldest that a kept backup needs; how many they were."""
    old = [name for name in series.segments() if name[8:] < first[8:]]
    for name in old:
        (series.folder / name).unlink(missing_ok=True)
    return len(old)


def _next(name: str) -> str:
    number = int(name[8:16], 16) * _PER_LOG + int(name[16:], 16) + 1
    return f"{name[:8]}{number // _PER_LOG:08X}{number % _PER_LOG:08X}"


def _write(path: Path, text: str, account: Account) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.chmod(0o600)
    account.give(part)
    part.replace(path)


def _unusable(archive: Path, reason: str) -> Forbidden:
    return Forbidden(
        "WAL-ARCHIVE",
        f"WAL 归档文件夹 {archive} 不能使用（{reason}）。请建立它、挂载它，或改 TRIPOINT_WAL_ARCHIVE。",
        f"The WAL archive {archive} cannot be used ({reason}). Make or mount it, or change TRIPOINT_WAL_ARCHIVE.",
    )
