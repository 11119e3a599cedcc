"""The WAL archive: each finished segment of the server's log, copied whole to a folder, one series for each data folder.

Two servers that go on from one backup write different segments under one name. So a data folder begins a series of its
own, in a folder of its own below the archive, and a restored one begins another; no series is ever written by two.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tripoint.database.account import Account
from tripoint.kernel.refusals import Conflict, Forbidden, Unknown

if TYPE_CHECKING:
    from tripoint.database.transaction import Transaction

SERIES = "tripoint.series"
"""The file in the server's folder that names its series and, on its second line, the archive it was begun in."""

SCRIPT = "tripoint-archive.sh"
FETCH_SCRIPT = "tripoint-fetch.sh"

TIMEOUT_SECONDS = 60
"""After so long an unfinished segment is closed and archived: what a lost disk costs at most, beside the copying."""

COPY_SECONDS = 120
"""So long the copying of a segment may take; a disk that hangs for longer has failed."""

LATE_SECONDS = 180
"""What has waited for so long is late, whether the last try failed or has not come to its end."""

SEGMENT_BYTES = 16 * 1024 * 1024
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_MARK = re.compile(r"[0-9A-F]{24}\.[0-9A-F]{8}\.backup")
"""The server's own note of a backup taken of it, named by the place in the log where it began; archived like a segment."""

_STOP = re.compile(r"STOP WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")
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
timeout --foreground -k 5 {patience} dd if="$1" of="$archive/.$2.part" bs=64k conv=sparse,fsync status=none || exit 1
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
       w.waiting, w.waiting_seconds
from pg_stat_archiver as a,
     (select count(*) as waiting, extract(epoch from clock_timestamp() - min(modification))::bigint as waiting_seconds
      from pg_ls_archive_statusdir() where name like '%%.ready') as w
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
                f"WAL 归档 {self.folder} 不可读：{error.strerror}。请挂载它；恢复时可用 --archive 指明它现在的位置。",
                f"The WAL archive {self.folder} cannot be read: {error.strerror}. Mount it, or name in --archive of a restore "
                "where it lies now.",
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """How the archiving of the server's log stands.

    `waiting` counts finished segments that are not archived yet, `waiting_seconds` is for how long the oldest has been one.
    """

    is_on: bool
    archived: int
    last_archived_wal: str | None
    last_archived_at: datetime | None
    failed: int
    last_failed_wal: str | None
    last_failed_at: datetime | None
    waiting: int
    waiting_seconds: int | None

    @property
    def is_failing(self) -> bool:
        """Whether the last try failed or what waits is late: the log then grows on the server's own disk."""
        failed, archived = self.last_failed_at, self.last_archived_at
        has_failed = failed is not None and (archived is None or failed > archived)
        return self.is_on and (has_failed or (self.waiting_seconds or 0) > LATE_SECONDS)


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
        waiting_seconds=row["waiting_seconds"],
    )


def left_waiting(folder: Path) -> int:
    """How many finished segments of a stopped server's log were not archived; none where it has no series."""
    if series_of(folder) is None:
        return 0
    return len(list((folder / "pg_wal" / "archive_status").glob("*.ready")))


def series_of(folder: Path) -> Series | None:
    """The series that the server's folder writes or wrote, by the note it keeps of it."""
    try:
        name, archive = (folder / SERIES).read_text(encoding="utf-8").split("\n")[:2]
    except (OSError, ValueError):
        return None
    return Series(name, Path(archive))


def configure(folder: Path, archive: Path | None, account: Account) -> Mapping[str, str]:
    """The server's settings about archiving; begins a series where there is none.

    Raises Conflict where the archive is another folder now and the series was not moved there, Forbidden where it cannot be used.
    """
    if archive is None:
        return {"archive_mode": "off"}
    series = series_of(folder)
    if series is None:
        series = _begin(folder, archive, account)
    elif series.archive != archive:
        series = _moved(folder, series, archive, account)
    script = _ARCHIVE.format(folder=shlex.quote(str(series.folder)), patience=COPY_SECONDS)
    _write(folder / SCRIPT, script, account)
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
    _note(folder, series, account)
    return series


def _moved(folder: Path, series: Series, archive: Path, account: Account) -> Series:
    """The series in the folder where its archive is now, under another name or moved there."""
    here = Series(series.name, archive)
    if not here.folder.is_dir():
        note = folder / SERIES
        raise Conflict(
            "WAL-ARCHIVE-MOVED",
            f"WAL 归档原在 {series.archive}，现设为 {archive}，而其中没有 {series.name}。请把 {series.folder} 移到那里，归档即接续；"
            f"或删除 {note} 以另起归档，启动后立即备份：此前的备份只能恢复到旧归档的末尾。",
            f"The WAL archive was {series.archive} and is set to {archive} now, where {series.name} is not. Move "
            f"{series.folder} there, and it goes on; or remove {note} to begin anew, and take a backup right after the start: "
            "those before are restored to the end of the old archive only.",
        )
    if not account.can_enter(archive):
        raise _unusable(archive, f"the user {account.name} cannot pass")
    _note(folder, here, account)
    return here


def _note(folder: Path, series: Series, account: Account) -> None:
    _write(folder / SERIES, f"{series.name}\n{series.archive}\n", account)


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


def mark_of(timeline: int, lsn: str) -> str:
    """The name of the server's own note of the backup that began at a place of the log."""
    return f"{segment_of(timeline, lsn)}.{int(lsn.partition('/')[2], 16) % SEGMENT_BYTES:08X}.backup"


def missing_after(names: Sequence[str], first: str) -> str | None:
    """The first segment that is not there though a later one is, counted from `first`."""
    later = sorted(name for name in names if name[:8] == first[:8] and name >= first)
    expected = first
    for name in later:
        if name != expected:
            return expected
        expected = _next(name)
    return None


def prune(
    series: Series, waiting: Path, *, kept: Collection[str], removed: Collection[str]
) -> tuple[int, list[Path]]:
    """Remove the segments that no backup can be replayed with: how many, and what older ones are kept for.

    `kept` and `removed` are the marks of backups here. Any other mark, archived or `waiting` in the server's folder of its log,
    is of a backup elsewhere, for which the segments from its end on are kept. Raises Unknown or OSError.
    """
    for mark in removed:
        (series.folder / mark).unlink(missing_ok=True)
    segments, first = series.segments(), min(kept)[:24]
    marks = {path.name: path for folder in (waiting, series.folder) for path in folder.iterdir()}
    others = [marks[name] for name in sorted(marks.keys() - {*kept, *removed}) if _MARK.fullmatch(name)]
    needed = {mark: segment for mark in others if (segment := _needed(mark)) in segments and segment < first}
    old = [name for name in segments if name < min([first, *needed.values()])]
    for name in old:
        (series.folder / name).unlink(missing_ok=True)
    return len(old), [series.folder / mark.name for mark in needed]


def _needed(mark: Path) -> str:
    """The first segment that the backup of a mark is replayed with: it holds what comes before its end itself."""
    found = _STOP.search(mark.read_text(errors="replace"))
    return found[1] if found else mark.name[:24]


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
