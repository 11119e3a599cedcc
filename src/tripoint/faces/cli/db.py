"""`tripoint db`: the database's life: start, stop, status, migrate, psql, and where it is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine, reached, settings
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.kernel.text import Text

if TYPE_CHECKING:
    from tripoint.settings import Settings

app = parser("db")


@app.command(help="Start the embedded server, or find it running; bring the schema up to date. 启动。")
def start(*, voice: Voice | None = None, place: Place | None = None) -> None:
    """Start it."""
    with engine(place, Talk(voice)):
        pass
    _tell(place, Talk(voice))


@app.command(help="Stop the embedded server; what is committed stays. 停止。")
def stop(*, voice: Voice | None = None, place: Place | None = None) -> int:
    """Stop it."""
    from tripoint.app import embedded_server, left_waiting
    from tripoint.kernel.refusals import Conflict

    server = embedded_server(settings(place))
    if server is None:
        raise Conflict(
            "DATABASE-ELSEWHERE",
            "数据库由 TRIPOINT_DATABASE_URL 指定，不由本程序启停",
            "the database is named by TRIPOINT_DATABASE_URL and is not ours to stop",
        )
    talk, stopped = Talk(voice), server.stop()
    left = left_waiting(server)
    talk.data({"stopped": stopped, "segments_waiting": left})
    if stopped:
        talk.say("数据库已停止", "the database is stopped")
    else:
        talk.say("数据库没有运行", "the database was not running")
    if left:
        talk.warn(
            f"{left} 段日志未归档，归档没有最后的内容；修好归档磁盘后启动数据库即补上。原因见 {server.log}",
            f"{left} segments of the log are not archived, so the archive lacks the last of it; mend its disk and start the "
            f"database, and they will be. {server.log} says why",
        )
    return exits.FOUND if left else exits.OK


@app.command(help="Say whether it runs and where; starts nothing. 状态。")
def status(*, voice: Voice | None = None, place: Place | None = None) -> None:
    """Say how it stands."""
    _tell(place, Talk(voice))


def _tell(place: Place | None, talk: Talk) -> None:
    from tripoint.app import embedded_server

    chosen = settings(place)
    server = embedded_server(chosen)
    if server is None:
        _tell_named(chosen, talk)
        return
    found = server.status()
    talk.data(
        {
            "embedded": True,
            "running": found.running,
            "ready": found.ready,
            "pid": found.pid,
            "folder": str(found.folder),
            "socket_dir": None if found.socket_dir is None else str(found.socket_dir),
            "postgresql": found.data_major,
            "log": str(server.log),
        }
    )
    if found.running:
        talk.say(
            f"数据库正在运行：PostgreSQL {found.data_major}，进程 {found.pid}，数据在 {found.folder}",
            f"the database runs: PostgreSQL {found.data_major}, process {found.pid}, data in {found.folder}",
        )
    else:
        talk.say(
            f"数据库没有运行；数据在 {found.folder}", f"the database does not run; data in {found.folder}"
        )


def _tell_named(chosen: Settings, talk: Talk) -> None:
    """Say whether a database answers that is not ours to start."""
    from tripoint.kernel.refusals import Busy
    from tripoint.settings import database_named

    named = database_named(chosen)
    try:
        with reached(chosen, as_it_is=True) as opened:
            pending = opened.pending_migrations()
    except Busy as busy:
        talk.data({"embedded": False, "running": False, "database": named, "pending": None})
        talk.say(
            f"数据库没有应答（{busy.code}）：{busy.text.zh}",
            f"the database does not answer ({busy.code}): {busy.text.en}",
        )
        return
    talk.data({"embedded": False, "running": True, "database": named, "pending": pending})
    talk.say(
        f"数据库应答正常，由 TRIPOINT_DATABASE_URL 指定：{named}；待升级 {len(pending)} 项",
        f"the database answers; it is named by TRIPOINT_DATABASE_URL: {named}; migrations to come: {len(pending)}",
    )


@app.command(help="Bring the schema up to date and say which migrations there are. 升级结构。")
def migrate(*, voice: Voice | None = None, place: Place | None = None) -> None:
    """Migrate."""
    talk = Talk(voice)
    with engine(place, talk) as opened:
        applied, pending = opened.migrations()
    talk.data({"applied": applied, "pending": pending})
    talk.table(
        Text("已应用的升级", "migrations applied"), (Text("名称", "name"),), [(name,) for name in applied]
    )


@app.command(help="Open psql on the database; words after `--` are handed on. 打开 psql。")
def psql(
    *words: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="Handed to psql, as -c 'select 1'. 传给 psql。")
    ],
    place: Place | None = None,
) -> None:
    """Be psql."""
    from tripoint.app import embedded_server
    from tripoint.app import psql as command_of
    from tripoint.kernel.refusals import Unknown

    chosen = settings(place)
    server = embedded_server(chosen)
    if server is not None and server.status().data_major is not None:
        server.start()  # and no more: psql is also for a database whose schema nobody can bring up to date
    elif server is not None:
        with engine(place, Talk(Voice(quiet=True))):
            pass
    command, more = command_of(chosen)
    sys.stdout.flush()
    try:
        os.execve(command[0], [*command, *words], os.environ | more)
    except FileNotFoundError as error:
        raise Unknown("PSQL", f"没有程序 {command[0]}", f"there is no program {command[0]}") from error


@app.command(help="Print the folder the data lies in. 数据文件夹。")
def path(*, voice: Voice | None = None, place: Place | None = None) -> None:
    """Say where."""
    talk, folder = Talk(voice), settings(place).data_dir
    talk.data({"data_dir": str(folder)})
    if not talk.voice.json:
        print(folder)
