"""Working on what follows a list: cancel it, take goods back, note arrivals and signatures; nothing is given back twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.kernel.clock import CHINA
from tripoint.kernel.money import format_e5
from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.pipeline import receipts
from tripoint.platforms.clearance.aftermath import rules, store
from tripoint.platforms.clearance.papers.reading import Mail
from tripoint.platforms.clearance.records import KIND_OF, Bench, Taken
from tripoint.regimes.receptions import load_receptions
from tripoint.registers.ledger import desk as ledger
from tripoint.registers.ledger import rules as accounts
from tripoint.registers.ledger.records import TRANSFERS
from tripoint.tariff.returns import last_day_to_arrive

Row = dict[str, Any]

VOID = "3"
"""The status of a tax bill that is void (818)."""

_PLACE = re.compile(r"[0-9]{1,18}/[0-9]{1,9}")

REVIEW_TEXT = "[Code:1200;Desc:待人工审核]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What followed lists came to: the receipts of it (shape PHASED), and the guarantors of whom a guarantee was freed."""

    told: pl.DataFrame
    freed: frozenset[str]


def follow(tx: Transaction, mail: Mail, taken: Taken, bench: Bench, now: datetime) -> Followed:
    """Do what the cancellations, returns, arrivals and signatures of a round ask for, as they came."""
    told: dict[str, list[Row]] = {}
    came = [(name, paper) for name in _WORK for paper in _accepted(mail, taken, name)]
    for name, paper in sorted(came, key=lambda one: (one[1]["message_id"], one[1]["position"])):
        told.setdefault(name, []).extend(_WORK[name](tx, paper, bench, now))
    return Followed(
        told=pl.concat([receipts.NOTHING_TOLD, *(_receipts(name, said) for name, said in told.items())]),
        freed=frozenset(
            said["bill_guarantor_code"]
            for rows in told.values()
            for said in rows
            if "bill_guarantor_code" in said
        ),
    )


def confirm_return(
    tx: Transaction, list_no: str, cop_no: str, arrived_on: date, bench: Bench, now: datetime
) -> Followed:
    """The goods of a return are back: accept it, or refuse it where they came too late.

    Raises Unknown where no such return is known, and Conflict where it was decided before.
    """
    found = [row for row in store.find_returns(tx, list_no=list_no, most=1000) if row["cop_no"] == cop_no]
    if not found:
        raise Unknown(
            "RETURN-UNKNOWN",
            f"没有清单 {list_no} 的退货 {cop_no}",
            f"there is no return {cop_no} of list {list_no}",
        )
    listed = store.settled(tx, found[0]["order_no"], list_no)
    assert listed is not None, "a return is of a list that stands"
    returns = store.returns(tx, listed["order_no"], list_no)
    # Two declarants may use one number: the return that still is under review is meant.
    its = max((row for row in returns if row["cop_no"] == cop_no), key=lambda row: row["state"] == "review")
    if its["state"] != "review":
        raise Conflict("RETURN-DECIDED", "该退货已经审结", "this return has been decided")
    released_on = _day(listed["decided_at"])
    in_time = rules.arrives_in_time(released_on, arrived_on, bench.regimes.of(listed["supervision_mode"]))
    store.decide_return(tx, its, "accepted" if in_time else "refused", arrived_on, now)
    if not in_time:
        told = rules.Told(code="RETURN-05", detail=f"{released_on} → {arrived_on}")
        refused = _receipts("return_request", [_said(its, receipts.REJECTED, _text(bench, [told]), 3)])
        return Followed(told=refused, freed=frozenset())
    _release_guarantee(
        tx, listed, its["tax"], "return", f"{list_no}/{its['message_id']}/{its['position']}", now
    )
    # Which return is the last shows only now: another may have been refused, or still be under way.
    others = [row for row in returns if row is not its and row["state"] == "accepted"]
    back = its["value"] + sum(row["value"] for row in others)
    _give_back(tx, listed, its["value"], everything=back == listed["dutiable_value"])
    store.journal(tx, listed, its["message_id"], "returned", -its["tax"], bench.edition, now)
    taken_back = _receipts("return_request", [_said(its, receipts.RELEASED, receipts.RELEASE, 3)])
    return Followed(told=taken_back, freed=frozenset({listed["guarantor_code"]}))


def returns(
    tx: Transaction,
    *,
    list_no: str | None = None,
    state: str | None = None,
    owner_code: str | None = None,
    after: str = "",
    most: int = 100,
) -> list[Row]:
    """Returns as they came, with value and tax in yuan; `owner_code` sees only those it is a party of.

    `after` is the place of the last one seen (`cursor`); raises Malformed where it is none.
    """
    if after and not _PLACE.fullmatch(after):
        raise Malformed("CURSOR", "游标无效", "this is not a cursor")
    message_id, _, position = after.partition("/")
    found = store.find_returns(
        tx,
        list_no=list_no,
        state=state,
        owner_code=owner_code,
        after=(int(message_id), int(position)) if after else (0, 0),
        most=min(max(most, 1), 1000),
    )
    return [row | {"value": format_e5(row["value"]), "tax": format_e5(row["tax"])} for row in found]


def cursor(row: Row) -> str:
    """Where the page after a return begins."""
    return f"{row['message_id']}/{row['position']}"


def _accepted(mail: Mail, taken: Taken, name: str) -> list[Row]:
    """The taken papers of a kind, as rows in the order they came."""
    kind = KIND_OF[name]
    papers = mail.papers.get(kind.table)
    if papers is None or papers.is_empty():
        return []
    places = taken.received.filter((pl.col("kind") == name) & (pl.col("reception") == "accepted"))
    rows = papers.join(places.select_seq("message_id", "position"), on=["message_id", "position"], how="semi")
    return list(rows.sort("message_id", "position").iter_rows(named=True))


def _said(paper: Mapping[str, Any], status: str, text: str, phase: int) -> Row:
    return {**paper, "return_status": status, "return_info": text, "phase": phase}


def _receipts(name: str, told: Sequence[Row]) -> pl.DataFrame:
    """Receipts for papers of a kind, each with its status, text and phase."""
    words = (
        "return_status",
        "return_info",
        "tax_no",
        "message_type",
        "bill_guarantor_code",
        "bill_payment_no",
    )
    schema = KIND_OF[name].schema | dict.fromkeys(words, pl.String()) | {"phase": pl.Int8()}
    frame = pl.DataFrame([{column: row.get(column) for column in schema} for row in told], schema=schema)
    answered = receipts.together([receipts.answer(KIND_OF[name].table, frame, 0)])
    return answered.with_columns_seq(
        pl.coalesce(frame["message_type"], "message_type").alias("message_type"), frame["phase"]
    )


def _text(bench: Bench, told: Sequence[rules.Told]) -> str:
    """Every finding in one text, as lists have it."""
    said = [f"[Code:{one.code};Desc:{bench.texts[one.code].text.zh}],[{one.detail}]" for one in told]
    return ";".join(said)[: receipts.TEXT_MAX]


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def _note(_tx: Transaction, paper: Row, _bench: Bench, _now: datetime) -> list[Row]:
    """A buyer has signed: nothing more to do than to say that it is noted."""
    return [_said(paper, receipts.STORED, receipts.LOGIC_PASSED, 2)]


def _arrive(tx: Transaction, paper: Row, _bench: Bench, now: datetime) -> list[Row]:
    """Goods have arrived at the supervised place: the warehouse-in list gets its number."""
    year = now.astimezone(CHINA).year
    scope = f"warehouse_in_no/{paper['customs_code']}/{year}"
    number = f"{paper['customs_code']}{year}R{exchange.next_numbers(tx, {scope: 1})[scope]:09d}"
    numbered = paper | {"warehouse_in_no": number}
    return [
        _said(numbered, receipts.STORED, receipts.LOGIC_PASSED, 2),
        _said(numbered, receipts.CLOSED, "海关审结", 3),
    ]


def _cancel(tx: Transaction, paper: Row, bench: Bench, now: datetime) -> list[Row]:
    """Take a list back: void its tax bill, free its guarantee, give back its allowances."""
    listed = store.settled(tx, paper["order_no"], paper["list_no"])
    returns = store.returns(tx, paper["order_no"], paper["list_no"]) if listed else []
    told = rules.judge_cancellation(listed, paper, returns)
    if told:
        reason = "unknown" if told[0].code == "CANCEL-01" else "state"
        refusal = load_receptions()["cancellation", reason]
        return [_said(paper, refusal.status, refusal.text_zh.format(key=paper["list_no"], detail=""), 2)]
    assert listed is not None
    bills: Sequence[Row] = ()
    if listed["state"] == "released":
        _release_guarantee(tx, listed, listed["tax"], "cancel", listed["list_no"], now)
        _give_back(tx, listed, listed["dutiable_value"], everything=True)
        bills = store.void_bill(tx, listed)
    store.cancel(tx, listed, now)
    store.journal(tx, listed, paper["message_id"], "cancelled", -(listed["tax"] or 0), bench.edition, now)
    return [
        _said(paper, receipts.STORED, receipts.LOGIC_PASSED, 2),
        _said(paper, receipts.CLOSED, "海关审结，清单已撤销", 3),
        *(_said(paper | bill | {"message_type": "CEB818"}, VOID, "", 4) for bill in bills),
    ]


def _take_back(tx: Transaction, paper: Row, bench: Bench, _now: datetime) -> list[Row]:
    """Put a return under review until its goods are back, or say everything that speaks against it."""
    listed = store.settled(tx, paper["order_no"], paper["list_no"])
    lines = store.assessed(tx, paper["order_no"], paper["list_no"]) if listed else []
    wanted = store.request_lines(tx, paper)
    applied_on = _day(paper["app_time"])
    released_on = _day(listed["decided_at"]) if listed and listed["state"] == "released" else None
    regime = bench.regimes.by_mode.get(listed["supervision_mode"]) if listed else None
    told = rules.judge_return(listed, lines, paper, wanted, applied_on, released_on, regime)
    if told:
        return [_said(paper, receipts.REJECTED, _text(bench, told), 2)]
    assert listed is not None
    assert released_on is not None
    assert regime is not None
    shares = rules.parts(lines, wanted)
    store.add_return(
        tx,
        paper | {"cop_no": paper["cop_no"] or paper["guid"], "customs_code": listed["customs_code"]},
        shares,
        applied_on=applied_on,
        arrive_by=last_day_to_arrive(released_on, regime),
        is_last=rules.is_everything(lines, wanted),
    )
    return [
        _said(paper, receipts.STORED, receipts.LOGIC_PASSED, 2),
        _said(paper, receipts.REVIEW, REVIEW_TEXT, 3),
    ]


_WORK = {
    "waybill_status": _note,
    "warehouse_in": _arrive,
    "cancellation": _cancel,
    "return_request": _take_back,
}
"""What is done for a paper of each kind that follows a list; its receipts come back."""


def _release_guarantee(
    tx: Transaction, listed: Row, amount: int, reason: str, reference: str, now: datetime
) -> None:
    """Give the guarantor back what release had pledged."""
    if amount <= 0:
        return
    transfer = {
        "order_no": listed["order_no"],
        "debit_account": accounts.pledged(listed["guarantor_code"]),
        "credit_account": accounts.available(listed["guarantor_code"]),
        "amount": amount,
        "reason": reason,
        "reference": reference,
        "message_id": None,
    }
    ledger.post(tx, pl.DataFrame([transfer], schema=TRANSFERS), at=now)


def _give_back(tx: Transaction, listed: Row, value: int, *, everything: bool) -> None:
    """Give the buyer back value of the yearly limit; with the last of a list, all that it took of any allowance."""
    for use in store.uses(tx, listed):
        if everything:
            store.give_back(tx, listed, use, use["amount"])
        elif use["allowance"] == "value":
            store.give_back(tx, listed, use, min(value, use["amount"]))
