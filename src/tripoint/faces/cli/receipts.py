"""`tripoint receipts`: a page of receipts, oldest first, or the messages that carry them written as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.kernel.text import Text

app = parser("receipts")

HEADS = (
    Text("序号", "number"),
    Text("报文", "message"),
    Text("接收企业", "recipient"),
    Text("订单编号", "order"),
    Text("清单编号", "list"),
    Text("状态", "status"),
    Text("说明", "text"),
)


@app.default
def receipts(
    *,
    order: Annotated[str | None, Parameter(help="Only those about this order. 订单编号。")] = None,
    kind: Annotated[
        str | None, Parameter(name="--type", help="Only this message type, as CEB622. 报文类型。")
    ] = None,
    status: Annotated[str | None, Parameter(help="Only this return status, as 800. 回执状态。")] = None,
    enterprise: Annotated[str | None, Parameter(help="Only those to this enterprise. 接收企业。")] = None,
    after: Annotated[
        int, Parameter(help="Number of the last receipt seen; with --out of the last message. 游标。")
    ] = 0,
    most: Annotated[int, Parameter(help="Rows at most, up to 1000 (default 50). 行数上限。")] = 50,
    out: Annotated[
        Path | None,
        Parameter(help="Write all outgoing messages after the cursor into this folder. 写入文件夹。"),
    ] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show receipts, or write them."""
    talk = Talk(voice)
    if out is not None:
        _write(out, enterprise, after, place, talk)
        return
    from tripoint.platforms.clearance.answers import desk

    with engine(place, talk) as opened, opened.transaction() as tx:
        found = desk.receipts(
            tx,
            recipient_code=enterprise,
            after=after,
            most=min(max(most, 1), 1000),
            order_no=order,
            message_type=kind,
            return_status=status,
        )
    more = found[-1]["receipt_id"] if len(found) == most else None
    talk.data({"receipts": found, "next": more})
    names = (
        "receipt_id",
        "message_type",
        "recipient_code",
        "order_no",
        "list_no",
        "return_status",
        "return_info",
    )
    talk.table(
        Text("回执", "receipts"), HEADS, [tuple(str(row[name] or "") for name in names) for row in found]
    )
    if more:
        talk.say(f"下一页：--after {more}", f"next page: --after {more}")
    elif not found:
        talk.say("没有符合条件的回执", "no such receipts")


def _write(out: Path, enterprise: str | None, after: int, place: Place | None, talk: Talk) -> None:
    from tripoint.faces.cli import placing, writing

    written, last = 0, after
    with (
        engine(place, talk) as opened,
        writing.into(out),
        talk.progress("写出回执", "writing receipts") as told,
    ):
        for message in placing.outgoing(opened, after, enterprise):
            writing.put(out, placing.file_name(message), message.body)
            written, last = written + 1, message.outbox_id
            told(written, written)
    talk.data({"written": written, "out": str(out), "next": last})
    talk.say(
        f"回执 {written} 份报文，写入 {out}；下次用 --after {last}",
        f"{written} receipt messages written to {out}; the next time say --after {last}",
    )
