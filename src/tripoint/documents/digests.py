"""A digest of what a paper says, so that the same paper sent again is known for the same.

Kept with every paper in the database: what is written down here of a paper must never change.
"""

from __future__ import annotations

import hashlib
from functools import cache

import polars as pl

from tripoint.documents.columns import TABLES

_PLACE = ("message_id", "position")


def said_columns(table: str) -> list[str]:
    """The columns that count, in order: place and guid do not."""
    return [name for name in TABLES[table].columns if name not in (*_PLACE, "guid")]


def digests(
    table: str, papers: pl.DataFrame, lines_table: str | None, lines: pl.DataFrame | None
) -> pl.Series:
    """A digest of each paper of a table, the lines included that have its message and position, by line number."""
    if papers.is_empty():
        return pl.Series("digest", [], dtype=pl.Int64())
    text = papers.select_seq(*_PLACE, _text(table).alias("text"))
    if lines_table is not None:
        written = pl.concat_str(["text", pl.lit("")], separator="\x1d")
        if lines is not None and not lines.is_empty():
            text = text.join(_joined(lines_table, lines), on=_PLACE, how="left", maintain_order="left")
            written = pl.concat_str(["text", pl.col("line").fill_null("")], separator="\x1d")
        text = text.select_seq(written.alias("text"))
    return pl.Series("digest", [_digest(value) for value in text["text"]], dtype=pl.Int64())


def _joined(table: str, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of each paper as one text."""
    return (
        lines.select_seq(*_PLACE, "line_no", _text(table).alias("line"))
        .sort(*_PLACE, "line_no", "line")
        .group_by(*_PLACE, maintain_order=True)
        .agg(pl.col("line").str.join("\x1e"))
    )


@cache
def _text(table: str) -> pl.Expr:
    return pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("\x00") for name in said_columns(table)], separator="\x1f"
    )


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
