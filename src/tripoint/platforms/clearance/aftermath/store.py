"""Cancellations and returns in the database, one list at a time: they are rare beside releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from tripoint.database import Statements, Transaction
from tripoint.exchange import store as exchange
from tripoint.platforms.clearance.aftermath.rules import Part

sql = Statements.load(__package__)

Row = dict[str, Any]

RETURN_LINES = {
    "order_no": pl.String(),
    "message_id": pl.Int64(),
    "position": pl.Int32(),
    "line_no": pl.Int32(),
    "quantity": pl.Int64(),
    "value": pl.Int64(),
    "tax": pl.Int64(),
}
"""What a return brings back of each line."""


def settled(tx: Transaction, order_no: str, list_no: str) -> Row | None:
    """The docket of a list that has a number; locked until the transaction ends."""
    return tx.one(sql.settled, order_no=order_no, list_no=list_no)


def assessed(tx: Transaction, order_no: str, list_no: str) -> Sequence[Row]:
    """Its lines: line_no, hs_code, quantity, value, tax, and what was returned before."""
    return tx.rows(sql.assessed, order_no=order_no, list_no=list_no)


def request_lines(tx: Transaction, paper: Mapping[str, Any]) -> Sequence[Row]:
    """The lines of a return request."""
    return tx.rows(
        sql.request_lines, **{name: paper[name] for name in ("order_no", "message_id", "position")}
    )


def add_return(
    tx: Transaction,
    paper: Mapping[str, Any],
    shares: Sequence[Part],
    *,
    applied_on: date,
    arrive_by: date,
    is_last: bool,
) -> None:
    """Put a return under review, with what it brings back."""
    names = [
        "order_no",
        "marketplace_code",
        "list_no",
        "declarant_code",
        "cop_no",
        "message_id",
        "position",
        "guid",
        "customs_code",
        "merchant_code",
        "recipient_code",
    ]
    tx.run(
        sql.add_return,
        **{name: paper[name] for name in names},
        applied_on=applied_on,
        arrive_by=arrive_by,
        value=sum(part.value for part in shares),
        tax=sum(part.tax for part in shares),
        is_last=is_last,
    )
    place = (paper["order_no"], paper["message_id"], paper["position"])
    lines = [(*place, part.line_no, part.quantity, part.value, part.tax) for part in shares]
    tx.copy("return_lines", pl.DataFrame(lines, schema=RETURN_LINES, orient="row"))


def returns(tx: Transaction, order_no: str, list_no: str) -> Sequence[Row]:
    """The returns of a list; locked."""
    return tx.rows(sql.returns, order_no=order_no, list_no=list_no)


def find_returns(
    tx: Transaction,
    *,
    list_no: str | None = None,
    state: str | None = None,
    owner_code: str | None = None,
    after: tuple[int, int] = (0, 0),
    most: int = 100,
) -> Sequence[Row]:
    """Returns by list number or state, as they came after a place (message_id, position)."""
    message_id, position = after
    return tx.rows(
        sql.find_returns,
        list_no=list_no,
        state=state,
        owner_code=owner_code,
        message_id=message_id,
        position=position,
        most=most,
    )


def decide_return(
    tx: Transaction, its: Mapping[str, Any], state: str, arrived_on: date, at: datetime
) -> None:
    """Write down what became of a return."""
    place = {name: its[name] for name in ("order_no", "message_id", "position")}
    tx.run(sql.decide_return, **place, state=state, arrived_on=arrived_on, at=at)


def cancel(tx: Transaction, listed: Mapping[str, Any], at: datetime) -> None:
    """Take a list back."""
    tx.run(sql.cancel_list, order_no=listed["order_no"], marketplace_code=listed["marketplace_code"], at=at)


def void_bill(tx: Transaction, listed: Mapping[str, Any]) -> Sequence[Row]:
    """Declare the tax bills of a list void: tax_no, bill_payment_no and bill_guarantor_code of each."""
    rows = tx.rows(sql.void_bill, order_no=listed["order_no"], list_no=listed["list_no"])
    return [row | {"bill_guarantor_code": listed["guarantor_code"]} for row in rows]


def journal(
    tx: Transaction,
    listed: Mapping[str, Any],
    message_id: int,
    state: str,
    tax: int,
    edition: str,
    at: datetime,
) -> None:
    """Enter what happened in the list's journal."""
    batch = exchange.next_numbers(tx, {"batch": 1})["batch"]
    tx.run(
        sql.add_decision,
        order_no=listed["order_no"],
        marketplace_code=listed["marketplace_code"],
        at=at,
        message_id=message_id,
        state=state,
        edition=edition,
        tax=tax,
        batch=batch,
    )


def uses(tx: Transaction, listed: Mapping[str, Any]) -> Sequence[Row]:
    """What a list has taken of its buyer's allowances and not given back."""
    return tx.rows(sql.uses, order_no=listed["order_no"], marketplace_code=listed["marketplace_code"])


def give_back(tx: Transaction, listed: Mapping[str, Any], use: Mapping[str, Any], amount: int) -> None:
    """Give back some of what a list took."""
    key = {"order_no": listed["order_no"], "marketplace_code": listed["marketplace_code"]}
    tx.run(sql.give_back_use, **key, allowance=use["allowance"], amount=amount)
    tx.run(
        sql.give_back, person_id=use["person_id"], year=use["year"], allowance=use["allowance"], amount=amount
    )
