"""`tripoint watch`: a folder messages are put into, and a folder receipts come out of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice

app = parser("watch")


@app.default
def watch(
    in_: Annotated[Path, Parameter(help="Folder messages are put into. 报文文件夹。")],
    out: Annotated[
        Path, Parameter(help="Folder receipts come out of, one folder each recipient. 回执文件夹。")
    ],
    *,
    once: Annotated[bool, Parameter(help="Take what lies there, answer it, and end. 只处理一次。")] = False,
    every: Annotated[int, Parameter(help="Seconds between two looks (default 2). 间隔秒数。")] = 2,
    settle: Annotated[
        int, Parameter(help="Seconds a file must have stayed the same (default 1). 文件稳定秒数。")
    ] = 1,
    sender: Annotated[str, Parameter(help="Enterprise that hands these messages in. 提交企业。")] = "",
    signatures: Annotated[
        Literal["require", "record", "ignore"] | None,
        Parameter(help="What a missing or failing signature does; else as the settings say. 验签策略。"),
    ] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> int:
    """Watch a folder until Ctrl-C or a signal to stop."""
    from tripoint.faces.cli.watching import Watcher, held
    from tripoint.kernel.refusals import Malformed

    if every < 1 or settle < 0:
        raise Malformed(
            "SECONDS",
            "--every 至少为 1 秒，--settle 不得为负",
            "--every is 1 second or more, --settle is not negative",
        )
    talk = Talk(voice)
    with held(in_, out), engine(place, talk, signatures=signatures) as opened:
        watcher = Watcher(opened, in_, out, talk, sender=sender, settle_seconds=settle)
        watcher.run(once=once, every_seconds=every)
    talk.data({"taken": watcher.taken, "failed": watcher.failed, "written": watcher.written})
    talk.say(
        f"收取 {watcher.taken} 份，失败 {watcher.failed} 份，写出回执 {watcher.written} 份",
        f"{watcher.taken} messages taken, {watcher.failed} failed, {watcher.written} receipt messages written",
    )
    return exits.FOUND if watcher.failed and once else exits.OK
