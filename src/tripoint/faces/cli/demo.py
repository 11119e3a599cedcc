"""`tripoint demo`: from nothing to cleared papers and a console, in a data folder of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.kernel.refusals import Unknown

FOLDER = ".tripoint-demo"
TRADES = 2000

app = parser("demo")


@app.default
def demo(
    *,
    data: Annotated[
        Path | None, Parameter(help="Data folder of the demo (default ~/.tripoint-demo). 演示数据文件夹。")
    ] = None,
    trades: Annotated[int, Parameter(help="How many trades are made up (default 2000). 交易数。")] = TRADES,
    seed: Annotated[int, Parameter(help="The same seed makes the same trade (default 1). 随机种子。")] = 1,
    serve: Annotated[
        bool, Parameter(help="Serve the console until stopped, also without a terminal. 前台运行控制台。")
    ] = False,
    once: Annotated[
        bool,
        Parameter(
            name=["--once", "--no-serve"], help="End after showing; nothing goes on running. 展示后结束。"
        ),
    ] = False,
    stop: Annotated[
        bool, Parameter(help="Stop a demo whose console was left running. 停止后台运行的演示。")
    ] = False,
    host: Annotated[
        str, Parameter(help="Address of the console (default 127.0.0.1). 监听地址。")
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port of the console (default 8080, or a free one). 端口。")] = 8080,
    voice: Voice | None = None,
) -> int:
    """Show it all."""
    from tripoint.faces.cli.showing import (
        Show,
        farewell,
        free_port,
        leave_serving,
        plan_of,
        same_plan,
        serve_until_stopped,
        stop_left,
    )

    talk = Talk(voice)
    folder = (data or Path.home() / FOLDER).absolute()
    place = Place(data=folder)
    if stop:
        if not folder.is_dir():
            raise Unknown("DEMO-NONE", f"{folder} 中没有演示", f"there is no demo in {folder}")
        stop_left(place)
        farewell(place, talk)
        return exits.OK
    serving = not once and (serve or sys.stdout.isatty())
    leaving = not (once or serving or os.environ.get("CI"))
    plan = plan_of(trades, seed)
    if serving or leaving:
        free_port(host, port)
    same_plan(folder, plan)
    stop_left(place)
    try:
        with engine(place, talk) as opened:
            show = Show(opened, talk)
            show.clear_generated(plan)
            show.clear_examples()
            show.explain_one()
            show.tell_data()
            if serving:
                serve_until_stopped(opened, place, host, port, talk)
            if leaving:
                leave_serving(opened, place, host, port, talk)
                return exits.FOUND if show.different else exits.OK
    except BaseException:
        farewell(place, talk)
        raise
    farewell(place, talk)
    return exits.FOUND if show.different else exits.OK
