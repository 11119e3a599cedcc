"""`tripoint restore`: a backup brought back to life in a new folder, up to its end, the archive's end or a moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, settings
from tripoint.faces.cli.speaking import Talk, Told, Voice
from tripoint.faces.cli.words import MESSAGE_NAMES, STATE_NAMES, named
from tripoint.kernel.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tripoint.app import Restored
    from tripoint.platforms.clearance.enquiries.records import Standing

app = parser("restore")

STAGES = {
    "copy": Text("复制并校验（MiB）", "copying and verifying (MiB)"),
    "replay": Text("重放日志（段）", "replaying the log (segments)"),
}


@app.default
def restore(
    *,
    from_: Annotated[
        Path,
        Parameter(
            name="--from",
            help="A backup, or a folder of backups, of which the newest that fits is taken. 备份。",
        ),
    ],
    at: Annotated[
        str | None,
        Parameter(
            help="Last moment wanted, with its zone, as 2026-11-22T03:00:00+08:00; needs a WAL archive. Else all there is. 恢复到的时刻。"
        ),
    ] = None,
    archive: Annotated[
        Path | None, Parameter(help="Where the WAL archive lies now, if not where it lay. WAL 归档所在。")
    ] = None,
    no_archive: Annotated[
        bool, Parameter(help="Restore the backup alone, without what was archived after it. 不用 WAL 归档。")
    ] = False,
    voice: Voice | None = None,
    place: Place | None = None,
) -> int:
    """Restore one."""
    from tripoint.app import Engine, find_backup
    from tripoint.app import restore as bring_back
    from tripoint.kernel.refusals import Conflict, Malformed

    talk, moment = Talk(voice), None if at is None else _moment(at)
    if moment is not None and no_archive:
        raise Malformed(
            "RESTORE-AT",
            "--at 与 --no-archive 不能同用：恢复到某一时刻需要 WAL 归档",
            "--at and --no-archive do not go together: a moment is restored from the WAL archive",
        )
    chosen = settings(place)
    if chosen.database_url is not None:
        raise Conflict(
            "RESTORE-ELSEWHERE",
            "恢复只建立嵌入式数据库；请先去掉 TRIPOINT_DATABASE_URL",
            "a restore makes an embedded database; unset TRIPOINT_DATABASE_URL first",
        )
    found = find_backup(from_, moment)
    with _stages(talk, found.folder, chosen.data_dir) as told:
        restored = bring_back(
            found, chosen.data_dir, archived_in=archive, with_archive=not no_archive, at=moment, told=told
        )
    # Nothing is signed here: the key is kept apart from the backup and may come later.
    unsealed = replace(settings(place), signing_key=None, signing_certificate=None)
    with Engine.open(unsealed, as_it_is=True) as opened:
        _, pending = opened.migrations()
    with Engine.open(unsealed) as opened:
        standing = opened.standing()
    missing = _is_missing(restored, standing)
    _tell(talk, restored, standing, pending, chosen.data_dir)
    return exits.FOUND if missing or not standing.holds_true else exits.OK


def _moment(text: str) -> datetime:
    from tripoint.kernel.refusals import Malformed

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Malformed(
            "RESTORE-AT",
            f"不是带时区的时刻：{text}；应如 2026-11-22T03:00:00+08:00",
            f"no moment with its zone: {text}; write it as 2026-11-22T03:00:00+08:00",
        )
    return moment


@contextmanager
def _stages(talk: Talk, source: Path, data_dir: Path) -> Iterator[Callable[[str], Told]]:
    """A progress bar for each stage, one after another; with the first it is sure that a restore begins, and it is said."""
    with ExitStack() as bars:
        begun = False

        def told(stage: str) -> Told:
            nonlocal begun
            if not begun:
                talk.note(f"恢复 {source} 到 {data_dir}", f"restoring {source} into {data_dir}")
                begun = True
            bars.close()
            return bars.enter_context(talk.progress(STAGES[stage].zh, STAGES[stage].en))

        yield told


def _is_missing(restored: Restored, standing: Standing) -> bool:
    """Whether even what the backup held when it began is not all there."""
    newest = restored.backup.note.newest_message
    return newest is not None and (standing.newest_message_id or 0) < newest["message_id"]


def _tell(
    talk: Talk, restored: Restored, standing: Standing, pending: tuple[str, ...], data_dir: Path
) -> None:
    talk.data(
        {
            "data_dir": str(data_dir),
            "backup": str(restored.backup.folder),
            "note": restored.backup.note,
            "reached_lsn": restored.reached_lsn,
            "last_commit_at": restored.last_commit_at,
            "segments_replayed": restored.segments_replayed,
            "migrated": pending,
            "standing": standing,
        }
    )
    upto = restored.last_commit_at or restored.backup.note.ended
    talk.say(
        f"已恢复到 {data_dir}：最后的提交 {upto.isoformat()}，重放归档 {restored.segments_replayed} 段；数据库已启动",
        f"restored into {data_dir}: last commit {upto.isoformat()}, {restored.segments_replayed} archived segments "
        "replayed; the database runs",
    )
    rows: list[tuple[str, object]] = [
        (f"{talk.pick(Text('报文', 'messages'))} {talk.pick(named(MESSAGE_NAMES, state))}", count)
        for state, count in standing.messages.items()
    ]
    rows += [
        (f"{talk.pick(Text('清单', 'lists'))} {talk.pick(named(STATE_NAMES, state))}", count)
        for state, count in standing.lists.items()
    ]
    rows += [
        (
            talk.pick(Text("最新报文", "newest message")),
            f"{standing.newest_message_id} {standing.newest_message_at}",
        ),
        (talk.pick(Text("重复放行的清单", "lists released twice")), standing.released_twice),
        (
            talk.pick(Text("担保账目", "ledger")),
            talk.pick(Text("正确", "right") if standing.ledger_is_sound else Text("不符", "WRONG")),
        ),
    ]
    talk.table(Text("恢复所得", "what there is"), (Text("项目", "what"), Text("数量", "count")), rows)
    if pending:
        talk.say(f"数据库结构已升级：{'、'.join(pending)}", f"migrations applied: {', '.join(pending)}")
    if not standing.holds_true or _is_missing(restored, standing):
        talk.warn(
            "恢复所得不完整或不一致，请勿投入使用",
            "what was restored is not whole or not right; do not use it",
        )
