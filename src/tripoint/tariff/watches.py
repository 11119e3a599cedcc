"""Whether a watch is a luxury watch (高档手表) and so bears consumption tax; 财税〔2006〕33号."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from tripoint.regimes.model import WatchLaw
from tripoint.tariff.exact import amount_on
from tripoint.tariff.units import PIECES


def luxury(
    price: Fraction, measures: Sequence[tuple[str | None, Fraction | None]], law: WatchLaw, day: date
) -> bool | None:
    """Is the dutiable price of one watch at or above the threshold; None where the line counts no pieces."""
    for unit, quantity in measures:
        if unit in PIECES and quantity:
            return price >= amount_on(law.per_piece, day) * quantity
    return None
