"""`tripoint receipts`: a page of receipts, oldest first, or the messages that carry them written as files."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.paging import following, refuse_size, tell_end
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.kernel.text import Text

if TYPE_CHECKING:
    from tripoint.faces.cli.placing import Wanted

app = parser("receipts")

ROWS = 50

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
    most: Annotated[
        int | None,
        Parameter(
            help="Rows at most, up to 1000 (default 50); with --out messages (default all). 行数上限。"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(
            help="Write the outgoing messages that carry such receipts, whole, into this folder. 写入文件夹。"
        ),
    ] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show receipts, or write them."""
    from tripoint.faces.cli.placing import Wanted

    if most is not None:
        refuse_size(most)
    talk = Talk(voice)
    wanted = Wanted(recipient_code=enterprise, order_no=order, message_type=kind, return_status=status)
    if out is not None:
        _write(out, wanted, after, most, place, talk)
        return
    rows = ROWS if most is None else most
    with engine(place, talk) as opened:
        found = wanted.receipts(opened, after, rows)
    more = following(found, rows, lambda row: row["receipt_id"])
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
    tell_end(talk, len(found), more, Text("没有符合条件的回执", "no such receipts"))


def _write(out: Path, wanted: Wanted, after: int, most: int | None, place: Place | None, talk: Talk) -> None:
    from tripoint.faces.cli import placing, writing

    written, last = 0, after
    with (
        engine(place, talk) as opened,
        writing.into(out),
        talk.progress("写出回执", "writing receipts") as told,
    ):
        for message in islice(placing.carrying(opened, wanted, after), most):
            writing.put(out, placing.file_name(message), message.body)
            written, last = written + 1, message.outbox_id
            told(written, written)
    talk.data({"written": written, "out": str(out), "next": last})
    talk.say(
        f"回执 {written} 份报文，写入 {out}；下次用 --after {last}",
        f"{written} receipt messages written to {out}; the next time say --after {last}",
    )
