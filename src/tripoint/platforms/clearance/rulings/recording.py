"""The rows that a ruling leaves behind: states, findings, decisions, assessed lines, tax bills (pure)."""

from __future__ import annotations

from datetime import datetime

import polars as pl

LIST = (pl.col("list.order_no").alias("order_no"), pl.col("list.marketplace_code").alias("marketplace_code"))


def versions() -> pl.Expr:
    """Which versions were judged: `list:12/0 order:9/3 payment:10/1 waybill:11/0`."""
    parts = [
        pl.when(pl.col(f"{kind}.message_id").is_not_null()).then(
            pl.format(kind + ":{}/{}", f"{kind}.message_id", f"{kind}.position")
        )
        for kind in ("list", "order", "payment", "waybill")
    ]
    return pl.concat_str(parts, separator=" ", ignore_nulls=True)


def found() -> pl.Expr:
    """One finding in one text, as `store.last_found` gives it: what tells whether a list must be answered again."""
    return pl.concat_str(
        [
            "code",
            "field",
            *(pl.col(name).cast(pl.String).fill_null("") for name in ("line_no", "value", "other")),
        ],
        separator="|",
    )


def decided(lists: pl.DataFrame) -> pl.DataFrame:
    """What the docket keeps of each list, and whether it was decided anew."""
    return lists.select_seq(
        *LIST,
        "changed",
        "state",
        "waits_for",
        "list_no",
        "papers",
        "dutiable_value",
        "duty",
        "consumption_tax",
        "vat",
        "tax",
        "channel",
    )


def finding_rows(told: pl.DataFrame, lists: pl.DataFrame) -> pl.DataFrame:
    """The findings of every list that was judged, numbered."""
    return (
        told.join(lists.select_seq("row", *LIST), on="row", how="inner", maintain_order="left")
        .with_columns_seq(pl.int_range(pl.len(), dtype=pl.Int32()).over("row").alias("ordinal"))
        .select_seq(
            "order_no",
            "marketplace_code",
            "ordinal",
            "code",
            "severity",
            "field",
            "line_no",
            "value",
            "compares",
            "other",
        )
    )


def decision_rows(changed: pl.DataFrame, edition: str, batch: int, now: datetime) -> pl.DataFrame:
    """One entry of the list's journal for each ruling that changed something."""
    return changed.select_seq(
        *LIST,
        _moment(now, "decided_at"),
        pl.col("list.message_id").alias("message_id"),
        "state",
        "codes",
        "papers",
        pl.lit(edition).alias("edition"),
        "tax",
        pl.lit(batch, pl.Int64()).alias("batch"),
    )


def assessed_rows(released: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Duty and tax of each line of the released lists, with the rates they were made from."""
    if released.is_empty():
        return pl.DataFrame()
    keys = released.select_seq("row", *LIST)
    return (
        assessed_by_row(released, lines)
        .join(keys, on="row", how="inner", maintain_order="left")
        .select_seq("order_no", "marketplace_code", *_ASSESSED)
    )


_ASSESSED = (
    "line_no",
    "hs_code",
    "dutiable_value",
    "duty",
    "consumption_tax",
    "vat",
    "duty_ppm",
    "vat_ppm",
    "ct_ppm",
)


def assessed_by_row(released: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The assessed lines of the released lists: row, and what is kept of each line."""
    rated = lines.select_seq(
        "row",
        "line_no",
        *(pl.col(f"rate.{name}").alias(name) for name in ("duty_ppm", "vat_ppm", "ct_ppm")),
    )
    return (
        released.select_seq("row", "assessed")
        .explode("assessed")
        .unnest("assessed")
        .join(rated, on=["row", "line_no"], how="inner", maintain_order="left")
        .select_seq("row", *_ASSESSED)
    )


def tax_bill_rows(released: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The electronic tax bill of each released list; its number is the list's, an underline and a running number."""
    return released.select_seq(
        *LIST,
        pl.format("{}_0", "list_no").alias("tax_no"),
        "list_no",
        "duty",
        "consumption_tax",
        "vat",
        pl.lit("1").alias("status"),
        _moment(now, "made_at"),
    )


def _moment(now: datetime, name: str) -> pl.Expr:
    return pl.lit(now).dt.cast_time_unit("us").alias(name)
