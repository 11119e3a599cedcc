"""`tripoint lists`: a page of lists, newest first, by state or by what was found."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.paging import Most, following, refuse_size, tell_end
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import LIST_STATES, STATE_NAMES, kinds, known_code, named
from tripoint.kernel.text import Text

app = parser("lists")

HEADS = (
    Text("清单 / 预录入编号", "list / pre-entry number"),
    Text("订单编号", "order"),
    Text("状态", "state"),
    Text("待", "waits for"),
    Text("税款", "tax"),
    Text("申报日期", "declared on"),
    Text("申报企业", "declarant"),
)


@app.default
def lists(
    *,
    state: Annotated[
        str | None, Parameter(help="Only lists in this state: released, refused, held, waiting … 状态。")
    ] = None,
    code: Annotated[str | None, Parameter(help="Only lists told this finding. 判定代码。")] = None,
    enterprise: Annotated[
        str | None, Parameter(help="Only lists this enterprise is a party of. 企业。")
    ] = None,
    after: Annotated[str | None, Parameter(help="Cursor of the page before (next in --json). 游标。")] = None,
    most: Most = 50,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show lists."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.platforms.clearance.enquiries import desk

    if state is not None and state not in LIST_STATES:
        known = ", ".join(LIST_STATES)
        raise Malformed(
            "STATE", f"没有状态 {state}；现有 {known}", f"there is no state {state}; there are {known}"
        )
    if code is not None:
        known_code(code)
    refuse_size(most)
    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        found = desk.lists(tx, owner_code=enterprise, state=state, code=code, after=after, most=most)
    more = following(found, most, lambda row: row.cursor)
    talk.data({"lists": found, "next": more})
    rows = [
        (
            row.list_no or row.pre_no,
            row.order_no,
            talk.pick(named(STATE_NAMES, row.state)),
            talk.pick(kinds(",".join(row.waits_for))) if row.waits_for else "",
            row.tax,
            row.declared_on,
            row.declarant_code,
        )
        for row in found
    ]
    talk.table(Text("清单", "lists"), HEADS, rows)
    tell_end(talk, len(found), more, Text("没有符合条件的清单", "no such lists"))
