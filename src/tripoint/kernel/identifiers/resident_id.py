"""The number of a Chinese resident (公民身份号码, GB 11643-1999): place, day of birth, sequence, check digit."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

import polars as pl
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, InvalidLength, ValidationError

PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
        "91",
    ]
)
"""First two digits; 81-83 are Hong Kong, Macao and Taiwan residents, 91 foreigners, whom our test persons are."""

_FORM = re.compile(r"[0-9]{17}[0-9X]")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def compact(number: str) -> str:
    """Without blanks and hyphens, a small x made large."""
    return number.replace(" ", "").replace("-", "").upper()


def check_digit(first: str) -> str:
    """The eighteenth character, by ISO 7064 MOD 11-2, for the first seventeen digits."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True)) % 11]


def birth_date(number: str) -> date:
    """The day of birth; raises InvalidComponent where it is no day of the years 1900 to 2099."""
    day = compact(number)[6:14]
    if not _YEAR.match(day):
        raise InvalidComponent()
    try:
        return date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        raise InvalidComponent() from None


def validate(number: str) -> str:
    """The compact number; refuses wrong length, form, place, day or check digit."""
    number = compact(number)
    if len(number) != 18:
        raise InvalidLength()
    if not _FORM.fullmatch(number):
        raise InvalidFormat()
    if number[:2] not in PROVINCES:
        raise InvalidComponent()
    birth_date(number)
    if check_digit(number[:17]) != number[17]:
        raise InvalidChecksum()
    return number


def is_valid(number: str) -> bool:
    """Is this the number of a resident."""
    try:
        validate(number)
    except ValidationError:
        return False
    return True


def format(number: str) -> str:
    """As it is written: without separators."""
    return compact(number)


def compact_expr(numbers: pl.Expr) -> pl.Expr:
    """Per row, as `compact`: one person is one number, however it is written."""
    return numbers.str.replace_all(r"[ \-]", "").str.to_uppercase()


def is_valid_expr(numbers: pl.Expr) -> pl.Expr:
    """Boolean per row, as `is_valid`; false for null."""
    return numbers.map_batches(_are_valid, return_dtype=pl.Boolean())


def _are_valid(numbers: pl.Series) -> pl.Series:
    """As `is_valid`, for a set: each number is made compact and taken apart once."""
    compacted, parts, valid = _steps()
    return pl.DataFrame({"n": numbers}).select_seq(compacted).select_seq(parts).select_seq(valid).to_series()


@cache
def _steps() -> tuple[pl.Expr, list[pl.Expr], pl.Expr]:
    """Compact numbers, their digits, and whether they are valid; making these expressions costs more than running them."""
    well_formed = pl.col("n").str.contains(r"^[0-9]{6}(?:19|20)[0-9]{9}[0-9X]$")
    digits = pl.when(well_formed).then(pl.col("n").str.head(17).cast(pl.Int64, strict=False)).alias("digits")
    # Three digits at a time are looked up: that is a third of the steps of taking each by itself.
    total = pl.sum_horizontal(
        pl.lit(_weighed(first)).gather(pl.col("digits") // 10 ** (14 - first) % 1000)
        for first in range(-1, 17, 3)
    )
    check = pl.col("n").str.tail(1).replace("X", "10").cast(pl.Int64, strict=False)
    place = (pl.col("digits") // 10**15).is_in([int(code) for code in sorted(PROVINCES)])
    born = pl.col("n").str.slice(6, 8).str.to_date("%Y%m%d", strict=False).is_not_null()
    valid = place & born & ((total + check) % 11 == 1)
    return compact_expr(pl.col("n")).alias("n"), [pl.col("n"), digits], valid.fill_null(value=False)


def _weighed(first: int) -> pl.Series:
    """What three digits from a place on (that before the first digit weighs nothing) add to the sum, for 000 to 999."""
    weights = [_WEIGHTS[at] if at >= 0 else 0 for at in range(first, first + 3)]
    return pl.Series(
        [n // 100 * weights[0] + n // 10 % 10 * weights[1] + n % 10 * weights[2] for n in range(1000)],
        dtype=pl.Int64(),
    )
