"""Anomalies of what is sent when: papers that do not come, come twice, are corrected, withdrawn or sent too late.

What must come out never depends on the order of arrival: a wrong version is one that cannot be released, and what is
withdrawn belongs to a list that lacks another paper as well.
"""

from __future__ import annotations

from itertools import combinations

from tripoint.kernel.money import SCALE
from tripoint.rehearsal.anomaly import PAPER_NAMES, Anomaly, Change, Stage, copy_of, paper_of, set_head
from tripoint.rehearsal.trades import Paper, Trade

_WRONG = {
    "order": ("consignee", "错收"),
    "payment": ("amount", 7 * SCALE),
    "waybill": ("consignee_address", "错楼"),
}
"""What the first version gets wrong: a column and what is added to it."""


def _spoil(paper: Paper, name: str) -> None:
    column, more = _WRONG[name]
    paper.head[column] += more


def leave_out(*names: str) -> Change:
    """These papers are never sent."""

    def change(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
        trade.missing = names

    return change


def correct(name: str, *, late: bool = False, twice: bool = False) -> Change:
    """A wrong version, then a change (appType 2, newer appTime); `late`: the wrong one is sent after all."""

    def change(trade: Trade, stage: Stage) -> None:
        right = paper_of(trade, name)
        first = copy_of(right, stage, later_minutes=-90, app_type="1")
        wrong = [first]
        if twice:
            wrong.append(copy_of(right, stage, later_minutes=-45, app_type="2"))
        right.head["app_type"] = "2"
        right.rank = 0 if late else len(wrong)
        for number, paper in enumerate(wrong):
            _spoil(paper, name)
            paper.rank = number + 1 if late else number
        trade.extra += wrong

    return change


def withdraw(name: str, missing: str) -> Change:
    """The paper is withdrawn (appType 3), and another one never comes."""

    def change(trade: Trade, stage: Stage) -> None:
        trade.missing = (missing,)
        trade.extra.append(copy_of(paper_of(trade, name), stage, later_minutes=30, app_type="3"))

    return change


def send_twice(name: str) -> Change:
    """The very same paper in two messages."""

    def change(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
        paper = paper_of(trade, name)
        same = Paper(table=paper.table, sender=paper.sender, head=paper.head, lines=paper.lines, batch=1)
        trade.extra.append(same)

    return change


def _missing() -> list[Anomaly]:
    several = [names for count in (1, 2, 3) for names in combinations(PAPER_NAMES, count)]
    return [
        Anomaly(name="no-" + "-".join(names), change=leave_out(*names), waits_for=names) for names in several
    ]


HISTORIES: tuple[Anomaly, ...] = (
    *_missing(),
    *(Anomaly(name=f"{name}-corrected", change=correct(name)) for name in PAPER_NAMES),
    *(Anomaly(name=f"{name}-corrected-twice", change=correct(name, twice=True)) for name in PAPER_NAMES),
    *(Anomaly(name=f"{name}-older-version-late", change=correct(name, late=True)) for name in PAPER_NAMES),
    *(Anomaly(name=f"{name}-sent-twice", change=send_twice(name)) for name in (*PAPER_NAMES, "list")),
    Anomaly(name="order-withdrawn", change=withdraw("order", "waybill"), waits_for=("order", "waybill")),
    Anomaly(
        name="payment-withdrawn", change=withdraw("payment", "waybill"), waits_for=("payment", "waybill")
    ),
    Anomaly(
        name="waybill-withdrawn", change=withdraw("waybill", "payment"), waits_for=("payment", "waybill")
    ),
    Anomaly(name="order-only-a-draft", change=set_head("order", app_status="1"), waits_for=("order",)),
)
"""Anomalies of arrival and of versions."""
