"""The number the e-port gives a paper before customs has seen it (预录入编号, preNo): kind, day, sequence; ceb.md §2."""

from __future__ import annotations

import re
from datetime import date

from stdnum.exceptions import InvalidComponent, InvalidFormat, InvalidLength, ValidationError

_FORM = re.compile(r"[BTRoO][0-9]{17}")
"""B declaration list, T return, R inbound, o tally (a capital O is seen in real receipts)."""


def compact(number: str) -> str:
    """Without blanks; the small o of a tally stays small."""
    return number.replace(" ", "")


def validate(number: str) -> str:
    """The compact number; refuses other than a letter of B, T, R, o, O, a day and nine digits."""
    number = compact(number)
    if len(number) != 18:
        raise InvalidLength()
    if not _FORM.fullmatch(number):
        raise InvalidFormat()
    try:
        date(int(number[1:5]), int(number[5:7]), int(number[7:9]))
    except ValueError:
        raise InvalidComponent() from None
    return number


def is_valid(number: str) -> bool:
    """Has this the form of a pre-entry number."""
    try:
        validate(number)
    except ValidationError:
        return False
    return True


def format(number: str) -> str:
    """As it is written: without separators."""
    return compact(number)
