"""`tripoint generate`: made-up trade to rehearse with, lawful and faulty, and what must become of each list."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tripoint.faces.cli import writing
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import STATE_NAMES, named
from tripoint.kernel.text import Text

FIRST_DAY = date(2024, 6, 3)
"""Fixed, so that the same command makes the same papers on any day."""

app = parser("generate")


@app.default
def generate(
    *,
    out: Annotated[
        Path, Parameter(help="Folder for papers/, keys/, filings.json and truth.jsonl. 输出文件夹。")
    ],
    trades: Annotated[int, Parameter(help="How many trades (default 100). 交易数。")] = 100,
    seed: Annotated[int, Parameter(help="The same seed makes the same trade (default 1). 随机种子。")] = 1,
    signed: Annotated[
        Literal["rsa", "sm2", "none"], Parameter(help="How messages are signed (default rsa). 签名方式。")
    ] = "rsa",
    anomalies: Annotated[
        str, Parameter(help="Share of trades that go wrong, 0 to 1 (default 0). 异常率。")
    ] = "0",
    day: Annotated[str, Parameter(help="First day of declaration (default 2024-06-03). 首个申报日。")] = "",
    days: Annotated[int, Parameter(help="Over how many days (default 7). 天数。")] = 7,
    per_message: Annotated[
        int, Parameter(help="Papers in a message at most (default 100). 每报文单证上限。")
    ] = 100,
    voice: Voice | None = None,
) -> None:
    """Make up trade."""
    from tripoint.rehearsal.generate import generate as rehearse
    from tripoint.rehearsal.plan import Plan, Signed

    talk = Talk(voice)
    plan = Plan(
        trades=trades,
        first_day=_day(day) if day else FIRST_DAY,
        days=days,
        seed=seed,
        signed=Signed(signed),
        anomalies=_share(anomalies),
        per_message=per_message,
    )
    with writing.into(out), talk.progress("生成", "making up trade") as told:
        summary = rehearse(plan, out, lambda _, done, total: told(done, total))
    talk.data(summary)
    rows = [(talk.pick(named(STATE_NAMES, name)), number) for name, number in summary.outcomes.items()]
    talk.table(Text("应有结果", "what must come out"), (Text("状态", "state"), Text("清单", "lists")), rows)
    talk.say(
        f"交易 {summary.trades} 笔，报文 {summary.messages} 份，写入 {out}；"
        f"接着运行：tripoint clear {out} --truth {out}/truth.jsonl",
        f"{summary.trades} trades in {summary.messages} messages written to {out}; "
        f"next: tripoint clear {out} --truth {out}/truth.jsonl",
    )


def _day(text: str) -> date:
    from tripoint.kernel.refusals import Malformed

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Malformed("DAY", f"不是日期：{text}", f"not a day: {text}") from error


def _share(text: str) -> float:
    from tripoint.kernel.refusals import Malformed

    try:
        return float(text)
    except ValueError as error:
        raise Malformed("SHARE", f"不是 0 至 1 的数：{text}", f"not a number of 0 to 1: {text}") from error
