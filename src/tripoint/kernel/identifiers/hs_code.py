"""The ten-digit goods code of China's tariff (商品编码): eight digits of the tariff line and two of customs."""

from __future__ import annotations

import re

from stdnum.exceptions import InvalidComponent, InvalidFormat, InvalidLength, ValidationError

_DIGITS = re.compile(r"[0-9]+")


def compact(number: str) -> str:
    """Without blanks and dots."""
    return number.replace(" ", "").replace(".", "")


def validate(number: str) -> str:
    """The compact code; refuses other than ten digits and chapters that do not exist (00, 77, 98, 99)."""
    number = compact(number)
    if not _DIGITS.fullmatch(number):
        raise InvalidFormat()
    if len(number) != 10:
        raise InvalidLength()
    if number[:2] in ("00", "77") or number[:2] > "97":
        raise InvalidComponent()
    return number


def is_valid(number: str) -> bool:
    """Has this the form of a goods code; whether it exists is for the tariff of the day."""
    try:
        validate(number)
    except ValidationError:
        return False
    return True


def format(number: str) -> str:
    """As the tariff writes it: 3304.9900.29."""
    return f"{compact(number)[:4]}.{compact(number)[4:8]}.{compact(number)[8:]}"
