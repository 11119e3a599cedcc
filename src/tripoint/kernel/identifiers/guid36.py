"""The 36 characters that name one message or paper (系统唯一序号, guid); the schema asks the length only."""

from __future__ import annotations

import re

from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError

_FORM = re.compile(r"[!-~]{36}")


def compact(number: str) -> str:
    """Without blanks at the ends."""
    return number.strip()


def validate(number: str) -> str:
    """The compact text; refuses other than 36 printable ASCII characters without blanks."""
    number = compact(number)
    if len(number) != 36:
        raise InvalidLength()
    if not _FORM.fullmatch(number):
        raise InvalidFormat()
    return number


def is_valid(number: str) -> bool:
    """Has this the form of a guid."""
    try:
        validate(number)
    except ValidationError:
        return False
    return True


def format(number: str) -> str:
    """As the specification writes it: in capitals."""
    return compact(number).upper()
