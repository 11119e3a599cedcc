"""Whether a list may be cancelled or a return taken, and what comes back with it (GACC 2020-45; ceb.md §4 row 22; pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tripoint.kernel.money import FEN
from tripoint.regimes.model import Regime
from tripoint.tariff.returns import last_day_to_apply, last_day_to_arrive

Row = Mapping[str, Any]

CANCELLABLE = frozenset({"held", "released"})
"""A list in one of these has a number and can be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding about a cancellation or return: its code and what it is about."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a return brings back of one line: quantity, dutiable value and tax (e5)."""

    line_no: int
    quantity: int
    value: int
    tax: int


def parties(listed: Row) -> frozenset[str]:
    """Who may take a list back or its goods: who declared it, and the firms it was declared for."""
    return frozenset(listed[name] for name in ("declarant_code", "merchant_code", "marketplace_code"))


def judge_cancellation(listed: Row | None, cancellation: Row, returns: Sequence[Row]) -> list[Told]:
    """Why a list cannot be cancelled; empty where it can."""
    if listed is None or cancellation["declarant_code"] not in parties(listed):
        return [Told(code="CANCEL-01", detail=cancellation["list_no"])]
    if listed["state"] not in CANCELLABLE or any(row["state"] != "refused" for row in returns):
        return [Told(code="CANCEL-02", detail=f"{cancellation['list_no']}:{listed['state']}")]
    return []


def judge_return(
    listed: Row | None,
    lines: Sequence[Row],
    request: Row,
    wanted: Sequence[Row],
    applied_on: date,
    released_on: date | None,
    regime: Regime | None,
) -> list[Told]:
    """Everything that speaks against a return request; empty where it may come back."""
    stands = (
        listed is not None and listed["state"] == "released" and request["declarant_code"] in parties(listed)
    )
    if listed is None or not stands or released_on is None or regime is None:
        return [Told(code="RETURN-01", detail=request["list_no"])]
    told = []
    known = {row["line_no"]: row for row in lines}
    for row in wanted:
        line = known.get(row["line_no"])
        if line is None or line["hs_code"] != row["hs_code"]:
            told.append(Told(code="RETURN-02", detail=f"第{row['line_no']}项 {row['hs_code']}"))
        elif row["quantity"] <= 0 or row["quantity"] + line["returned"] > line["quantity"]:
            told.append(Told(code="RETURN-03", detail=f"第{row['line_no']}项"))
    if applied_on > last_day_to_apply(released_on, regime):
        told.append(Told(code="RETURN-04", detail=f"{released_on} → {applied_on}"))
    same = (listed["marketplace_code"], listed["merchant_code"])
    if (request["marketplace_code"], request["merchant_code"]) != same:
        told.append(
            Told(code="RETURN-06", detail=f"{request['marketplace_code']} {request['merchant_code']}")
        )
    return told


def arrives_in_time(released_on: date, arrived_on: date, regime: Regime) -> bool:
    """Whether goods that came back on a day still count."""
    return released_on <= arrived_on <= last_day_to_arrive(released_on, regime)


def parts(lines: Sequence[Row], wanted: Sequence[Row]) -> list[Part]:
    """What each returned line brings back; shares of one line add up to the line exactly, however it is split."""
    known = {row["line_no"]: row for row in lines}
    found = []
    for row in wanted:
        line = known[row["line_no"]]
        before, after = line["returned"], line["returned"] + row["quantity"]
        found.append(
            Part(
                line_no=row["line_no"],
                quantity=row["quantity"],
                value=_share(line["value"], after, line["quantity"])
                - _share(line["value"], before, line["quantity"]),
                tax=_share(line["tax"], after, line["quantity"], FEN)
                - _share(line["tax"], before, line["quantity"], FEN),
            )
        )
    return found


def is_everything(lines: Sequence[Row], wanted: Sequence[Row]) -> bool:
    """Whether nothing of the list remains once this is back."""
    coming = {row["line_no"]: row["quantity"] for row in wanted}
    return all(row["returned"] + coming.get(row["line_no"], 0) == row["quantity"] for row in lines)


def _share(whole: int, part: int, of: int, step: int = 1) -> int:
    """The share `part/of` of a whole, half up to the step."""
    return (2 * whole * part + of * step) // (2 * of * step) * step
