"""What may come in: goods on the list of goods allowed, with a rate of their day and the tariff's units."""

from __future__ import annotations

import polars as pl

from tripoint.pipeline.check import Check, check
from tripoint.regimes.load import load_regimes

_KNOWN = pl.col("rate.known")


@check("GOODS-01", field="line.hs_code")
def goods_have_no_rate() -> pl.Expr:
    """Goods are taxed by the rate of their day, never by assumption."""
    return ~_KNOWN & pl.col("line.hs_code").str.contains(r"^[0-9]{10}$")


@check("GOODS-02", field="line.hs_code")
def goods_are_not_allowed() -> pl.Expr:
    """Goods of retail import stand on the list of goods allowed, for the mode they come in by."""
    mode = pl.col("list.supervision_mode")
    allowed = pl.col("rate.listed") & pl.col("rate.modes").str.contains(mode, literal=True).fill_null(
        value=False
    )
    return _KNOWN & ~allowed & mode.is_in(list(load_regimes().by_mode))


@check("GOODS-03", field="line.unit_1", compares="rate.unit_1")
def statutory_unit_differs() -> pl.Expr:
    """The first statutory unit is the tariff's."""
    return pl.col("line.unit_1") != pl.col("rate.unit_1")


@check("GOODS-03", field="line.unit_2", compares="rate.unit_2")
def second_unit_differs() -> pl.Expr:
    """The second statutory unit is the tariff's; it is absent where the tariff has none."""
    return _KNOWN & (pl.col("line.unit_2").fill_null("") != pl.col("rate.unit_2").fill_null(""))


CHECKS: tuple[Check, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Check))
"""Every check on the goods."""
