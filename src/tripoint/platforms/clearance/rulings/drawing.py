"""What release draws on: a person's yearly allowances and a guarantor's guarantee (pure; 财关税〔2018〕49号, notice 2018-194)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tripoint.kernel.money import LARGEST_E5, format_e5
from tripoint.pipeline.check import FINDINGS
from tripoint.pipeline.decision import DRAWS
from tripoint.platforms.clearance.records import Bench
from tripoint.regimes.asof import by_mode
from tripoint.regimes.model import Allowance
from tripoint.registers.ledger import rules as accounts
from tripoint.registers.ledger.records import TRANSFERS
from tripoint.tariff.units import factor

VALUE = "value"
"""The allowance that is money: the yearly limit of a person."""


def allowances(ready: pl.DataFrame, lines: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """What each ready list would use of its buyer's yearly allowances.

    `ready` has row, order_no, marketplace_code, person_id, declared_on, supervision_mode, dutiable_value. Comes out:
    row, order_no, marketplace_code, person_id, year Int16, allowance, amount, limit, code.
    """
    limit = by_mode(
        bench.regimes, lambda regime: regime.annual_limit, pl.col("supervision_mode"), pl.col("declared_on")
    )
    head = ready.with_columns_seq(pl.col("declared_on").dt.year().cast(pl.Int16()).alias("year"))
    parts = [
        head.select_seq(
            "row",
            "order_no",
            "marketplace_code",
            "person_id",
            "year",
            pl.lit(VALUE).alias("allowance"),
            pl.col("dutiable_value").alias("amount"),
            limit.alias("limit"),
            pl.lit("LIMIT-02").alias("code"),
        ).filter(pl.col("amount") > 0)
    ]
    limited = _limited_goods(bench)
    brought = [_brings(mode, its) for mode, its in limited]
    struck = (
        lines.select_seq(brings.any().alias(str(n)) for n, brings in enumerate(brought)).row(0)
        if limited
        else ()
    )
    heads = head.select_seq("row", "order_no", "marketplace_code", "person_id", "year")
    # Few lists bring such goods: a quantity is summed only where a line of the round does.
    parts += [
        _goods_allowance(lines.filter(brings).join(heads, on="row", how="inner"), its)
        for (_, its), brings, any_brings in zip(limited, brought, struck, strict=True)
        if any_brings
    ]
    return pl.concat(parts)


def _limited_goods(bench: Bench) -> list[tuple[str, Allowance]]:
    """Goods with a yearly quantity, by supervision mode."""
    return [(mode, its) for mode, regime in bench.regimes.by_mode.items() for its in regime.allowances]


def _brings(mode: str, its: Allowance) -> pl.Expr:
    """Whether a line is of goods that the allowance limits, in its mode and on a day it holds."""
    day = pl.col("list.declared_on")
    holds = (pl.col("list.supervision_mode") == mode) & (day >= its.since)
    if its.until is not None:
        holds = holds & (day <= its.until)
    return pl.col("line.hs_code").str.starts_with(its.hs_prefix) & holds


def _goods_allowance(lines: pl.DataFrame, its: Allowance) -> pl.DataFrame:
    """Quantities of goods under a prefix (the lines given), in the allowance's unit, summed by list."""
    stated = [
        pl.when(pl.col(f"line.{name}") == other).then(
            pl.col(f"line.{amount}").cast(pl.Int128) * int(times.numerator) // int(times.denominator)
        )
        for name, amount in (("unit_1", "quantity_1"), ("unit", "quantity"), ("unit_2", "quantity_2"))
        for other in ("036", "035", "070")
        if (times := factor(other, its.unit)) is not None
    ]
    key = ("row", "order_no", "marketplace_code", "person_id", "year")
    return (
        lines.with_columns_seq(pl.coalesce(stated).alias("amount"))
        .group_by(key)
        .agg(pl.min_horizontal(pl.col("amount").sum(), LARGEST_E5).cast(pl.Int64).alias("amount"))
        .filter(pl.col("amount") > 0)
        .select_seq(
            *key,
            pl.lit(f"hs:{its.hs_prefix}").alias("allowance"),
            "amount",
            pl.lit(its.quantity).cast(pl.Int64()).alias("limit"),
            pl.lit("LIMIT-03").alias("code"),
        )
    )


_POOL = pl.format("{}|{}|{}", "person_id", "year", "allowance")
"""The name of the pool that a person's allowance of a year is."""


def draws(uses: pl.DataFrame, pledges: pl.DataFrame) -> pl.DataFrame:
    """Everything the ready lists would draw, pool by pool (shape DRAWS)."""
    person = uses.select_seq(
        "row",
        _POOL.alias("pool"),
        "amount",
        "code",
        pl.when(pl.col("code") == "LIMIT-02")
        .then(pl.lit("person.year_total"))
        .otherwise(pl.lit("person.year_quantity"))
        .alias("field"),
    )
    guarantee = pledges.select_seq(
        "row",
        pl.format("guarantee|{}", "guarantor_code").alias("pool"),
        pl.col("tax").alias("amount"),
        pl.lit("GUARANTEE-01").alias("code"),
        pl.lit("list.tax").alias("field"),
    ).filter(pl.col("amount") > 0)
    return pl.concat([person.cast(DRAWS), guarantee.cast(DRAWS)])  # type: ignore[arg-type]


def room(uses: pl.DataFrame, used: pl.DataFrame, free: Mapping[str, int]) -> pl.DataFrame:
    """What each pool that is drawn on still has: pool, room (e5). `free` are balances by account."""
    person = (
        uses.unique(["person_id", "year", "allowance"])
        .join(used, on=["person_id", "year", "allowance"], how="left")
        .select_seq(_POOL.alias("pool"), (pl.col("limit") - pl.col("used").fill_null(0)).alias("room"))
    )
    guarantee = [
        (f"guarantee|{account.split('/')[1]}", balance)
        for account, balance in free.items()
        if account.endswith("/available")
    ]
    return pl.concat(
        [person, pl.DataFrame(guarantee, schema={"pool": pl.String(), "room": pl.Int64()}, orient="row")]
    )


def tight(draws: pl.DataFrame, room: pl.DataFrame) -> pl.DataFrame:
    """The draws of all lists that draw on a pool which has not enough for everybody, with the pool's room (0: none)."""
    asked = draws.group_by("pool").agg(pl.col("amount").cast(pl.Int128).sum().alias("asked"))
    short = asked.join(room, on="pool", how="left").filter(pl.col("asked") > pl.col("room").fill_null(0))
    rows = draws.join(short, on="pool", how="semi").select_seq("row").unique()
    return (
        draws.join(rows, on="row", how="semi", maintain_order="left")
        .join(room, on="pool", how="left", maintain_order="left")
        .with_columns_seq(pl.col("room").fill_null(0))
    )


def draw_findings(
    failed: pl.DataFrame,
    room: Mapping[str, int],
    uses: pl.DataFrame,
    used: pl.DataFrame,
    free: Mapping[str, int],
) -> pl.DataFrame:
    """The findings of draws that failed: what the total would come to, and the limit or balance it is above."""
    pools = failed.select_seq("pool").unique()
    limits = dict(
        uses.select_seq(_POOL.alias("pool"), "limit").join(pools, on="pool", how="semi").iter_rows()
    )
    before = dict(used.select_seq(_POOL.alias("pool"), "used").join(pools, on="pool", how="semi").iter_rows())
    rows = []
    for row, pool, amount, code, field in failed.iter_rows():
        if pool in limits:
            total, limit = amount + before.get(pool, 0), limits[pool]
            against = "limit" if code == "LIMIT-02" else "quantity_limit"
        else:
            total, limit, against = amount, room.get(pool, 0), "guarantee"
        has_account = pool in limits or accounts.available(pool.removeprefix("guarantee|")) in free
        rows.append(
            (
                row,
                code if has_account else "GUARANTEE-02",
                field,
                None,
                format_e5(total),
                against,
                format_e5(limit),
            )
        )
    return pl.DataFrame(rows, schema=FINDINGS, orient="row")


def pledges(released: pl.DataFrame) -> pl.DataFrame:
    """What release moves from each guarantor's free guarantee to its pledged one (shape TRANSFERS)."""
    guarantor = pl.col("list.guarantor_code")
    return (
        released.filter(pl.col("tax") > 0)
        .select_seq(
            pl.col("list.order_no").alias("order_no"),
            pl.format("guarantee/{}/available", guarantor).alias("debit_account"),
            pl.format("guarantee/{}/pledged", guarantor).alias("credit_account"),
            pl.col("tax").alias("amount"),
            pl.lit("release").alias("reason"),
            pl.col("list_no").alias("reference"),
            pl.col("list.message_id").alias("message_id"),
        )
        .cast(TRANSFERS)  # type: ignore[arg-type]
    )


def pledged_together(sealed: pl.DataFrame, batch: int) -> pl.DataFrame:
    """What the lists settled in one round move of each guarantor's guarantee, in one transfer each (shape TRANSFERS).

    Which lists they were is told by their batch.
    """
    guarantor = pl.col("list.guarantor_code")
    return (
        sealed.filter(pl.col("tax") > 0)
        .group_by("list.guarantor_code")
        .agg(pl.col("tax").sum())
        .sort("list.guarantor_code")
        .select_seq(
            pl.lit(f"batch/{batch}").alias("order_no"),
            pl.format("guarantee/{}/available", guarantor).alias("debit_account"),
            pl.format("guarantee/{}/pledged", guarantor).alias("credit_account"),
            pl.col("tax").alias("amount"),
            pl.lit("release").alias("reason"),
            guarantor.alias("reference"),
            pl.lit(None, pl.Int64()).alias("message_id"),
        )
        .cast(TRANSFERS)  # type: ignore[arg-type]
    )
