"""Whether a rush came out as it must: every list once, as the truth says, and every message acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tripoint.kernel.money import parse_e5

OF_PAPERS = ("FIELD-", "SIGN-")
"""Codes told about papers that were not taken; VERSION-* depend on the order of arrival and are not compared."""

_KEY = ["order_no", "marketplace_code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A list that came out otherwise: what must be and what is, as outcome, papers waited for, codes, tax."""

    order_no: str
    anomaly: str | None
    expected: str
    actual: str


def differences(
    truth: pl.DataFrame, fates: pl.DataFrame, releases: pl.DataFrame, faults: pl.DataFrame
) -> tuple[int, Sequence[Wrong]]:
    """How many lists came out otherwise than they must, and the first of them."""
    of_papers = faults.select(
        "order_no",
        pl.col("codes").str.split(",").list.filter(_begins(OF_PAPERS)).alias("of_papers"),
    )
    both = (
        truth.join(fates, on=_KEY, how="left", suffix="_now", maintain_order="left")
        .join(releases, on=_KEY, how="left", maintain_order="left")
        .join(of_papers, on="order_no", how="left", maintain_order="left")
        .with_columns(
            pl.col("outcome_now").fill_null("not_taken"),
            pl.col("waits_for_now").fill_null(""),
            pl.col("times").fill_null(0),
            pl.concat_list(
                pl.col("codes_now").fill_null("").str.split(","),
                pl.col("of_papers").fill_null(pl.lit([], dtype=pl.List(pl.String()))),
            ).alias("codes_now"),
            _e5(truth["tax"]).alias("tax"),
        )
    )
    differs = (
        (pl.col("outcome") != pl.col("outcome_now"))
        | (_set(pl.col("waits_for").str.split(",")) != _set(pl.col("waits_for_now").str.split(",")))
        | (_set(pl.col("codes").str.split(",")) != _set(pl.col("codes_now")))
        | (pl.col("tax").is_not_null() & pl.col("tax").ne_missing(pl.col("tax_now")))
        | (pl.col("times") != (pl.col("outcome") == "released").cast(pl.Int32()))
    )
    wrong = both.filter(differs)
    shown = wrong.head(20).with_columns(
        _set(pl.col("codes").str.split(",")).alias("codes"), _set(pl.col("codes_now")).alias("codes_now")
    )
    return wrong.height, [
        Wrong(
            order_no=row["order_no"],
            anomaly=row["anomaly"],
            expected=f"{row['outcome']} [{row['waits_for']}] {row['codes']} tax {row['tax']}",
            actual=f"{row['outcome_now']} [{row['waits_for_now']}] {row['codes_now']} tax {row['tax_now']}, "
            f"released {row['times']} times",
        )
        for row in shown.iter_rows(named=True)
    ]


def _begins(starts: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.element().str.starts_with(start) for start in starts)


def _set(codes: pl.Expr) -> pl.Expr:
    """A list of words as one text: in order, each once, without empty ones."""
    return codes.list.filter(pl.element() != "").list.unique().list.sort().list.join(",")


def _e5(tax: pl.Series) -> pl.Series:
    return pl.Series("tax", [None if text is None else parse_e5(text) for text in tax], dtype=pl.Int64())
