"""`tripoint rejudge`: judge open lists again, as when a rate, a filing or a guarantee has changed."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import STATE_NAMES, known_code, named
from tripoint.kernel.text import Text

app = parser("rejudge")


@app.default
def rejudge(
    *,
    code: Annotated[
        list[str] | None,
        Parameter(
            help="Only lists told one of these findings; else those that filings, rates and deposits mend. 判定代码。"
        ),
    ] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Judge again."""
    for one in code or ():
        known_code(one)
    talk = Talk(voice)
    with engine(place, talk) as opened:
        worked = opened.rejudge(code) if code else opened.rejudge()
    talk.data({"states": worked.states, "findings": worked.findings, "receipts": worked.receipts})
    rows = [(talk.pick(named(STATE_NAMES, state)), number) for state, number in worked.states.items()]
    talk.table(
        Text("有变化的清单", "lists that changed"), (Text("状态", "state"), Text("数量", "lists")), rows
    )
    if not rows:
        talk.say("没有清单发生变化", "no list changed")
