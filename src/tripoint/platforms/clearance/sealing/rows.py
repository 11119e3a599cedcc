"""What is kept of a list that is settled, in one row; which lists can be (pure)."""

from __future__ import annotations

import polars as pl

from tripoint.kernel.identifiers import resident_id

SEALED = {
    "order_no": pl.String(),
    "marketplace_code": pl.String(),
    "merchant_code": pl.String(),
    "declarant_code": pl.String(),
    "carrier_code": pl.String(),
    "waybill_no": pl.String(),
    "provider_code": pl.String(),
    "payment_no": pl.String(),
    "guarantor_code": pl.String(),
    "customs_code": pl.String(),
    "supervision_mode": pl.String(),
    "buyer_id": pl.String(),
    "person_id": pl.String(),
    "declared_on": pl.Date(),
    "cop_no": pl.String(),
    "guid": pl.String(),
    "pre_no": pl.String(),
    "list_no": pl.String(),
    "message_id": pl.Int64(),
    "position": pl.Int32(),
    "papers": pl.String(),
    "codes": pl.String(),
    "dutiable_value": pl.Int64(),
    "duty": pl.Int64(),
    "consumption_tax": pl.Int64(),
    "vat": pl.Int64(),
    "tax": pl.Int64(),
    "channel": pl.String(),
    "edition": pl.String(),
    "received_at": pl.Datetime("us", "UTC"),
    "decided_at": pl.Datetime("us", "UTC"),
    "batch": pl.Int64(),
    "lines": pl.String(),
    "uses": pl.String(),
}
"""A sealed list; amounts e5, `lines` and `uses` as the table's comments say."""

_PAPER_PLACE = r"([a-z]+):([0-9]+)/([0-9]+)"

_LINE = (
    "line_no", "hs_code", "dutiable_value", "duty", "consumption_tax", "vat", "duty_ppm", "vat_ppm", "ct_ppm",
)  # fmt: skip

_FROM_LIST = (
    "order_no", "marketplace_code", "merchant_code", "declarant_code", "carrier_code", "waybill_no", "guarantor_code",
    "customs_code", "supervision_mode", "buyer_id", "declared_on", "cop_no", "guid", "message_id", "position",
)  # fmt: skip


def sealed(released: pl.DataFrame, lines: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """The rows of lists to be sealed (shape SEALED).

    `released` are ruled lists with edition, decided_at and batch beside them; `lines` their assessed lines with row;
    `uses` what they take of allowances (row, allowance, amount).
    """
    return (
        released.join(_joined(lines, _LINE, "|", "lines"), on="row", how="left", maintain_order="left")
        .join(
            _joined(uses, ("allowance", "amount"), "=", "uses"), on="row", how="left", maintain_order="left"
        )
        .select_seq(
            *(pl.col(f"list.{name}").alias(name) for name in _FROM_LIST),
            pl.col("payment.provider_code").alias("provider_code"),
            pl.col("payment.payment_no").alias("payment_no"),
            resident_id.compact_expr(pl.col("list.buyer_id")).alias("person_id"),
            *(name for name in SEALED if name in _AS_RULED),
            pl.col("lines", "uses").fill_null(""),
        )
        .select_seq(list(SEALED))
    )


_AS_RULED = frozenset(
    {"pre_no", "list_no", "papers", "codes", "dutiable_value", "duty", "consumption_tax", "vat", "tax", "channel",
     "edition", "received_at", "decided_at", "batch"}
)  # fmt: skip


def _joined(rows: pl.DataFrame, columns: tuple[str, ...], between: str, name: str) -> pl.DataFrame:
    """One text for the rows of each list."""
    text = pl.concat_str(
        [pl.col(column).cast(pl.String).fill_null("") for column in columns], separator=between
    )
    return (
        rows.select_seq("row", text.alias(name))
        .group_by("row", maintain_order=True)
        .agg(pl.col(name).str.join(";"))
    )


def places(papers: pl.DataFrame) -> pl.DataFrame:
    """The papers named in a column `papers` beside order_no: kind, message_id, position, sealed_order_no."""
    return (
        papers.select_seq(
            pl.col("order_no").alias("sealed_order_no"), pl.col("papers").str.split(" ").alias("paper")
        )
        .explode("paper")
        .with_columns_seq(pl.col("paper").str.extract_groups(_PAPER_PLACE).alias("place"))
        .unnest("place")
        .select_seq(
            pl.col("1").alias("kind"),
            pl.col("2").cast(pl.Int64).alias("message_id"),
            pl.col("3").cast(pl.Int32).alias("position"),
            "sealed_order_no",
        )
    )


def taken_again(frame: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Those of the papers that are at places, with their order: a waybill need not say it itself."""
    return (
        frame.join(places.drop("kind"), on=["message_id", "position"], how="inner", maintain_order="left")
        .with_columns_seq(pl.coalesce("order_no", "sealed_order_no").alias("order_no"))
        .drop("sealed_order_no")
    )
