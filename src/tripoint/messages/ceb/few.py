"""What `converting.typed` says of a few rows, without the fixed cost of expressions over sixty columns.

Only what every reader takes alike is converted here; a column with any other value is converted by `converting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl

from tripoint.documents.columns import Kind
from tripoint.messages.ceb.converting import SPACE, converted, largest
from tripoint.messages.ceb.fields import Field

ROWS_MOST = 64
"""Above so many rows whole columns are quicker."""

_WHOLE_DIGITS = 13
_PLACES = 5
_EIGHT_HOURS = timedelta(hours=8)
_FIRST_PLAIN_YEAR = 1992  # since then China's clocks have stood eight hours before UTC without exception
_LAST_YEAR = 2999


class _NotPlain(Exception):
    """A value that is for `converting` to judge."""


def typed_few(
    fields: Sequence[Field], columns: Sequence[Sequence[str | None]]
) -> tuple[dict[str, pl.Series], dict[str, list[int]]]:
    """Typed values by element, and the rows of which anything is to be said, where there are any."""
    values, odd = {}, {}
    for field, raws in zip(fields, columns, strict=True):
        texts = [raw if raw is None else raw.strip(SPACE) for raw in raws]
        series = _values(field, texts)
        values[field.element] = series
        untyped = (
            [value is None for value in series.to_list()] if series.null_count() else [False] * len(raws)
        )
        rows = [
            at
            for at, (raw, text) in enumerate(zip(raws, texts, strict=True))
            if _is_odd(field, raw, text, untyped[at])
        ]
        if rows:
            odd[field.element] = rows
    return values, odd


def _is_odd(field: Field, raw: str | None, text: str | None, is_untyped: bool) -> bool:
    if raw is None or text is None:
        return field.is_mandatory
    least, most = field.characters
    if field.kind is Kind.TEXT:
        return (
            (most is not None and len(raw) > most)
            or len(text) < least
            or (field.fixed is not None and text != field.fixed)
        )
    return is_untyped or (most is not None and len(raw) != most)


def _values(field: Field, texts: Sequence[str | None]) -> pl.Series:
    take = _TAKES.get(field.kind)
    if take is None:
        return pl.Series(field.element, [text or None for text in texts], dtype=pl.String)
    try:
        taken = [None if text is None else take(field, text) for text in texts]
    except _NotPlain:
        return converted(field, texts)
    return pl.Series(field.element, taken, dtype=field.kind.frame_type)


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise _NotPlain
    return text


def _amount(_: Field, text: str) -> int:
    whole, point, places = text.partition(".")
    if len(_digits(whole)) > _WHOLE_DIGITS or (point and not 1 <= len(_digits(places)) <= _PLACES):
        raise _NotPlain
    return int(whole + places.ljust(_PLACES, "0"))


def _count(field: Field, text: str) -> int:
    number = int(_digits(text)) if len(text) < 10 else -1
    if not 0 <= number <= largest(field):
        raise _NotPlain
    return number


def _day(_: Field, text: str) -> date:
    if len(_digits(text)) != 8 or not 1900 <= int(text[:4]) <= _LAST_YEAR:
        raise _NotPlain
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise _NotPlain from None


def _time(field: Field, text: str) -> datetime:
    if len(_digits(text)) != field.characters[1] or not _FIRST_PLAIN_YEAR <= int(text[:4]) <= _LAST_YEAR:
        raise _NotPlain
    try:
        moment = datetime(
            int(text[:4]),
            int(text[4:6]),
            int(text[6:8]),
            int(text[8:10]),
            int(text[10:12]),
            int(text[12:14]),
            int(text[14:] or "0") * 1000,
            UTC,
        )
    except ValueError:
        raise _NotPlain from None
    return moment - _EIGHT_HOURS


_TAKES = {Kind.AMOUNT: _amount, Kind.COUNT: _count, Kind.DAY: _day, Kind.TIME: _time}
