"""What a ruling tells: the declarant of each list that changed, the senders of its papers, and the tax bill (pure)."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from tripoint.pipeline import matching, receipts
from tripoint.pipeline.checks import parties
from tripoint.platforms.clearance.records import KIND_OF, Bench, Ruled

BETWEEN_PAPERS = frozenset(check.code for check in (*matching.CHECKS, *parties.CHECKS))
"""Findings that concern more senders than the declarant; what an order says wrong by itself its sender is told at once."""

STATUS = {"refused": receipts.REJECTED, "held": receipts.REVIEW, "released": receipts.RELEASED}
"""The status of a list's receipt for each state that a ruling ends in."""


def rulings(ruled: Ruled, bench: Bench) -> Iterator[pl.DataFrame]:
    """Receipts to the declarant of each list that changed, to the senders of its papers, and the tax bills."""
    changed = ruled.changed
    if changed.is_empty():
        return
    weighty = ruled.told.filter(pl.col("severity") != "note")
    texts = receipts.finding_texts(weighty, bench.texts, bench.labels)
    lists = _list_rows(changed).join(texts, on="row", how="left", maintain_order="left")
    passed = lists.filter(pl.col("state").is_in(["released", "held"]) & (pl.col("was_list_no").is_null()))
    yield receipts.answer(
        "lists",
        passed.with_columns(
            pl.lit(receipts.STORED).alias("return_status"), pl.lit(receipts.LOGIC_PASSED).alias("return_info")
        ),
        2,
    )
    final = lists.filter(pl.col("state").is_in(list(STATUS))).with_columns(
        pl.col("state").replace_strict(STATUS, return_dtype=pl.String()).alias("return_status"),
        pl.when(pl.col("state") == "released")
        .then(pl.lit(receipts.RELEASE))
        .otherwise(pl.col("text").fill_null(""))
        .alias("return_info"),
    )
    yield receipts.answer("lists", final, 3)
    yield from _to_others(changed, weighty, bench)
    yield _tax_bills(lists.filter(pl.col("state") == "released"))


def _list_rows(changed: pl.DataFrame) -> pl.DataFrame:
    """The changed lists as the receipt of a list wants them, and what a tax bill says of them."""
    names = ("message_id", "position", "guid", "order_no", "marketplace_code", "merchant_code")
    more = ("declarant_code", "customs_code", "cop_no", "recipient_code", "carrier_code", "waybill_no")
    return changed.select(
        "row",
        "state",
        "was_list_no",
        "list_no",
        "pre_no",
        *(pl.col(f"list.{name}").alias(name) for name in (*names, *more, "guarantor_code")),
        "duty",
        "vat",
        "consumption_tax",
        "assessed",
    )


def _to_others(changed: pl.DataFrame, weighty: pl.DataFrame, bench: Bench) -> Iterator[pl.DataFrame]:
    """Where a list is refused because two papers differ, the sender of the other paper is told as well."""
    between = weighty.filter((pl.col("severity") == "refuse") & pl.col("code").is_in(list(BETWEEN_PAPERS)))
    if between.is_empty():
        return
    refused = changed.filter(pl.col("state") == "refused")
    for name in ("order", "payment", "waybill"):
        mine = between.filter(
            pl.any_horizontal(
                pl.col(path).str.starts_with(f"{name}{owner}").fill_null(value=False)
                for path in ("field", "compares")
                for owner in (".", "_line.")
            )
        )
        if mine.is_empty():
            continue
        texts = receipts.finding_texts(mine, bench.texts, bench.labels)
        kind = KIND_OF[name]
        columns = [column for column in refused.columns if column.startswith(f"{name}.")]
        rows = (
            refused.join(texts, on="row", how="inner", maintain_order="left")
            .filter(pl.col(f"{name}.message_id").is_not_null())
            .select(
                *(pl.col(column).alias(column.removeprefix(f"{name}.")) for column in columns),
                pl.lit(receipts.REJECTED).alias("return_status"),
                pl.col("text").alias("return_info"),
                *([pl.col("list.order_no").alias("order_no")] if f"{name}.order_no" not in columns else []),
            )
        )
        yield receipts.answer(kind.table, rows, 3)


def _tax_bills(released: pl.DataFrame) -> pl.DataFrame:
    """The electronic tax bill (816) of each released list."""
    bills = released.with_columns(
        pl.format("{}_0", "list_no").alias("tax_no"),
        pl.lit("1").alias("return_status"),
        pl.lit("").alias("return_info"),
        *(
            pl.col(name).alias(f"bill_{name}")
            for name in ("duty", "vat", "consumption_tax", "guarantor_code")
        ),
        pl.col("assessed").cast(receipts.BILL["bill_lines"]).alias("bill_lines"),
    )
    return receipts.answer("lists", bills, 4).with_columns(pl.lit("CEB816").alias("message_type"))
