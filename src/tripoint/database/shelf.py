"""The shelf: a folder of backups, each known by its note, which is written last; without one nothing is a backup."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tripoint.kernel.refusals import Busy, Conflict, Refusal, Unknown
from tripoint.kernel.text import Text

NOTE = "tripoint-backup.json"
SETTINGS_FILE = "tripoint.toml"
SERVER = "postgres"
"""In a backup: the server's folder as it was, in pg_basebackup's plain form."""

FORMAT = 1
UNFINISHED = ".unfinished-"
LOCK = ".lock"
_NAME = re.compile(r"\d{8}T\d{6}Z")
OF_THE_DISK = frozenset({"lost+found", ".snapshot"})
"""What file systems put into their topmost folder by themselves."""

KEYS = "Signing keys are not included: a key that lies in every backup can be taken from any of them. Keep them apart."


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a backup says of itself; times are ISO 8601 in UTC, `lsn` a place in the server's log."""

    format: int
    kind: Literal["physical", "logical"]
    tripoint: str
    postgresql: str
    migrations: list[str]
    started_at: str
    ended_at: str
    start_lsn: str
    end_lsn: str
    timeline: int
    bytes: int
    files: int
    contents_sha256: str
    settings_sha256: str | None
    newest_message: dict[str, Any] | None
    wal_archive: str | None
    wal_series: str | None
    cluster: str | None = None
    """The system identifier of the database it is of, where it says so; a restored one keeps it."""
    signing_keys: str = KEYS

    @property
    def major(self) -> int:
        """The PostgreSQL that can run it."""
        return int(self.postgresql.split(".")[0])

    @property
    def ended(self) -> datetime:
        """The earliest moment it can be restored to."""
        return datetime.fromisoformat(self.ended_at)


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup: its folder and its note."""

    folder: Path
    note: Note


@contextlib.contextmanager
def held(shelf: Path) -> Iterator[int]:
    """The shelf for one backup at a time; what a killed one left is removed if it can be. Yields the lock's descriptor."""
    try:
        shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
        strangers = [path for path in shelf.iterdir() if not _is_ours(path)]
        if strangers:
            raise _no_shelf(shelf, strangers[0].name)
        handle = os.open(shelf / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unwritable(shelf, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _occupied(shelf) from error
        for path in shelf.glob(f"{UNFINISHED}*"):
            _remove(path)
        yield handle
        fcntl.flock(handle, fcntl.LOCK_UN)  # Also for those who inherited it and are just ending.
    finally:
        os.close(handle)


def _is_ours(path: Path) -> bool:
    return path.name in {LOCK, *OF_THE_DISK} or path.name.startswith(UNFINISHED) or is_backup(path)


def is_backup(folder: Path) -> bool:
    """Whether the folder is a finished backup, be it a sound one or not."""
    return (folder / NOTE).is_file()


def backups(shelf: Path) -> list[Backup]:
    """The finished backups of a shelf, oldest first; one whose note cannot be read is passed over."""
    found = []
    for path in _named(shelf):
        with contextlib.suppress(Refusal):
            found.append(read(path))
    return found


def _named(shelf: Path) -> list[Path]:
    """The folders of the finished backups of a shelf that still have the name of their time, oldest first."""
    return sorted(path for path in shelf.iterdir() if _NAME.fullmatch(path.name) and is_backup(path))


def find(place: Path, at: datetime | None) -> Backup:
    """The backup in a folder, or of a shelf the newest that ended before a moment.

    Raises Unknown or Conflict where there is none, where a newer one that may have to be taken is damaged, and where it
    cannot be told which is the newest.
    """
    if is_backup(place):
        return read(place)
    if place.name.startswith(UNFINISHED):
        raise _unfinished(place)
    if not place.is_dir():
        raise Unknown("BACKUP-NONE", f"没有文件夹 {place}", f"there is no folder {place}")
    kept = _named(place)
    for path in reversed(kept):
        if at is not None and _began(path) > at:
            continue  # Whatever its note says, it ended later.
        if len(kept) > 1 and _began(path) > datetime.now(UTC):
            raise _ahead(path)
        one = read(path)
        if at is None or one.note.ended <= at:
            return one
    if kept:
        first = kept[0].name
        raise Conflict(
            "RESTORE-AT-EARLY",
            f"{place} 中没有在该时刻之前完成的备份；最早的是 {first}",
            f"no backup in {place} had ended by that moment; the oldest is {first}",
        )
    if any(place.glob(f"{UNFINISHED}*")):
        raise _unfinished(place)
    raise Unknown("BACKUP-NONE", f"{place} 中没有完成的备份", f"there is no finished backup in {place}")


def _began(folder: Path) -> datetime:
    """When a backup began, by its name; it ended later."""
    return datetime.strptime(folder.name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def write(folder: Path, note: Note) -> None:
    """Write the note, with a sum over itself, and see it on the disk."""
    said = asdict(note)
    put(folder / NOTE, json.dumps(said | {"sum": _sum(said)}, ensure_ascii=False, indent=2).encode() + b"\n")


def read(folder: Path) -> Backup:
    """A backup by its note; refuses a note that is damaged or of a form not known here."""
    try:
        said = json.loads((folder / NOTE).read_bytes())
        total = said.pop("sum")
        form = said["format"]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise damaged(folder, NOTE) from error
    if form != FORMAT:
        raise Conflict(
            "BACKUP-VERSION",
            f"备份 {folder} 的格式为 {form}，本程序只认 {FORMAT}。请用制作它的版本恢复。",
            f"the backup {folder} has the form {form}, and this program knows {FORMAT}. Restore it with the version that made it.",
        )
    if total != _sum(said):
        raise damaged(folder, NOTE)
    known = {one.name for one in fields(Note)}
    return Backup(folder, Note(**{name: value for name, value in said.items() if name in known}))


def refuse_anothers(shelf: Path, cluster: str) -> None:
    """Raises Conflict where a shelf holds backups of another database: each would count, and remove, the other's."""
    for one in backups(shelf):
        if one.note.cluster not in (None, cluster):
            raise Conflict(
                "BACKUP-ANOTHERS",
                f"{shelf} 中的 {one.folder.name} 是另一个数据库的备份。每个数据库请用各自的备份文件夹。",
                f"{one.folder.name} in {shelf} is a backup of another database. Give each database a folder of backups of its own.",
            )


def keep_newest(shelf: Path, number: int, taken: str) -> list[Backup]:
    """Remove all but the newest backups of a shelf, oldest first, never the one just `taken`; those that went.

    Raises OSError where one cannot be removed; the others stay then.
    """
    others = [one for one in backups(shelf) if one.folder.name != taken]
    old = others[: max(0, len(others) + 1 - number)]
    for one in old:
        gone = shelf / f"{UNFINISHED}{one.folder.name}"
        one.folder.rename(gone)  # First it stops being a backup, so that a kill leaves no half one.
        _remove(gone)
    return old


def troubles(shelf: Path, taken: str) -> list[Text]:
    """What is wrong with a shelf beside the backup just `taken`, each with what mends it."""
    found = []
    for path in _named(shelf):
        try:
            read(path)
        except Refusal as refusal:
            found.append(refusal.text)
        if path.name > taken:
            found.append(
                Text(
                    f"备份 {path} 的名称晚于刚完成的备份：时钟曾经超前或现在落后。核对时钟；以 --from 恢复时直接指定备份。",
                    f"the backup {path} has a later name than the one just taken: the clock was ahead then or is behind "
                    "now. Look at the clock, and name the backup itself when you restore",
                )
            )
    return found + [
        Text(f"不能删除 {path}，请自行删除", f"{path} could not be removed; remove it by hand")
        for path in sorted(shelf.glob(f"{UNFINISHED}*"))
    ]


def _remove(path: Path) -> None:
    """Remove what is no backup, as far as the system lets us: whatever stays is no backup either."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def is_shelf(folder: Path) -> bool:
    """Whether backups were taken into this folder and still are in it."""
    return (folder / LOCK).is_file() and any(is_backup(path) for path in folder.iterdir())


def put(path: Path, raw: bytes) -> None:
    """Write a file that only its owner reads, and see it on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """See a folder's names on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size_of(folder: Path) -> tuple[int, int]:
    """How many bytes and files lie below a folder."""
    sizes = []
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # A server at work removes files as we look.
                sizes.append(os.stat(os.path.join(base, name)).st_size)
    return sum(sizes), len(sizes)


def with_end(note: Note, **more: Any) -> Note:
    """The note with what is known only at the end."""
    return replace(note, **more)


def _sum(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def damaged(folder: Path, what: str) -> Refusal:
    """What is said of a backup that is not as it was written."""
    return Conflict(
        "BACKUP-DAMAGED",
        f"备份 {folder} 已损坏（{what}），不能恢复。请用另一份备份。",
        f"the backup {folder} is damaged ({what}) and is not restored. Use another one.",
    )


def unwritable(folder: Path, error: OSError) -> Refusal:
    """What is said of a folder that the system does not let us write."""
    said = error.strerror or type(error).__name__
    return Unknown("FILE", f"无法写入 {folder}：{said}", f"{folder} cannot be written: {said}")


def _no_shelf(shelf: Path, stranger: str) -> Refusal:
    return Conflict(
        "BACKUP-TARGET",
        f"{shelf} 不是备份文件夹（其中有 {stranger}）。请指定新的、空的或只放备份的文件夹。",
        f"{shelf} is no folder of backups (it holds {stranger}). Name a new or an empty one, or one that holds backups only.",
    )


def inside(folder: Path) -> Refusal:
    """What is said of a folder of backups that would lie within the database it is to hold."""
    return Conflict(
        "BACKUP-TARGET",
        f"{folder} 在数据库自己的文件夹中。备份请另指文件夹，最好在另一块磁盘上。",
        f"{folder} lies in the database's own folder. Name a folder of backups elsewhere, best on another disk.",
    )


def _ahead(folder: Path) -> Refusal:
    return Conflict(
        "BACKUP-AHEAD",
        f"备份 {folder} 的名称在将来：时钟曾经超前或现在落后，不能确定哪一份最新。请以 --from 直接指定备份。",
        f"the backup {folder} has a name in the future: the clock was ahead then or is behind now, so which one is the newest "
        "is not known. Name the backup itself with --from.",
    )


def _occupied(shelf: Path) -> Refusal:
    return Busy(
        "BACKUP-RUNNING",
        f"另一备份正在写入 {shelf}，请等它完成",
        f"another backup is being written to {shelf}; wait until it has ended",
        retry_after_seconds=60,
    )


def _unfinished(folder: Path) -> Refusal:
    return Conflict(
        "BACKUP-UNFINISHED",
        f"{folder} 中的备份没有完成，不能恢复。请用另一份备份。",
        f"the backup in {folder} was not finished and is not restored. Use another one.",
    )
