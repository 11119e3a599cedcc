"""The number customs gives a declaration list (清单编号, invtNo): customs, year, direction, sequence; CEB621."""

from __future__ import annotations

import re

from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError

_FORM = re.compile(r"[0-9]{4}20[0-9]{2}[IE][0-9]{9}")


def compact(number: str) -> str:
    """Without blanks, in capitals."""
    return number.replace(" ", "").upper()


def validate(number: str) -> str:
    """The compact number; refuses other than customs (4), year (4), I or E, and nine digits."""
    number = compact(number)
    if len(number) != 18:
        raise InvalidLength()
    if not _FORM.fullmatch(number):
        raise InvalidFormat()
    return number


def is_valid(number: str) -> bool:
    """Has this the form of a list number."""
    try:
        validate(number)
    except ValidationError:
        return False
    return True


def format(number: str) -> str:
    """As it is written: without separators."""
    return compact(number)
