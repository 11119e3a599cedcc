"""The number of a postal item (UPU S10): service, eight digits, check digit, country of the post."""

from __future__ import annotations

import re

from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength, ValidationError

_FORM = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def compact(number: str) -> str:
    """Without blanks and hyphens, in capitals."""
    return number.replace(" ", "").replace("-", "").upper()


def check_digit(serial: str) -> str:
    """The ninth digit for the first eight."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, _WEIGHTS, strict=True)) % 11
    return str({10: 0, 11: 5}.get(rest, rest))


def validate(number: str) -> str:
    """The compact number; refuses wrong length, form or check digit."""
    number = compact(number)
    if len(number) != 13:
        raise InvalidLength()
    if not _FORM.fullmatch(number):
        raise InvalidFormat()
    if check_digit(number[2:10]) != number[10]:
        raise InvalidChecksum()
    return number


def is_valid(number: str) -> bool:
    """Is this the number of a postal item."""
    try:
        validate(number)
    except ValidationError:
        return False
    return True


def format(number: str) -> str:
    """As UPU writes it: RR 123 456 785 CN."""
    return " ".join(re.findall("^..|...|..$", compact(number)))
