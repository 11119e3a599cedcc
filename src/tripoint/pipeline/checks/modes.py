"""What each supervision mode demands: 9610 names its transport, 1210 and 1239 name their book and warehouse (ceb.md §4)."""

from __future__ import annotations

import polars as pl

from tripoint.pipeline.check import Check, check
from tripoint.regimes.load import load_regimes
from tripoint.regimes.model import Regime

CHINA = "142"


def _modes(demand: str) -> list[str]:
    """The modes whose law demands the column."""

    def holds(regime: Regime) -> bool:
        fields = regime.fields
        return demand in (
            *fields.required,
            *fields.line_required,
            *fields.equal,
            *(f"not {n}" for n in fields.differs),
        )

    return [mode for mode, regime in load_regimes().by_mode.items() if holds(regime)]


def _in_modes(demand: str) -> pl.Expr:
    return pl.col("list.supervision_mode").is_in(_modes(demand))


def _demanded(column: str) -> pl.Expr:
    return _in_modes(column) & pl.col(f"list.{column}").is_null() & pl.col("list.present")


@check("MODE-01", field="list.supervision_mode")
def mode_is_not_handled() -> pl.Expr:
    """The mode is one of retail import, and its law has begun by the day of the list."""
    handled = [
        (pl.col("list.supervision_mode") == mode) & (pl.col("list.declared_on") >= regime.since)
        for mode, regime in load_regimes().by_mode.items()
    ]
    return ~pl.any_horizontal(handled)


@check("MODE-02", field="list.book_no")
def book_is_missing() -> pl.Expr:
    """Bonded import names the book its goods are kept in."""
    return _demanded("book_no")


@check("MODE-03", field="list.warehouse_code")
def warehouse_is_missing() -> pl.Expr:
    """Bonded import names the warehouse operator, code and name."""
    return _demanded("warehouse_code") | _demanded("warehouse_name")


@check("MODE-04", field="line.item_record_no")
def item_record_is_missing() -> pl.Expr:
    """Bonded import names the record of each item in the book."""
    return _in_modes("item_record_no") & pl.col("line.item_record_no").is_null() & pl.col("line.present")


@check("MODE-05", field="list.country")
def bonded_goods_come_from_abroad() -> pl.Expr:
    """Bonded goods are sent from inside China."""
    return _in_modes("country") & (pl.col("list.country") != CHINA)


@check("MODE-06", field="list.transport_no")
def transport_is_missing() -> pl.Expr:
    """Direct import names means of transport, voyage and bill."""
    return _demanded("transport_no") | _demanded("voyage_no") | _demanded("bill_no")


@check("MODE-07", field="list.country")
def direct_goods_come_from_china() -> pl.Expr:
    """Goods bought directly are sent from abroad."""
    return _in_modes("not country") & (pl.col("list.country") == CHINA)


CHECKS: tuple[Check, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Check))
"""Every check on what the mode demands."""
