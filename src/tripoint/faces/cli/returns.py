"""`tripoint returns`: show returns of released lists, confirm that their goods are back."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.paging import following, refuse_size, tell_end
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.kernel.text import Text

app = parser("returns")

STATES = ("review", "accepted", "refused")


@app.command(name="list", help="Show returns, oldest first. 查询退货。")
def list_(
    list_no: Annotated[str | None, Parameter(help="Only of this list number. 清单编号。")] = None,
    *,
    state: Annotated[str | None, Parameter(help="review, accepted or refused. 状态。")] = None,
    after: Annotated[str, Parameter(help="Place of the last return seen. 游标。")] = "",
    most: Annotated[int, Parameter(help="Rows at most, up to 1000 (default 100). 行数上限。")] = 100,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show returns."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.platforms.clearance.aftermath import desk

    if state is not None and state not in STATES:
        known = ", ".join(STATES)
        raise Malformed(
            "STATE", f"没有状态 {state}；现有 {known}", f"there is no state {state}; there are {known}"
        )
    refuse_size(most)
    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        found = desk.returns(tx, list_no=list_no, state=state, after=after, most=most)
    more = following(found, most, desk.cursor)
    talk.data({"returns": found, "next": more})
    heads = (
        Text("清单编号", "list number"),
        Text("企业内部编号", "return"),
        Text("状态", "state"),
        Text("申请日", "applied on"),
        Text("最迟运抵", "back by"),
        Text("运抵日", "back on"),
        Text("完税价格", "value"),
        Text("税款", "tax"),
    )
    names = ("list_no", "cop_no", "state", "applied_on", "arrive_by", "arrived_on", "value", "tax")
    talk.table(Text("退货", "returns"), heads, [tuple(row[name] for name in names) for row in found])
    tell_end(talk, len(found), more, Text("没有符合条件的退货", "no such returns"))


@app.command(
    help="The goods of a return are back: taken, or refused where they came too late. 确认退货运抵。"
)
def confirm(
    list_no: Annotated[str, Parameter(help="Number of the list. 清单编号。")],
    cop_no: Annotated[
        str, Parameter(help="The declarant's own number of the return (copNo). 企业内部编号。")
    ],
    *,
    on: Annotated[str, Parameter(help="The day they came back, 2026-03-20. 运抵日期。")],
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Confirm that goods are back."""
    from datetime import date

    from tripoint.kernel.refusals import Malformed

    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise Malformed("DAY", f"日期有误：{on}", f"not a day: {on}") from None
    talk = Talk(voice)
    with engine(place, talk) as opened:
        status = opened.confirm_return(list_no, cop_no, day)
    talk.data({"list_no": list_no, "cop_no": cop_no, "return_status": status})
    if status == "800":
        talk.say("退货已放行，税款与年度额度已恢复", "the return is taken; tax and yearly limit are restored")
    else:
        talk.say("超过45日运抵期限，退货不予接受", "the goods came back too late; the return is refused")
