"""`tripoint backup`: a whole, verified copy of the database and its settings, taken while it works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, settings
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.kernel.text import Text

if TYPE_CHECKING:
    from tripoint.app import Archiving, Taken

app = parser("backup")

FASTEST = 1024
"""MiB a second, the highest rate pg_basebackup knows."""


@app.default
def backup(
    *,
    to: Annotated[
        Path,
        Parameter(
            help="Folder of backups, new, empty or holding backups only; each gets a folder in it named by its time. 备份文件夹。"
        ),
    ],
    keep: Annotated[
        int | None,
        Parameter(
            help="Keep so many newest backups there, and of the WAL archive what they need; else all. 保留最近几份。"
        ),
    ] = None,
    rate: Annotated[
        int | None,
        Parameter(
            help="Copy at most so many MiB a second (1 to 1,024), which leaves the disk to the service. 每秒最多复制的 MiB 数。"
        ),
    ] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> int:
    """Take one."""
    from tripoint.app import Engine, embedded_server
    from tripoint.kernel.refusals import Malformed, Unknown

    if keep is not None and keep < 1:
        raise Malformed("KEEP", "至少保留一份", "keep one at least")
    if rate is not None and not 1 <= rate <= FASTEST:
        raise Malformed(
            "RATE", f"速率为每秒 1 至 {FASTEST:,} MiB", f"a rate is 1 to {FASTEST:,} MiB a second"
        )
    talk, chosen = Talk(voice), settings(place)
    server = embedded_server(chosen)
    if server is not None and server.status().data_major is None:
        raise Unknown(
            "BACKUP-NOTHING", f"{chosen.data_dir} 中没有数据库", f"there is no database in {chosen.data_dir}"
        )
    with Engine.open(chosen, as_it_is=True) as opened:
        with talk.progress("备份（MiB）", "backing up (MiB)") as told:
            taken = opened.back_up(to.absolute(), keep=keep, rate=rate, told=told)
        with opened.transaction() as tx:
            archiving = opened.archiving(tx)
    _tell(talk, taken)
    faults = list(taken.troubles)
    if server is not None and archiving is not None:
        faults += _faults(archiving, server.log)
    talk.data(_data(taken, archiving, faults))
    for fault in faults:
        talk.warn(fault.zh, fault.en)
    return exits.FOUND if faults else exits.OK


def _data(taken: Taken, archiving: Archiving | None, faults: list[Text]) -> dict[str, object]:
    return {
        "folder": str(taken.backup.folder),
        "note": taken.backup.note,
        "removed": [str(one.folder) for one in taken.removed],
        "segments_removed": taken.segments_removed,
        "segments_kept_for": [str(path) for path in taken.kept_for],
        "archiving": archiving,
        "faults": faults,
    }


def _tell(talk: Talk, taken: Taken) -> None:
    note = taken.backup.note
    talk.say(
        f"备份完成并已校验：{taken.backup.folder}（{note.files:,} 个文件，{note.bytes >> 20:,} MiB，完成于 {note.ended_at}）",
        f"backed up and verified: {taken.backup.folder} ({note.files:,} files, {note.bytes >> 20:,} MiB, ended at "
        f"{note.ended_at})",
    )
    if taken.removed:
        talk.say(
            f"删除旧备份 {len(taken.removed)} 份，归档日志 {taken.segments_removed} 段",
            f"{len(taken.removed)} older backups and {taken.segments_removed} archived segments removed",
        )
    if taken.kept_for:
        talk.say(
            f"另为别处或已改名的 {len(taken.kept_for)} 份备份保留更早的归档日志；如某份已不存在，请删除其标记：{taken.kept_for[0]}",
            f"older archived segments are kept for {len(taken.kept_for)} backups elsewhere or under another name; where one "
            f"is gone, remove its mark: {taken.kept_for[0]}",
        )


def _faults(archiving: Archiving, log: Path) -> list[Text]:
    """What is wrong with the archiving of the log, without which the backup is all there is."""
    if not archiving.is_on:
        return [
            Text(
                "已设置 wal_archive，但数据库启动时尚未设置；`tripoint db stop` 后再启动即生效",
                "wal_archive is set, but the database was started without it; it counts after `tripoint db stop` and a start",
            )
        ]
    if not archiving.is_failing:
        return []
    waited = archiving.waiting_seconds or 0
    return [
        Text(
            f"WAL 归档失败或停滞（待归档 {archiving.waiting} 段，最久 {waited} 秒），请检查归档磁盘；原因见 {log}",
            f"the WAL archive fails or hangs ({archiving.waiting} segments wait, for {waited} s); look at its disk, and in {log}",
        )
    ]
