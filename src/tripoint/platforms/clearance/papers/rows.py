"""The rows that taken papers leave behind: which version of each key counts, lines under their paper's key (pure)."""

from __future__ import annotations

import polars as pl

from tripoint.pipeline.versions import WITHDRAWAL


def versions(taken: pl.DataFrame) -> pl.DataFrame:
    """The version of each key that now counts; `stored` where the papers do not say otherwise."""
    if "stored" not in taken.columns:
        taken = taken.with_columns(pl.lit(value=True).alias("stored"))
    state = (
        pl.when(pl.col("draft"))
        .then(pl.lit("draft"))
        .when(pl.col("app_type") == WITHDRAWAL)
        .then(pl.lit("withdrawn"))
        .otherwise(pl.lit("active"))
    )
    return (
        taken.unique(subset=["kind", "issuer_code", "number"], keep="last", maintain_order=True)
        .with_columns(pl.col("order_no", "marketplace_code").fill_null(""), state.alias("state"))
        .select(
            "kind",
            "issuer_code",
            "number",
            "order_no",
            "marketplace_code",
            "app_type",
            "app_time",
            "digest",
            "state",
            "message_id",
            "position",
            "owner_code",
            "stored",
        )
    )


def with_key(lines: pl.DataFrame, papers: pl.DataFrame, column: str) -> pl.DataFrame:
    """The lines of papers, with the column their paper is distributed by."""
    return lines.join(
        papers.select("message_id", "position", column), on=["message_id", "position"], how="inner"
    )
