"""Whether a cosmetic is high-end (高档化妆品) and so bears consumption tax; 财税〔2016〕103号."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from tripoint.regimes.model import CosmeticsLaw
from tripoint.tariff.exact import amount_on, share_on
from tripoint.tariff.units import MASS, SHEETS, VOLUME

Measure = tuple[str | None, Fraction | None]


def reaches(price: Fraction, quantity: Fraction, per_sheet: bool, law: CosmeticsLaw, day: date) -> bool:
    """Is the dutiable price at or above the threshold: per sheet, or per millilitre or gram."""
    threshold = amount_on(law.per_sheet if per_sheet else law.per_ml_or_g, day)
    return price >= threshold * quantity


def high_end(price: Fraction, measures: Sequence[Measure], law: CosmeticsLaw, day: date) -> bool | None:
    """Judge a line by what it states: sheets if it counts sheets, else its first weight or volume; None if neither."""
    stated = [(unit, quantity) for unit, quantity in measures if unit is not None and quantity]
    for unit, quantity in stated:
        if unit in SHEETS:
            return reaches(price, quantity, True, law, day)
    for unit, quantity in stated:
        small = MASS.get(unit) or VOLUME.get(unit)
        if small is not None:
            return reaches(price, quantity * small, False, law, day)
    return None


def consumption_tax_rate(is_high_end: bool, law: CosmeticsLaw, day: date) -> Fraction:
    """The rate that follows: that of the law, or none."""
    return share_on(law.consumption_tax_rate, day) if is_high_end else Fraction(0)
