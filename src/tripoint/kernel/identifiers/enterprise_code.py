"""How customs knows an enterprise: ten characters of its customs registration, or its unified social credit code."""

from __future__ import annotations

import re

from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError

from tripoint.kernel.identifiers import uscc

_CUSTOMS = re.compile(r"[0-9]{4}[0-9A-Z]{6}")
"""District of registration (4), then kind of zone, kind of enterprise and sequence."""


def compact(number: str) -> str:
    """Without blanks, in capitals."""
    return number.replace(" ", "").upper()


def validate(number: str) -> str:
    """The compact code; refuses any other length and form. A ten-character code has no check digit."""
    number = compact(number)
    if len(number) == 18:
        return uscc.validate(number)
    if len(number) != 10:
        raise InvalidLength()
    if not _CUSTOMS.fullmatch(number):
        raise InvalidFormat()
    return number


def is_valid(number: str) -> bool:
    """Could this be an enterprise's code."""
    try:
        validate(number)
    except ValidationError:
        return False
    return True


def format(number: str) -> str:
    """As it is written: without separators."""
    return compact(number)
