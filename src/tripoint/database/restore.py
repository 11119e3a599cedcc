"""Restoring a backup into a new folder: copied, verified, replayed to its end, the archive's end or a moment, promoted.

The restored server always goes on in a new timeline and, where it archives, in a new series: what the old one wrote
stays as it is. Until all is done a mark in the folder keeps everybody else from starting it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tripoint.database import archive, binaries, shelf
from tripoint.database.account import Account
from tripoint.database.archive import Series
from tripoint.database.backup import Told
from tripoint.database.shelf import Backup
from tripoint.database.supervisor import RESTORING, Supervisor
from tripoint.database.verify import MANIFEST, fault_in
from tripoint.kernel.refusals import Busy, Conflict, Malformed, Refusal

_BLOCK = 1 << 20
_NOT_TAKEN = (archive.SERIES, archive.SCRIPT, archive.FETCH_SCRIPT, "tripoint.conf")
_HISTORY = re.compile(r"[0-9A-F]{8}\.history")
_LAST_COMMIT = re.compile(r"last completed transaction was at log time (\S+ \S+)")
_FETCHED = re.compile(r'restored log file "([0-9A-F]{24})"')
_COMPLAINT = re.compile(
    r"LOG:\s+((?:invalid|incorrect|unexpected|out-of-sequence|there is no contrecord|record with|WAL file is from).*)"
)
"""What the server says of a record it cannot read."""

_NOT_REACHED = "recovery ended before configured recovery target was reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored: from which backup, how far the log was replayed, and its last commit where one was replayed."""

    backup: Backup
    reached_lsn: str
    last_commit_at: datetime | None
    segments_replayed: int


def restore(
    backup: Backup,
    data_dir: Path,
    *,
    bindir: Path | None,
    series: Series | None,
    at: datetime | None,
    told: Callable[[str], Told],
    finish: Callable[[Supervisor, Restored], None],
) -> Restored:
    """Build the server of a backup in a new or empty folder and replay its log; the server is stopped again at the end.

    `series` is the archive to replay from, None to end where the backup ends; `at` is the last moment wanted.
    `told` hears of each stage. `finish` does what must be done before anybody else may use the server, which runs then. A
    refusal leaves no folder behind.
    """
    found = binaries.find(bindir)
    _refuse_other_version(backup, found)
    if at is not None:
        _refuse_moment(backup, series, at)
    held = [] if series is None else _from_the_end(backup, series)
    if series is not None and at is None:
        _refuse_gap(series, held, _last(backup))
    with _new_folder(data_dir) as undo:
        options = {"hot_standby": "off", "recovery_target_timeline": "'current'"}
        server = Supervisor(data_dir, bindir, options, restoring=True)
        undo.callback(_remove, server)
        account = Account.for_server(server.folder)
        fetch = _lay_out(server, found.bindir, backup, series, account, told("copy"))
        server.options["restore_command"] = fetch
        if at is not None:
            server.options["recovery_target_time"] = f"'{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00}'"
            server.options["recovery_target_action"] = "'promote'"
        _replay(server, backup, series, told("replay"))
        restored = _what_came(server, backup)
        if series is not None and at is None:
            _refuse_short(server, restored, series, held)
        finish(server, restored)
        server.stop()
        (server.folder / archive.FETCH_SCRIPT).unlink(missing_ok=True)
        (data_dir / RESTORING).unlink()
        shelf.sync(data_dir)
        undo.pop_all()
    return restored


@contextlib.contextmanager
def _new_folder(data_dir: Path) -> Iterator[contextlib.ExitStack]:
    """A new or empty data folder with the mark of an unfinished restore; emptied again where the restore is refused."""
    existed = data_dir.exists()
    try:
        real = data_dir.resolve()
        if any(shelf.is_backup(folder) or shelf.is_shelf(folder) for folder in (real, *real.parents)):
            raise _not_empty(data_dir)
        if existed and (not data_dir.is_dir() or any(_content(data_dir))):
            raise _not_empty(data_dir)
        data_dir.mkdir(parents=True, exist_ok=True)
        if not existed:
            data_dir.chmod(0o755)
        (data_dir / RESTORING).touch()
    except OSError as error:
        raise shelf.unwritable(data_dir, error) from error
    with contextlib.ExitStack() as undo:
        undo.callback(_empty, data_dir, existed)
        yield undo


def _empty(data_dir: Path, existed: bool) -> None:
    for path in _content(data_dir):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if not existed:
        data_dir.rmdir()


def _content(data_dir: Path) -> list[Path]:
    """What lies in a folder, beside what a new file system has in it."""
    return [path for path in data_dir.iterdir() if path.name not in shelf.OF_THE_DISK]


def _remove(server: Supervisor) -> None:
    server.stop()
    if (server.data_dir / "postgres").exists():
        shutil.rmtree(server.folder)


def _lay_out(
    server: Supervisor, bindir: Path, backup: Backup, series: Series | None, account: Account, told: Told
) -> str:
    """Copy and verify the backup and put it in the server's place; the server's setting that fetches the archive."""
    draft = server.draft(account)
    try:
        _copy(backup, draft, account, told)
        settings = backup.folder / shelf.SETTINGS_FILE
        if backup.note.settings_sha256 is not None:
            if not settings.is_file() or shelf.digest(settings) != backup.note.settings_sha256:
                raise shelf.damaged(backup.folder, shelf.SETTINGS_FILE)
            shelf.put(server.data_dir / shelf.SETTINGS_FILE, settings.read_bytes())
        if shelf.digest(draft / MANIFEST) != backup.note.contents_sha256:
            raise shelf.damaged(backup.folder, "backup_manifest")
        if (fault := fault_in(draft, bindir, told)) is not None:
            raise shelf.damaged(backup.folder, fault)
        for name in _NOT_TAKEN:
            (draft / name).unlink(missing_ok=True)
        fetch = "'false'" if series is None else archive.write_fetch(draft, series, _last(backup), account)
        signal = draft / "recovery.signal"
        signal.touch(0o600)
        account.give(signal)
        _see_on_disk(server, draft, account)
        server.settle(draft)
    except OSError as error:
        raise shelf.unwritable(server.data_dir, error) from error
    finally:
        if server.folder != draft:
            shutil.rmtree(draft, ignore_errors=True)
    return fetch


def _copy(backup: Backup, draft: Path, account: Account, told: Told) -> None:
    source, done = backup.folder / shelf.SERVER, 0
    for base, folders, names in os.walk(source):
        here = draft / Path(base).relative_to(source)
        for name in folders:
            if (Path(base) / name).is_symlink():
                raise shelf.damaged(backup.folder, f"{name}: a link")
            (here / name).mkdir(0o700)
            account.give(here / name)
        for name in names:
            shutil.copyfile(Path(base) / name, here / name)
            (here / name).chmod(0o600)
            account.give(here / name)
            done += (here / name).stat().st_size
            told(done // _BLOCK, backup.note.bytes // _BLOCK)


def _see_on_disk(server: Supervisor, draft: Path, account: Account) -> None:
    programs = binaries.find(server.bindir).readable_by(account)
    said = account.run(programs.bindir / "initdb", "--sync-only", "--pgdata", draft)
    if said.returncode != 0:
        raise OSError(None, said.stderr.strip()[-300:])


def _replay(server: Supervisor, backup: Backup, series: Series | None, told: Told) -> None:
    """Run the server until it has replayed all that is wanted and takes connections."""
    first = archive.segment_of(backup.note.timeline, backup.note.start_lsn)
    total = 0 if series is None else sum(name >= first for name in series.segments())
    while True:
        try:
            server.start(wait_seconds=1.0)
            return
        except Busy as busy:
            if busy.code != "DATABASE-STARTING":
                raise _not_replayed(server, backup, series, busy) from busy
        told(len(_fetched(server)), total)


def _fetched(server: Supervisor) -> set[str]:
    """The segments that came from the archive, as the server says; it fetches some of them twice."""
    return set(_FETCHED.findall(server.log.read_text(errors="replace"))) if server.log.exists() else set()


def _unplayable(series: Series | None, busy: Busy) -> Refusal:
    if series is None:
        return busy
    return Conflict(
        "WAL-ARCHIVE-DAMAGED",
        f"WAL 归档 {series.folder} 不能重放。可以 --no-archive 只恢复备份。{busy.text.zh}",
        f"The WAL archive {series.folder} cannot be replayed. The backup alone can be restored with --no-archive. "
        f"{busy.text.en}",
    )


def _not_replayed(server: Supervisor, backup: Backup, series: Series | None, busy: Busy) -> Refusal:
    """Why the server gave up; raises Conflict itself where it did for a gap in the archive."""
    said = server.log.read_text(errors="replace")
    if series is None or _NOT_REACHED not in said:
        return _unplayable(series, busy)
    _refuse_gap(series, _from_the_end(backup, series), max({_last(backup), *_fetched(server)}))
    last = _LAST_COMMIT.findall(said)
    newest = _moment(last[-1]).isoformat() if last else backup.note.ended_at
    return Conflict(
        "RESTORE-AT-LATE",
        f"归档只到 {newest}，未到 --at 所说的时刻。请改为更早的时刻，或去掉 --at 以恢复到归档末尾。",
        f"The archive ends at {newest}, before the moment --at names. Name an earlier one, or leave --at out to take all "
        "there is.",
    )


def _what_came(server: Supervisor, backup: Backup) -> Restored:
    """How far the replay came: the newest timeline's history file says where it left the old one."""
    histories = sorted(one for one in os.listdir(server.folder / "pg_wal") if _HISTORY.fullmatch(one))
    last = (server.folder / "pg_wal" / histories[-1]).read_text().strip().splitlines()[-1]
    commits = _LAST_COMMIT.findall(server.log.read_text(errors="replace"))
    return Restored(
        backup=backup,
        reached_lsn=last.split("\t")[1],
        last_commit_at=_moment(commits[-1]) if commits else None,
        segments_replayed=len(_fetched(server)),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("+00", "+00:00"))


def _refuse_other_version(backup: Backup, found: binaries.Binaries) -> None:
    major = backup.note.major
    if major == found.major:
        return
    others = [one for one in (binaries.from_system(), binaries.from_wheel()) if one and one.major == major]
    zh = f"请把 TRIPOINT_PG_BINDIR 设为 {others[0].bindir}" if others else f"请安装 PostgreSQL {major}"
    en = f"set TRIPOINT_PG_BINDIR to {others[0].bindir}" if others else f"install PostgreSQL {major}"
    raise Conflict(
        "DATABASE-VERSION",
        f"备份由 PostgreSQL {backup.note.postgresql} 制作，而找到的程序（{found.bindir}）是 {found.version}。{zh}。",
        f"The backup was made by PostgreSQL {backup.note.postgresql}, but the programs found ({found.bindir}) are "
        f"{found.version}: {en}.",
    )


def _refuse_moment(backup: Backup, series: Series | None, at: datetime) -> None:
    if series is None:
        raise Conflict(
            "RESTORE-NO-ARCHIVE",
            "恢复到某一时刻需要 WAL 归档；此备份没有归档。去掉 --at 可恢复到备份完成之时。",
            "A moment can be restored only from a WAL archive, and this backup has none. Without --at it is restored to "
            "its end.",
        )
    if at < backup.note.ended:
        raise Conflict(
            "RESTORE-AT-EARLY",
            f"该时刻早于备份完成之时（{backup.note.ended_at}）。请用更早的备份。",
            f"That moment lies before the backup ended ({backup.note.ended_at}). Use an earlier backup.",
        )
    if at > datetime.now(UTC):
        raise Malformed("RESTORE-AT", "--at 在将来", "--at lies in the future")


def _from_the_end(backup: Backup, series: Series) -> list[str]:
    """The archived segments that go on from a backup, in order, from the one in which it ends."""
    last = _last(backup)
    return [name for name in series.segments() if name[:8] == last[:8] and name >= last]


def _refuse_gap(series: Series, names: Sequence[str], first: str) -> None:
    """A segment missing in the middle would end the replay there without a word."""
    gap = archive.missing_after(names, first)
    if gap is not None:
        raise Conflict(
            "WAL-ARCHIVE-GAP",
            f"WAL 归档 {series.folder} 缺少 {gap}，其后的都不能重放。请补回它，或以 --at 指定缺口之前的时刻，"
            "或以 --no-archive 只恢复备份。",
            f"The WAL archive {series.folder} lacks {gap}, and nothing after it can be replayed. Bring it back, name a "
            "moment before it with --at, or restore the backup alone with --no-archive.",
        )


def _refuse_short(server: Supervisor, restored: Restored, series: Series, held: Sequence[str]) -> None:
    """Raises Conflict where the replay ended before what the archive `held` when it began.

    To the server a segment that is damaged, cannot be read or was removed meanwhile is the end of the log.
    """
    if not held:  # The archive ends before the backup does, and that holds its own log.
        return
    fetched = _fetched(server)
    left = next((name for name in held if name not in fetched), None)
    if left is not None:
        _refuse_gap(series, [name for name in held if (series.folder / name).exists()], left)
    newest = max([*held, *_from_the_end(restored.backup, series)])
    reached = archive.segment_of(restored.backup.note.timeline, restored.reached_lsn)
    complaint = _COMPLAINT.search(server.log.read_text(errors="replace"))
    if complaint is not None and reached <= newest:
        raise _damaged(reached, complaint[1], newest)
    if left is not None:
        raise _damaged(left, "not read", newest)


def _damaged(segment: str, fault: str, newest: str) -> Refusal:
    return Conflict(
        "WAL-ARCHIVE-DAMAGED",
        f"WAL 归档在 {segment} 处损坏（{fault}），其后到 {newest} 都不能重放。请以 --at 指定此前的时刻，"
        "或以 --no-archive 只恢复备份。",
        f"The WAL archive is damaged in {segment} ({fault}); nothing from there to {newest} can be replayed. "
        "Name a moment before it with --at, or restore the backup alone with --no-archive.",
    )


def _last(backup: Backup) -> str:
    """The segment in which a backup ends, and of which it holds a part."""
    return archive.segment_of(backup.note.timeline, backup.note.end_lsn)


def _not_empty(data_dir: Path) -> Refusal:
    return Conflict(
        "RESTORE-TARGET",
        f"{data_dir} 不是新的或空的文件夹，或在备份之中。恢复从不覆盖已有数据，请另指一个。",
        f"{data_dir} is no new or empty folder, or lies among backups. A restore never goes over what is there; name "
        "another.",
    )
