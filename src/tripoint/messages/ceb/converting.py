"""From the texts of one node to typed columns, and which texts cannot be taken: whole columns at a time.

The rule of each value is its type in the field tables. What is right is decided by expressions over columns;
only for values that are not is the reason sought, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import polars as pl

from tripoint.documents.columns import Kind
from tripoint.kernel.money import LARGEST_E5
from tripoint.messages.ceb.fields import Field

SPACE = " \t\r\n"
"""White space of XML: what is taken off around a value."""

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_FIVE_PLACES = r"^[+-]?(?:[0-9]+(?:\.[0-9]{0,5}0*)?|\.[0-9]{1,5}0*)$"
_PLACES = 5
_INT32_MAX = 2**31 - 1
_SHOWN_CHARACTERS = 200


def typed(
    fields: Sequence[Field], columns: Sequence[Sequence[str | None]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Typed values and, of the same height, whether anything is to be said; both by element, None is absent.

    The second frame has only the columns in which something is odd.
    """
    raw = pl.DataFrame(
        [pl.Series(f.element, c, dtype=pl.String) for f, c in zip(fields, columns, strict=True)]
    )
    texts = raw.select_seq(pl.all().str.strip_chars(SPACE))
    values = texts.select_seq([_value(f) for f in fields])
    suspects = _suspects(fields, raw, texts, values)
    if not suspects or not raw.height:
        return values, pl.DataFrame()
    all_three = pl.concat(
        [raw.rename(lambda n: f"{n}:raw"), texts, values.rename(lambda n: f"{n}:value")], how="horizontal"
    )
    odd = all_three.select_seq([_is_odd(f) for f in suspects])
    some = odd.select_seq(pl.all().any()).row(0, named=True)
    return values, odd.select_seq(name for name, any_ in some.items() if any_)


def _suspects(
    fields: Sequence[Field], raw: pl.DataFrame, texts: pl.DataFrame, values: pl.DataFrame
) -> list[Field]:
    """The fields in which something may be odd, from what costs little: sizes in bytes and numbers of nulls."""
    longest = raw.select_seq(pl.all().str.len_bytes().max()).row(0)
    shortest = texts.select_seq(pl.all().str.len_bytes().min()).row(0)
    absent = raw.null_count().row(0)
    untyped = values.null_count().row(0)
    found = []
    for at, field in enumerate(fields):
        least, most = field.characters
        is_text = field.kind is Kind.TEXT
        clear = (
            (not field.is_mandatory or not absent[at])
            and (most is None or (longest[at] or 0) <= most)
            and (shortest[at] is None or shortest[at] >= least)
            # A character may take several bytes: too few of them hide only where several are wanted.
            and (not is_text or least <= 1 or shortest[at] is None)
            and (is_text or untyped[at] == absent[at])
            and (field.fixed is None or (texts[field.element] == field.fixed).all())
        )
        if not clear:
            found.append(field)
    return found


@lru_cache(maxsize=1024)
def _value(field: Field) -> pl.Expr:
    """The typed value of a field, under its element's name; made once, as making takes longer than reading a few rows."""
    return _typed(field).alias(field.element)


def _typed(field: Field) -> pl.Expr:
    text = pl.col(field.element)
    match field.kind:
        case Kind.AMOUNT:
            return _amount(text)
        case Kind.COUNT:
            return _count(text, field)
        case Kind.TIME:
            return _time(text, field)
        case Kind.DAY:
            digits = _digits(text, 8) | _digits(text, 14)
            return pl.when(digits).then(text.str.slice(0, 8).str.to_date("%Y%m%d", strict=False))
        case _:
            return pl.when(text.str.len_bytes() > 0).then(text)


def _amount(text: pl.Expr) -> pl.Expr:
    """Whole counts of 0.00001; null for what is no plain decimal of five places below `LARGEST_E5`."""
    units = text.cast(pl.Decimal(38, _PLACES), strict=False).to_physical()
    fits = units.is_between(-LARGEST_E5, LARGEST_E5, closed="none")
    return pl.when(text.str.contains(_FIVE_PLACES) & fits).then(units.cast(pl.Int64, strict=False))


def _count(text: pl.Expr, field: Field) -> pl.Expr:
    most = largest(field)
    number = text.cast(pl.Int64, strict=False)
    return pl.when(number.is_between(-most, most)).then(number).cast(pl.Int32)


def largest(field: Field) -> int:
    """The largest count a field may say."""
    digits = field.type.removeprefix("N")
    return 10 ** int(digits) - 1 if digits else _INT32_MAX


def _digits(text: pl.Expr, length: int) -> pl.Expr:
    """Whether a text is so many digits that begin with a year from 1900 to 2999."""
    number = text.cast(pl.Int64, strict=False)
    year = 10 ** (length - 4)
    return (text.str.len_bytes() == length) & number.is_between(1900 * year, 3000 * year, closed="left")


def _time(text: pl.Expr, field: Field) -> pl.Expr:
    if field.type == "T14":
        moment = text.str.to_datetime("%Y%m%d%H%M%S", time_unit="us", strict=False)
        naive = pl.when(_digits(text, 14)).then(moment)
    else:
        digits = _digits(text, 17) | _digits(text, 16) | _digits(text, 15) | _digits(text, 14)
        moment = text.str.pad_end(17, "0").str.to_datetime("%Y%m%d%H%M%S%3f", time_unit="us", strict=False)
        naive = pl.when(digits).then(moment)
    zoned = naive.dt.replace_time_zone("Asia/Shanghai", ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC")


@lru_cache(maxsize=1024)
def _is_odd(field: Field) -> pl.Expr:
    """True where something is to be said, refused or only noted; under its element's name."""
    return _odd(field).fill_null(False).alias(field.element)


def _odd(field: Field) -> pl.Expr:
    raw, text, value = (pl.col(field.element + suffix) for suffix in (":raw", "", ":value"))
    least, most = field.characters
    absent = raw.is_null()
    wrong = absent if field.is_mandatory else pl.lit(False)
    if field.kind is Kind.TEXT:
        if most is not None:
            wrong = wrong | (raw.str.len_chars() > most)
        if least:
            wrong = wrong | (text.str.len_chars() < least)
        if field.fixed is not None:
            wrong = wrong | (text != field.fixed)
        return wrong
    wrong = wrong | (value.is_null() & ~absent)
    if most is not None:
        wrong = wrong | (raw.str.len_chars() != most)
    return wrong


def why(field: Field, raw: str | None) -> Iterator[tuple[str, str]]:
    """The codes of what is odd about one raw value, each with the limit it is told with."""
    if raw is None:
        if field.is_mandatory:
            yield ("FIELD-21" if field.may_be_missing else "FIELD-01"), ""
        return
    text = raw.strip(SPACE)
    least, most = field.characters
    if not text:
        if field.is_mandatory and not field.may_be_empty:
            yield ("FIELD-21" if field.may_be_missing else "FIELD-02"), ""
        elif not field.may_be_empty:
            yield "FIELD-22", ""
        return
    if most is not None and len(raw) > most >= len(text):
        yield "FIELD-28", ""
    if field.kind is Kind.TEXT:
        yield from _why_text(field, len(text), least, most)
        if field.fixed is not None and text != field.fixed:
            yield "FIELD-14", field.fixed
    else:
        yield from _why_typed(field, text)


def _why_text(field: Field, length: int, least: int, most: int | None) -> Iterator[tuple[str, str]]:
    tolerated = field.tolerated_characters
    if tolerated is not None and length > tolerated:
        yield "FIELD-03", str(most)
    elif most is not None and length > most:
        yield "FIELD-27", str(most)
    if length < least:
        yield "FIELD-04", str(least)


def _why_typed(field: Field, text: str) -> Iterator[tuple[str, str]]:
    if is_taken(field, text):
        if field.characters[1] is not None and len(text) != field.characters[1]:
            yield "FIELD-26", str(field.characters[1])
        return
    match field.kind:
        case Kind.AMOUNT:
            yield ("FIELD-06" if _DECIMAL.fullmatch(text) else "FIELD-05"), ""
        case Kind.COUNT:
            yield "FIELD-07", ""
        case Kind.DAY:
            yield "FIELD-09", ""
        case _:
            yield "FIELD-08", "YYYYMMDDhhmmss" if field.type == "T14" else "YYYYMMDDhhmmssSSS"


def converted(field: Field, texts: Sequence[str | None]) -> pl.Series:
    """The values of one field, from texts without white space around them."""
    return pl.Series(field.element, texts, dtype=pl.String).to_frame().select_seq(_value(field)).to_series()


def is_taken(field: Field, text: str) -> bool:
    """Whether one value converts, judged by the same expressions as whole columns."""
    return converted(field, [text])[0] is not None


def shown(field: Field, raw: str | None) -> str | None:
    """A raw value as a finding may quote it: short, and of a person only the first character."""
    if raw is None:
        return None
    if field.is_personal:
        return raw[:1] + "*" * min(len(raw) - 1, 20)
    return raw[:_SHOWN_CHARACTERS]
