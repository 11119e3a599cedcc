"""The unified social credit code of an organisation (统一社会信用代码, GB 32100-2015); python-stdnum keeps the rule."""

from __future__ import annotations

from stdnum.cn import uscc


def compact(number: str) -> str:
    """Without blanks and hyphens, in capitals."""
    return str(uscc.compact(number)).upper()


def validate(number: str) -> str:
    """The compact number; refuses wrong length, form, place or check character."""
    return str(uscc.validate(compact(number)))


def is_valid(number: str) -> bool:
    """Is this a unified social credit code."""
    return bool(uscc.is_valid(compact(number)))


def format(number: str) -> str:
    """As it is written: without separators."""
    return compact(number)
