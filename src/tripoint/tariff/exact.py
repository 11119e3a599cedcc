"""Exact fractions for tax: no step is rounded but the last, half-up to the fen (rules.md §1.2, Rounding)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tripoint.kernel.money import SCALE
from tripoint.kernel.refusals import Unknown
from tripoint.regimes.asof import value_on
from tripoint.regimes.model import Dated

PPM = 1_000_000
"""Parts per million: how the law's shares and rates are counted in columns."""


def fen(value: Fraction) -> Decimal:
    """Round half away from zero to two decimals."""
    hundredths = abs(value) * 100
    whole = (2 * hundredths.numerator + hundredths.denominator) // (2 * hundredths.denominator)
    return Decimal(f"{-whole if value < 0 else whole}e-2")  # read from text, so that no context rounds it


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts in fen, of any size: Decimal's own sum keeps 28 digits."""
    return fen(sum(map(Fraction, amounts), Fraction(0)))


def amount_on(dated: Dated, day: date) -> Fraction:
    """A dated amount in yuan as it stands on the day; raises Unknown before its first day."""
    return Fraction(_whole(dated, day), SCALE)


def share_on(dated: Dated, day: date) -> Fraction:
    """A dated share as a fraction of one as it stands on the day; raises Unknown before its first day."""
    return Fraction(_whole(dated, day), PPM)


def count_on(dated: Dated, day: date) -> int:
    """A dated count as it stands on the day; raises Unknown before its first day."""
    return _whole(dated, day)


def _whole(dated: Dated, day: date) -> int:
    value = value_on(dated, day)
    if value is None:
        raise Unknown(
            "LAW-NOT-YET",
            f"{dated.name.zh}在 {day} 尚无规定",
            f"no value of “{dated.name.en}” is known for {day}",
        )
    assert isinstance(value, int), f"{dated.name.en} is a choice, not a number"
    return value
