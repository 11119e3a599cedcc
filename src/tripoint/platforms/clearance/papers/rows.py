"""The rows that taken papers leave behind: which version of each key counts, lines under their paper's key (pure)."""

from __future__ import annotations

from functools import cache

import polars as pl

from tripoint.pipeline.versions import WITHDRAWAL

_POSITIONS = 1 << 24
"""More than the papers of any message."""

VERSIONS = (
    "kind", "issuer_code", "number", "order_no", "marketplace_code", "app_type", "app_time", "digest", "state",
    "message_id", "position", "owner_code", "stored",
)  # fmt: skip
"""The columns of `paper_versions`."""


@cache
def place() -> pl.Expr:
    """Where a paper is, its message and its place there, as one number: one column compares faster than two."""
    return (pl.col("message_id") * _POSITIONS + pl.col("position")).alias("place")


def newest(taken: pl.DataFrame) -> pl.DataFrame:
    """The last of several papers of one key."""
    return taken.unique(subset=["kind", "issuer_code", "number"], keep="last", maintain_order=True)


def versions(taken: pl.DataFrame) -> pl.DataFrame:
    """The version that each paper is, one of each key; `stored` where the papers do not say otherwise."""
    stored = pl.col("stored") if "stored" in taken.columns else pl.lit(value=True).alias("stored")
    return taken.with_columns_seq(
        pl.col("order_no", "marketplace_code").fill_null(""), _STATE.alias("state"), stored
    ).select_seq(VERSIONS)


_STATE = (
    pl.when(pl.col("draft"))
    .then(pl.lit("draft"))
    .when(pl.col("app_type") == WITHDRAWAL)
    .then(pl.lit("withdrawn"))
    .otherwise(pl.lit("active"))
)


def with_key(lines: pl.DataFrame, papers: pl.DataFrame, column: str) -> pl.DataFrame:
    """The lines of papers, with the column their paper is distributed by."""
    keys = papers.select_seq(place(), column)
    return (
        lines.with_columns_seq(place())
        .join(keys, on="place", how="inner", maintain_order="left")
        .drop("place")
    )
