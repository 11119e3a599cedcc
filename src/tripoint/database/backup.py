"""Taking a backup: the embedded server's folder while it works, its log of that time beside it, verified, then named."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

from tripoint.database import archive, binaries, shelf
from tripoint.database.account import environment
from tripoint.database.connection import limited
from tripoint.database.failures import told as refused
from tripoint.database.shelf import Backup, Note
from tripoint.database.supervisor import Supervisor
from tripoint.database.verify import MANIFEST, fault_in
from tripoint.kernel.refusals import Busy, Refusal
from tripoint.kernel.text import Text

Told = Callable[[int, int], None]
"""Hears how much is done of how much, in MiB."""

_PROGRESS = re.compile(r"\s*(\d+)/(\d+) kB \(\d+%\)")
_WATCH = """\
exec 3<&0
"$@" </dev/null &
copying=$!
{ cat <&3; kill -KILL 0; } >/dev/null 2>&1 &
wait "$copying"
"""
"""Runs a program, and kills it with its children when whoever holds our input is gone: killed, it would leave them."""

_SPARE = 1.05
"""What is written while a backup runs comes on top of what lies there when it begins."""


@dataclass(slots=True, kw_only=True)
class Taken:
    """A backup that was taken, what went for it, and what is wrong beside it.

    `kept_for` are the archived notes of backups elsewhere that older segments than the shelf needs are kept for.
    """

    backup: Backup
    removed: list[Backup] = field(default_factory=list)
    segments_removed: int = 0
    kept_for: list[Path] = field(default_factory=list)
    troubles: list[Text] = field(default_factory=list)


def take(
    server: Supervisor, place: Path, note: Note, *, keep: int | None, rate: int | None, told: Told
) -> Taken:
    """Back the running server up into a folder of backups, at most `rate` MiB (1 to 1,024) a second.

    Raises Refusal, and then leaves nothing that could be restored; what fails once it is there is told with it.
    """
    if place.resolve().is_relative_to(server.folder):
        raise shelf.inside(place)
    with shelf.held(place) as lock:
        _refuse_no_room(server, place)
        shelf.refuse_anothers(place, note.cluster or "")
        name = _new_name(place)
        draft = place / f"{shelf.UNFINISHED}{name}"
        try:
            draft.mkdir(0o700)
            _copy(server, draft / shelf.SERVER, lock, rate, told)
            if (
                fault := fault_in(draft / shelf.SERVER, binaries.find(server.bindir).bindir, told)
            ) is not None:
                raise _failed([f"error: {fault}"])
            note = _finish(server, draft, note)
            shelf.write(draft, note)
            shelf.sync(draft)
            draft.rename(place / name)
            shelf.sync(place)
        except OSError as error:
            raise shelf.unwritable(place, error) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        taken = Taken(backup=Backup(place / name, note))
        if keep is not None:
            _keep(server, place, keep, taken)
        taken.troubles += shelf.troubles(place, name)
    return taken


def _new_name(place: Path) -> str:
    """The present second, or the next that no backup has."""
    while (place / (name := f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}")).exists():
        time.sleep(0.1)
    return name


def _copy(server: Supervisor, target: Path, lock: int, rate: int | None, told: Told) -> None:
    """Run pg_basebackup below the watch; it holds the shelf's lock too, should we be killed before it."""
    command = [
        binaries.find(server.bindir).bindir / "pg_basebackup", "--dbname", server.conninfo("postgres"),
        "--pgdata", target, "--format=plain", "--wal-method=stream", "--checkpoint=fast", "--label=tripoint",
        "--manifest-checksums=CRC32C", "--no-password", "--progress", *([] if rate is None else [f"--max-rate={rate}M"]),
    ]  # fmt: skip
    said: list[str] = []
    program = subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, "sh", *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, cwd="/", env=environment(), umask=0o077, pass_fds=[lock],
        start_new_session=True,
    )  # fmt: skip
    try:
        assert program.stderr is not None
        for line in program.stderr:
            if (progress := _PROGRESS.match(line)) is not None:
                told(int(progress[1]) // 1024, int(progress[2]) // 1024)
            else:
                said.append(line.strip())
        ended = program.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    if ended != 0:
        raise _failed(said)


def _finish(server: Supervisor, draft: Path, note: Note) -> Note:
    """Add the settings file and what the finished copy says of itself."""
    ended = _clock(server)
    settings = server.data_dir / shelf.SETTINGS_FILE
    copy = None
    if settings.is_file():
        copy = draft / shelf.SETTINGS_FILE
        shelf.put(copy, settings.read_bytes())
    manifest = draft / shelf.SERVER / MANIFEST
    log = json.loads(manifest.read_bytes())["WAL-Ranges"][-1]
    bytes_, files = shelf.size_of(draft / shelf.SERVER)
    series = archive.series_of(draft / shelf.SERVER) if _archives(server) else None
    return shelf.with_end(
        note,
        ended_at=ended,
        start_lsn=log["Start-LSN"],
        end_lsn=log["End-LSN"],
        timeline=log["Timeline"],
        bytes=bytes_,
        files=files,
        contents_sha256=shelf.digest(manifest),
        settings_sha256=None if copy is None else shelf.digest(copy),
        wal_archive=None if series is None else str(series.archive),
        wal_series=None if series is None else series.name,
    )


def begin(
    server: Supervisor, *, tripoint: str, migrations: Sequence[str], newest: dict[str, Any] | None
) -> Note:
    """The note of a backup that begins now."""
    return Note(
        format=shelf.FORMAT,
        kind="physical",
        tripoint=tripoint,
        postgresql=binaries.find(server.bindir).version,
        migrations=list(migrations),
        started_at=_clock(server),
        ended_at="",
        start_lsn="",
        end_lsn="",
        timeline=0,
        bytes=0,
        files=0,
        contents_sha256="",
        settings_sha256=None,
        newest_message=None
        if newest is None
        else {**newest, "received_at": newest["received_at"].isoformat()},
        wal_archive=None,
        wal_series=None,
        cluster=_asked(server, "select system_identifier::text from pg_control_system()"),
    )


def _clock(server: Supervisor) -> str:
    """The server's own time, which its commits are stamped with."""
    return _asked(
        server,
        "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '+00:00'",
    )


def _archives(server: Supervisor) -> bool:
    """Whether the server archives its log, whatever the settings of this command say: they may not be the service's."""
    return _asked(server, "select current_setting('archive_mode')") != "off"


def _asked(server: Supervisor, question: LiteralString) -> str:
    """One text that the server is asked for; a server that hangs is not waited for."""
    import psycopg

    with refused(), psycopg.connect(limited(server.conninfo("postgres"))) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return str(row[0])


def _refuse_no_room(server: Supervisor, place: Path) -> None:
    """Say before the work that it will not fit, and not at its end."""
    needed = int(shelf.size_of(server.folder)[0] * _SPARE)
    free = shutil.disk_usage(place).free
    if free < needed:
        raise Busy(
            "BACKUP-SPACE",
            f"{place} 剩余 {free >> 20:,} MiB，备份需要 {needed >> 20:,} MiB。请腾出空间或另指文件夹。",
            f"{place} has {free >> 20:,} MiB left and the backup needs {needed >> 20:,} MiB. Make room or name another.",
            retry_after_seconds=3600,
        )


def _keep(server: Supervisor, place: Path, number: int, taken: Taken) -> None:
    """Keep so many newest backups, and of the WAL archive what backups need; why that failed is told with the backup."""
    try:
        taken.removed = shelf.keep_newest(place, number, taken.backup.folder.name)
        _prune(server, shelf.backups(place), taken)
    except OSError as error:
        taken.troubles.append(shelf.unwritable(Path(error.filename or place), error).text)
    except Refusal as refusal:
        taken.troubles.append(refusal.text)


def _prune(server: Supervisor, kept: Sequence[Backup], taken: Taken) -> None:
    """Remove archived segments of this server's series that no backup can be replayed with."""
    series = archive.series_of(server.folder) if _archives(server) else None
    if series is None or taken.backup.note.wal_series != series.name:
        return
    here, gone = (
        {
            archive.mark_of(one.note.timeline, one.note.start_lsn)
            for one in some
            if one.note.wal_series == series.name
        }
        for some in (kept, taken.removed)
    )
    taken.segments_removed, taken.kept_for = archive.prune(
        series, server.folder / "pg_wal", kept=here, removed=gone
    )


def _failed(said: Sequence[str]) -> Refusal:
    reason = next((line for line in said if "error" in line or "fatal" in line.lower()), "; ".join(said[-2:]))
    return Busy(
        "BACKUP-FAILED",
        f"备份未完成，什么也没有留下。程序说：{reason[-500:]}",
        f"The backup was not finished and nothing of it is left. The program said: {reason[-500:]}",
        retry_after_seconds=60,
    )
