"""`tripoint bench`: how fast this machine clears, measured end to end over HTTP, with everything checked."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tripoint.faces.cli import exits, writing
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine, settings
from tripoint.faces.cli.speaking import Talk, Voice

app = parser("bench")


@app.default
def bench(
    *,
    trades: Annotated[int, Parameter(help="How many trades (default 20000). 交易数。")] = 20_000,
    papers: Annotated[
        int, Parameter(help="Papers in a message at most, 1 to 100 (default 100). 每报文单证上限。")
    ] = 100,
    keys: Annotated[
        Literal["rsa", "sm2"], Parameter(help="How messages are signed (default rsa). 签名方式。")
    ] = "rsa",
    arrival: Annotated[
        Literal["mixed", "together", "spread"],
        Parameter(help="How the papers of a trade arrive: a third split, together, or all apart. 到达方式。"),
    ] = "mixed",
    apart: Annotated[
        int,
        Parameter(help="How far apart, in trades that begin meanwhile (default: by --trades). 间隔交易数。"),
    ] = 0,
    anomalies: Annotated[
        float, Parameter(help="Share of trades that go wrong, 0 to 1 (default 0.02). 异常率。")
    ] = 0.02,
    seed: Annotated[int, Parameter(help="The same seed makes the same trade (default 1). 随机种子。")] = 1,
    history: Annotated[
        int,
        Parameter(help="Settled lists to fill in first, kept with --data (default 0). 先填入的历史清单数。"),
    ] = 0,
    rate: Annotated[
        float | None,
        Parameter(help="Lists a second offered, on time; without it at full speed. 每秒清单数。"),
    ] = None,
    soak: Annotated[
        float | None, Parameter(help="Minutes to go on at --rate, instead of --trades. 持续分钟数。")
    ] = None,
    workers: Annotated[int, Parameter(help="Worker processes (default 1). 处理进程数。")] = 1,
    connections: Annotated[int, Parameter(help="Connections that send (default 8). 发送连接数。")] = 8,
    fetch: Annotated[
        int, Parameter(help="Connections that fetch receipts (default 2); 0 fetches none. 取回执连接数。")
    ] = 2,
    cache: Annotated[
        Path | None, Parameter(help="Folder of prepared messages (default ~/.cache/tripoint). 报文缓存。")
    ] = None,
    seal: Annotated[
        Literal["rsa", "sm2", "none"],
        Parameter(help="How receipts are signed (default rsa); none leaves them unsigned. 回执签名方式。"),
    ] = "rsa",
    data: Annotated[
        Path | None,
        Parameter(help="Data folder to use and keep; else a new one that is removed. 数据文件夹。"),
    ] = None,
    report: Annotated[
        Path | None, Parameter(help="Folder for result.json and plots (SVG). 结果与图表文件夹。")
    ] = None,
    voice: Voice | None = None,
) -> int:
    """Measure."""
    from tripoint.faces.cli.benching.filing import file
    from tripoint.faces.cli.benching.filling import fill
    from tripoint.faces.cli.benching.report import tell
    from tripoint.faces.cli.benching.running import Course, Run
    from tripoint.kernel.refusals import Malformed
    from tripoint.rehearsal.plan import PAPERS_MAX, Signed
    from tripoint.rehearsal.rush.arrivals import Arrivals
    from tripoint.rehearsal.rush.traffic import Recipe, prepared

    talk = Talk(voice)
    if not all(0 < number < math.inf for number in (rate, soak) if number is not None):
        raise Malformed("BENCH", "--rate、--soak 须大于 0", "--rate and --soak are above 0")
    if soak is not None:
        if rate is None:
            raise Malformed("SOAK", "--soak 须与 --rate 同用", "--soak needs a --rate")
        trades = round(rate * soak * 60)
    if min(trades, papers, workers, connections) < 1 or min(fetch, history, apart) < 0 or papers > PAPERS_MAX:
        raise Malformed(
            "BENCH",
            f"交易数、进程数、连接数须为正，单证数 1 至 {PAPERS_MAX}，其余不得为负",
            f"trades, workers and connections are 1 or more, papers 1 to {PAPERS_MAX}, no number is negative",
        )
    if not 0 <= anomalies <= 1:
        raise Malformed("BENCH", "--anomalies 须在 0 至 1 之间", "--anomalies is from 0 to 1")
    recipe = Recipe(
        trades=trades,
        papers=papers,
        signed=Signed(keys),
        arrivals=Arrivals(arrival),
        anomalies=anomalies,
        apart=apart,
        seed=seed,
    )
    course = Course(workers=workers, connections=connections, fetch=fetch, rate=rate or 0.0, seal=seal)
    if report is not None:
        writing.make(report)
    with talk.progress("准备报文", "preparing messages") as told:
        traffic = prepared(recipe, cache or _cache(), lambda _, done, total: told(done, total))
    with (
        _folder(data) as path,
        tempfile.TemporaryDirectory(prefix="tripoint-bench-") as folder,
        engine(Place(data=path), talk) as opened,
    ):
        fill(opened, talk, history)
        run = Run(opened, talk, recipe, traffic, course)
        run.make_ready()
        run.send(path, Path(folder), _postmaster(path))
        result = run.report()
    talk.data(result)
    tell(result, talk)
    if report is not None:
        files = file(result, report)
        talk.note(
            f"结果与图表写入 {report}（{len(files)} 个文件）",
            f"result and plots: {len(files)} files in {report}",
        )
    return exits.FOUND if result.faults else exits.OK


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tripoint"


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    """The data folder named, or a new one that ends with the block; its server is stopped in either case."""
    from tripoint.app import embedded_server

    made = data is None
    path = Path(tempfile.mkdtemp(prefix="tripoint-bench-data-")) if data is None else data.absolute()
    if made:
        path.chmod(0o755)  # the server's own user must be able to pass
    before = signal.signal(signal.SIGTERM, _interrupt)  # whoever ends us must not leave servers behind
    try:
        yield path
    finally:
        signal.signal(signal.SIGTERM, before)
        server = embedded_server(settings(Place(data=path)))
        if server is not None:
            server.stop()
            if made:
                shutil.rmtree(server.folder, ignore_errors=True)
        if made:
            shutil.rmtree(path, ignore_errors=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _postmaster(path: Path) -> int | None:
    from tripoint.app import embedded_server

    server = embedded_server(settings(Place(data=path)))
    return None if server is None else server.status().pid
