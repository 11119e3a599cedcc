"""Which value of a number in law holds on a day: for one day, or for each row of a column of days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl

from tripoint.regimes.model import Dated, Regime, Regimes


def value_on(dated: Dated, day: date) -> int | str | None:
    """The value that holds on the day; None where none does."""
    for entry in dated.values:
        if entry.since <= day and (entry.until is None or day <= entry.until):
            return entry.value
    return None


def int_on(dated: Dated, day: date) -> int | None:
    """The whole number that holds on the day; None where none does."""
    value = value_on(dated, day)
    assert not isinstance(value, str), f"{dated.name.en} is a choice, not a number"
    return value


def expression(dated: Dated, day: pl.Expr) -> pl.Expr:
    """The value of each row's day: Int64 (e5, ppm or count), String for choices; null where none holds."""
    dtype = pl.String() if dated.kind == "choice" else pl.Int64()
    result = pl.lit(None, dtype=dtype)
    for entry in reversed(dated.values):  # oldest innermost, so that the newest is asked first
        holds = day >= pl.lit(entry.since)
        if entry.until is not None:
            holds = holds & (day <= pl.lit(entry.until))
        result = pl.when(holds).then(pl.lit(entry.value, dtype=dtype)).otherwise(result)
    return result


def by_mode(regimes: Regimes, pick: Callable[[Regime], Dated], mode: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The as-of value of each row's supervision mode and day; null for a mode without a regime.

    Modes whose law is the same share one branch, so that 1239 costs nothing beside 1210.
    """
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, regime in regimes.by_mode.items():
        groups.setdefault(tuple((v.since, v.until, v.value) for v in pick(regime).values), []).append(name)
    kind = pick(next(iter(regimes.by_mode.values()))).kind
    result = pl.lit(None, dtype=pl.String() if kind == "choice" else pl.Int64())
    for modes in groups.values():
        chosen = expression(pick(regimes.by_mode[modes[0]]), day)
        result = pl.when(mode.is_in(modes)).then(chosen).otherwise(result)
    return result
