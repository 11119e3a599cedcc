"""`tripoint messages`: a page of the messages that came in, newest first, and what was made of each."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.paging import Most, following, refuse_size, tell_end
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import MESSAGE_NAMES, SIGNATURE_NAMES, named
from tripoint.kernel.text import Text

app = parser("messages")

HEADS = (
    Text("序号", "number"),
    Text("类型", "type"),
    Text("单证", "papers"),
    Text("状态", "state"),
    Text("签名", "signature"),
    Text("来源", "from"),
    Text("未能读取的原因", "why it was not read"),
)


UNKNOWN_TYPE = Text("未知", "unknown")


@app.default
def messages(
    *,
    state: Annotated[
        Literal["received", "read", "unreadable"] | None, Parameter(help="Only those in this state. 状态。")
    ] = None,
    kind: Annotated[
        str | None, Parameter(name="--type", help="Only this type, as CEB621. 报文类型。")
    ] = None,
    enterprise: Annotated[
        str | None, Parameter(help="Only those this enterprise handed in. 提交企业。")
    ] = None,
    before: Annotated[int | None, Parameter(help="Number of the last message seen. 游标。")] = None,
    most: Most = 50,
    again: Annotated[
        bool,
        Parameter(
            help="First let those wait again that a fault of ours made unreadable (WIRE-00). 重新受理。"
        ),
    ] = False,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show messages."""
    from tripoint.exchange import store

    refuse_size(most)
    talk = Talk(voice)
    if again:
        with engine(place, talk) as opened:
            number = opened.try_again()
        talk.note(f"{number} 份报文重新等待处理", f"{number} messages wait again to be worked on")
    with engine(place, talk) as opened, opened.transaction() as tx:
        found = store.messages(
            tx, most=most, before=before, sender_code=enterprise, state=state, message_type=kind
        )
    more = following(found, most, lambda row: row["message_id"])
    talk.data({"messages": found, "next": more})
    rows = [
        (
            str(row["message_id"]),
            talk.pick(UNKNOWN_TYPE) if row["message_type"] == "Unknown" else row["message_type"],
            row["papers"] or 0,
            talk.pick(named(MESSAGE_NAMES, row["state"])),
            talk.pick(named(SIGNATURE_NAMES, row["signature_state"] or "")),
            row["name"] or row["sender_code"],
            talk.pick(_reason(row["refusal_text"] or "")),
        )
        for row in found
    ]
    talk.table(Text("报文", "messages"), HEADS, rows)
    tell_end(talk, len(found), more, Text("没有符合条件的报文", "no such messages"), option="--before")


def _reason(text: str) -> Text:
    """Why a message was not read, `[code] zh / en` as its sender is told, in each language where the two can be told apart."""
    code, _, said = text.partition(" ")
    halves = said.split(" / ")
    return (
        Text(*(f"{code} {half}" for half in halves)) if len(halves) == len(("zh", "en")) else Text(text, text)
    )
