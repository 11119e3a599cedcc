"""What an amount is: exact decimals for records, whole counts of 0.00001 for columns (the wire's N19,5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SCALE = 100_000
"""How many column units make one yuan, one piece, one kilogram."""

FEN = 1_000
"""Column units in one fen, the step every tax amount is a multiple of."""

LARGEST_E5 = 10**18
"""Amounts from here on are refused when read: they would not leave room for sums in 64 bits."""

_EXPONENT_MOST = 1000
"""Places after the point that are looked at: noughts beyond the fifth say nothing."""

_DIGITS_E5 = 13
"""Digits before the point of the largest amounts."""

_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount with its currency (ISO 4217 letters)."""

    amount: Decimal
    currency: str = "CNY"

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read `"5000.00 CNY"`; raises ValueError for anything else."""
        amount, _, currency = text.strip().partition(" ")
        if not _DECIMAL.fullmatch(amount) or not re.fullmatch(r"[A-Z]{3}", currency):
            raise ValueError(f"not an amount with its currency: {text!r}")
        return cls(Decimal(amount), currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def parse_e5(text: str) -> int:
    """Read a plain decimal of at most five places into column units; raises ValueError when it is not one."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"not a plain decimal number: {text!r}")
    return to_e5(Decimal(text))


def to_e5(value: Decimal) -> int:
    """Column units of an exact decimal; raises ValueError when it has more than five places or is too large."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or (value and value.adjusted() >= _DIGITS_E5):
        raise ValueError(f"out of range: {value}")
    if exponent < -_EXPONENT_MOST:
        raise ValueError(f"more than five decimal places: {value}")
    numerator, denominator = value.as_integer_ratio()
    units, rest = divmod(numerator * SCALE, denominator)
    if rest:
        raise ValueError(f"more than five decimal places: {value}")
    if abs(units) >= LARGEST_E5:
        raise ValueError(f"out of range: {value}")
    return units


def summed(column: str) -> pl.Expr:
    """The sum of a column's amounts (Int64), no larger than the largest amount: it is not let run over."""
    import polars as pl

    return pl.col(column).cast(pl.Int128).sum().clip(-LARGEST_E5, LARGEST_E5).cast(pl.Int64).alias(column)


def format_e5(units: int, places: int = 2) -> str:
    """Write column units with at least `places` decimals and no more than needed: 500.00, 0.00125."""
    sign, whole = ("-", -units) if units < 0 else ("", units)
    fraction = f"{whole % SCALE:05d}"
    kept = max(places, len(fraction.rstrip("0")))
    return f"{sign}{whole // SCALE}.{fraction[:kept]}" if kept else f"{sign}{whole // SCALE}"
