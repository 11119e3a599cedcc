"""How a set of columns crosses the wire to PostgreSQL and back, exactly: COPY's text format, written by the ferry or by Polars.

Text COPY beat both CSV and ADBC when measured (docs/internals/database.md), and it runs in the caller's transaction. The
ferry is compiled; what it does not know, and everything where it is not built, Polars writes and reads as well.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from tripoint.database import ferry

if TYPE_CHECKING:
    import polars as pl

NULL = r"\N"
_SPECIAL = r"[\\\t\n\r]"
_TIME = "%Y-%m-%d %H:%M:%S%.6f+00"
_ESCAPES = {"\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\v": "\v"}


def column_types(schema: Mapping[str, pl.DataType]) -> dict[str, str]:
    """The PostgreSQL type of each column; raises TypeError for one that has none (a time without zone, a list)."""
    types = {}
    for name, dtype in schema.items():
        found = _column_type(dtype)
        if found is None:
            raise TypeError(f"column {name!r}: {dtype} has no column type here (times need their zone)")
        types[name] = found
    return types


@cache
def _column_type(dtype: pl.DataType) -> str | None:
    import polars as pl

    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return "timestamptz"
    if isinstance(dtype, pl.Decimal):
        return f"numeric({dtype.precision or 38},{dtype.scale})"
    return {
        pl.Int64: "bigint", pl.Int32: "integer", pl.Int16: "smallint", pl.Int8: "smallint",
        pl.UInt32: "bigint", pl.UInt16: "integer", pl.UInt8: "smallint", pl.UInt64: "numeric", pl.Int128: "numeric",
        pl.String: "text", pl.Categorical: "text", pl.Enum: "text", pl.Boolean: "boolean", pl.Date: "date",
        pl.Binary: "bytea", pl.Float64: "double precision", pl.Float32: "real", pl.Null: "text",
    }.get(type(dtype))  # fmt: skip


def to_copy(frame: pl.DataFrame) -> memoryview:
    """The bytes that `COPY … FROM STDIN` takes for these rows, of columns that have a type: null is \\N, empty text is empty."""
    if ferry.IS_BUILT:
        from tripoint.database.ferry.ferry import load

        if (loaded := load(frame.__arrow_c_stream__())) is not None:
            return memoryview(loaded)
    return write_plainly(frame)


def write_plainly(frame: pl.DataFrame) -> memoryview:
    """The same by Polars."""
    text = [name for name, dtype in frame.schema.items() if _is_text(dtype)]
    written = [expr for name, dtype in frame.schema.items() if (expr := _written(name, dtype)) is not None]
    if written:
        frame = frame.with_columns_seq(written)
    if special := _holding(frame, text, _SPECIAL):
        frame = frame.with_columns_seq(_escape(name) for name in special)
    buffer = io.BytesIO()
    frame.write_csv(
        buffer,
        include_header=False,
        separator="\t",
        quote_style="never",
        null_value=NULL,
        datetime_format=_TIME,
    )
    return buffer.getbuffer()


@cache
def _written(name: str, dtype: pl.DataType) -> pl.Expr | None:
    """A column as it is written; None where it is written as it stands."""
    import polars as pl

    column = pl.col(name)
    if isinstance(dtype, (pl.Categorical, pl.Enum, pl.Null)):
        return column.cast(pl.String)
    if isinstance(dtype, pl.Binary):
        return (pl.lit(r"\\x") + column.bin.encode("hex")).alias(name)
    if isinstance(dtype, pl.Datetime) and (dtype.time_zone, dtype.time_unit) != ("UTC", "us"):
        return column.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    return None


def from_copy(data: bytes, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The rows that `COPY … TO STDOUT (HEADER)` gave, with exactly the schema's columns, order and types."""
    import polars as pl

    head = data.index(b"\n")
    names = data[:head].decode().split("\t")
    if sorted(names) != sorted(schema):
        raise TypeError(f"the statement gives the columns {names}, the schema names {list(schema)}")
    kinds = [kind for name in names if (kind := ferried(schema[name])) is not None]
    if ferry.IS_BUILT and len(kinds) == len(names):
        from tripoint.database.ferry.ferry import unload

        batch = unload(data, head + 1, [name.encode() for name in names], kinds)
        if batch is not None:
            frame = pl.Series(batch).struct.unnest()
            return frame if names == list(schema) else frame[list(schema)]
    return read_plainly(data, names, schema)


_KINDS = {"String": 0, "Int64": 1, "Int32": 2, "Date": 4, "Int16": 6, "Boolean": 7, "Binary": 8}


@cache
def ferried(dtype: pl.DataType) -> int | None:
    """What the ferry calls a type (`kernel/arrow/columns.pxi`); None for one that it does not read."""
    import polars as pl

    return 3 if dtype == pl.Datetime("us", "UTC") else _KINDS.get(str(dtype))


def read_plainly(data: bytes, names: Sequence[str], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The same by Polars; the names are those of the header."""
    import polars as pl

    if data.count(b"\n") == 1:
        return pl.DataFrame(schema=dict(schema))
    native = (pl.Int64, pl.Int32, pl.Int16, pl.Int8, pl.UInt32, pl.UInt16, pl.UInt8, pl.UInt64)
    read = {name: schema[name] if schema[name] in native else pl.String() for name in names}
    frame = pl.read_csv(
        data, has_header=True, separator="\t", quote_char=None, null_values=[NULL], schema=read,
        empty_string_is_null=False,
    )  # fmt: skip
    if data.count(b"\\") != sum(series.null_count() for series in frame):  # more than the nulls
        text = [name for name, dtype in schema.items() if _is_text(dtype)]
        if special := _holding(frame, text, r"\\"):
            frame = frame.with_columns_seq(_unescape(name) for name in special)
    if all(frame.schema[name] == dtype for name, dtype in schema.items()):
        return frame if names == list(schema) else frame[list(schema)]
    return frame.select_seq(_convert(name, dtype) for name, dtype in schema.items())


def _holding(frame: pl.DataFrame, names: Sequence[str], pattern: str) -> list[str]:
    """Those of the text columns in which the pattern occurs at all: most hold nothing to escape."""
    import polars as pl

    if not names or frame.is_empty():
        return []
    found = frame.select_seq(pl.col(names).str.contains(pattern).any()).row(0)
    return [name for name, holds in zip(names, found, strict=True) if holds]


@cache
def _escape(name: str) -> pl.Expr:
    import polars as pl

    text = pl.col(name)
    for plain, escaped in (("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r")):
        text = text.str.replace_all(plain, escaped, literal=True)
    return text


@cache
def _unescape(name: str) -> pl.Expr:
    """Undo COPY's escapes; a doubled backslash waits as NUL, which no PostgreSQL text can hold."""
    import polars as pl

    text = pl.col(name).str.replace_all("\\\\", "\0", literal=True)
    for escaped, plain in _ESCAPES.items():
        text = text.str.replace_all(escaped, plain, literal=True)
    return text.str.replace_all("\0", "\\", literal=True)


def _is_text(dtype: pl.DataType) -> bool:
    import polars as pl

    return isinstance(dtype, (pl.String, pl.Enum, pl.Categorical))


@cache
def _convert(name: str, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    column = pl.col(name)
    if isinstance(dtype, pl.Boolean):
        return column == "t"
    if isinstance(dtype, pl.Date):
        return column.str.to_date("%Y-%m-%d")
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        utc = column.str.to_datetime("%Y-%m-%d %H:%M:%S%.f+00", time_unit="us", time_zone="UTC")
        return utc.dt.convert_time_zone(dtype.time_zone).dt.cast_time_unit(dtype.time_unit)
    if isinstance(dtype, pl.Binary):
        return column.str.strip_prefix(r"\\x").str.decode("hex")
    return column.cast(dtype)
