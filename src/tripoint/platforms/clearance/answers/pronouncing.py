"""What a ruling tells: the declarant of each list that changed, the senders of its papers, and the tax bill (pure)."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from tripoint.pipeline import matching, receipts
from tripoint.pipeline.checks import parties
from tripoint.platforms.clearance.records import KIND_OF, Bench, Ruled

BETWEEN_PAPERS = sorted({check.code for check in (*matching.CHECKS, *parties.CHECKS)})
"""Findings that concern more senders than the declarant; what an order says wrong by itself its sender is told at once."""

STATUS = {"refused": receipts.REJECTED, "held": receipts.REVIEW, "released": receipts.RELEASED}
"""The status of a list's receipt for each state that a ruling ends in."""


def rulings(ruled: Ruled, bench: Bench) -> Iterator[pl.DataFrame]:
    """Receipts to the declarant of each list that changed, to the senders of its papers, and the tax bills."""
    changed = ruled.changed
    if changed.is_empty():
        return
    weighty = ruled.told.filter(pl.col("severity") != "note")
    lists = _list_rows(changed)
    texts = receipts.finding_texts(weighty, bench.texts, bench.labels)
    lists = lists.join(texts, on="row", how="left", maintain_order="left")
    yield receipts.answer("lists", lists.filter(_PASSED).with_columns_seq(_PASSING), 2)
    yield receipts.answer("lists", lists.filter(_DECIDED).with_columns_seq(_DECISION), 3)
    yield from _to_others(changed, weighty, bench)
    yield _tax_bills(lists.filter(_RELEASED))


_PASSED = pl.col("state").is_in(["released", "held"]) & (pl.col("was_list_no").is_null())
_PASSING = [
    pl.lit(receipts.STORED).alias("return_status"),
    pl.lit(receipts.LOGIC_PASSED).alias("return_info"),
]
_DECIDED = pl.col("state").is_in(list(STATUS))
_RELEASED = pl.col("state") == "released"
_DECISION = [
    pl.col("state").replace_strict(STATUS, return_dtype=pl.String()).alias("return_status"),
    pl.when(_RELEASED)
    .then(pl.lit(receipts.RELEASE))
    .otherwise(pl.col("text").fill_null(""))
    .alias("return_info"),
]


def _list_rows(changed: pl.DataFrame) -> pl.DataFrame:
    """The changed lists as the receipt of a list wants them, and what a tax bill says of them."""
    names = ("message_id", "position", "guid", "order_no", "marketplace_code", "merchant_code")
    more = ("declarant_code", "customs_code", "cop_no", "recipient_code", "carrier_code", "waybill_no")
    return changed.select_seq(
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
    between = weighty.filter((pl.col("severity") == "refuse") & pl.col("code").is_in(BETWEEN_PAPERS))
    if between.is_empty():
        return
    refused = (changed["state"] == "refused").arg_true()
    fields = list(between.select_seq("field", "compares").iter_rows())
    for name in ("order", "payment", "waybill"):
        owners = (f"{name}.", f"{name}_line.")
        mine = [any(path is not None and path.startswith(owners) for path in paths) for paths in fields]
        if not any(mine):
            continue
        texts = receipts.finding_texts(between.filter(mine), bench.texts, bench.labels)
        said = [column for column in changed.columns if column.startswith(f"{name}.")]
        own = {column: column.removeprefix(f"{name}.") for column in said}
        own = {column: plain for column, plain in own.items() if plain in receipts.TOLD}
        rows = changed.select_seq("row", "list.order_no", *own)[refused].rename(own)
        if "order_no" not in own.values():
            rows = rows.rename({"list.order_no": "order_no"})
        told = rows.join(texts, on="row", how="inner", maintain_order="left").filter(
            pl.col("message_id").is_not_null()
        )
        yield receipts.answer(KIND_OF[name].table, told.with_columns_seq(_DIFFERENCE), 3)


_DIFFERENCE = [pl.lit(receipts.REJECTED).alias("return_status"), pl.col("text").alias("return_info")]


def _tax_bills(released: pl.DataFrame) -> pl.DataFrame:
    """The electronic tax bill (816) of each released list."""
    bills = released.with_columns_seq(
        pl.format("{}_0", "list_no").alias("tax_no"),
        pl.lit("1").alias("return_status"),
        pl.lit("").alias("return_info"),
        *(
            pl.col(name).alias(f"bill_{name}")
            for name in ("duty", "vat", "consumption_tax", "guarantor_code")
        ),
        pl.col("assessed").cast(receipts.BILL["bill_lines"]).alias("bill_lines"),
    )
    return receipts.answer("lists", bills, 4).with_columns_seq(pl.lit("CEB816").alias("message_type"))
