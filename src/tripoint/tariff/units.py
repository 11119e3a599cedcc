"""Which customs units measure the same thing, so that a rate per tonne can be asked of kilograms (JGS-20 units)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

MASS = {"036": 1, "035": 1_000, "070": 1_000_000}
"""Grams in gram, kilogram, tonne."""

VOLUME = {"096": 1, "095": 1_000, "063": 1_000_000}
"""Millilitres in millilitre, litre, kilolitre."""

SHEETS = ("020", "010")
"""片 and 张: the units of which a face mask is counted."""

PIECES = ("008", "007", "011")
"""只, 个 and 件: the units of which a watch is counted."""

FAMILIES = (MASS, VOLUME)


def factor(unit: str, wanted: str) -> Fraction | None:
    """How many of the wanted unit one unit is; None where they do not measure the same thing."""
    if unit == wanted:
        return Fraction(1)
    for family in FAMILIES:
        if unit in family and wanted in family:
            return Fraction(family[unit], family[wanted])
    return None


def quantity_in(wanted: str, measures: Iterable[tuple[str | None, Fraction | None]]) -> Fraction | None:
    """The quantity in a wanted unit from what the line states: the same unit first, then one that converts."""
    stated = [(unit, quantity) for unit, quantity in measures if unit is not None and quantity is not None]
    for unit, quantity in stated:
        if unit == wanted:
            return quantity
    for unit, quantity in stated:
        if (times := factor(unit, wanted)) is not None:
            return quantity * times
    return None
