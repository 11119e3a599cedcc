"""Release, hold, refuse or wait, and by which finding: the worst finding decides, the law's order says which stands first.

What is limited (a person's year, a guarantor's guarantee) is a pool; a list is released only where every pool it draws
on has room, and pools are drawn on in the order the lists came (财关税〔2018〕49号; 海关总署公告2018年第194号).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from tripoint.kernel.findings import Severity
from tripoint.pipeline.check import FINDINGS

JUDGED = FINDINGS | {"severity": pl.String(), "rank": pl.Int32()}
"""Findings with what they do to the list and where they stand in the law's order."""

NOTHING_JUDGED = pl.DataFrame(schema=JUDGED)

DRAWS = {
    "row": pl.Int64(),
    "pool": pl.String(),
    "amount": pl.Int64(),
    "code": pl.String(),
    "field": pl.String(),
}
"""What a list would draw from a pool, and the finding where the pool has no room."""


def weigh(
    findings: pl.DataFrame,
    modes: pl.DataFrame,
    severities: Mapping[tuple[str, str], Severity],
    ranks: Mapping[str, int],
) -> pl.DataFrame:
    """Give each finding its severity (by code and supervision mode) and rank; those that are off fall away.

    `modes` has row and supervision_mode; `severities` has an entry ("", code) for every code as the default.
    """
    table = pl.DataFrame(
        [(mode, code, str(severity)) for (mode, code), severity in severities.items()],
        schema={"supervision_mode": pl.String(), "code": pl.String(), "severity": pl.String()},
        orient="row",
    )
    default = table.filter(pl.col("supervision_mode") == "").select_seq(
        "code", pl.col("severity").alias("default")
    )
    return (
        findings.join(modes.select_seq("row", "supervision_mode"), on="row", how="left")
        .join(table, on=["supervision_mode", "code"], how="left")
        .join(default, on="code", how="left")
        .with_columns_seq(pl.coalesce("severity", "default").alias("severity"))
        .filter(pl.col("severity") != str(Severity.OFF))
        .with_columns_seq(
            pl.col("code").replace_strict(ranks, default=len(ranks), return_dtype=pl.Int32()).alias("rank")
        )
        .sort("row", "rank", "code", "line_no", "field", nulls_last=True, maintain_order=True)
        .select_seq(list(JUDGED))
    )


def decide(sets: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """State of each row before anything is drawn: refused, held, waiting or ready; columns row, state, first.

    `sets` has row and waits_for (empty text where whole). A set that is not whole is refused at once where a finding
    refuses it; a finding that only holds it has to wait until the set is whole.
    """
    worst = judged.group_by("row").agg(
        (pl.col("severity") == str(Severity.REFUSE)).any().alias("refuses"),
        (pl.col("severity") == str(Severity.HOLD)).any().alias("holds"),
        pl.col("code").filter(pl.col("severity") != str(Severity.NOTE)).first().alias("first"),
    )
    state = (
        pl.when(pl.col("refuses"))
        .then(pl.lit("refused"))
        .when(pl.col("waits_for") != "")
        .then(pl.lit("waiting"))
        .when(pl.col("holds"))
        .then(pl.lit("held"))
        .otherwise(pl.lit("ready"))
    )
    return (
        sets.select_seq("row", "waits_for")
        .join(worst, on="row", how="left")
        .with_columns_seq(pl.col("refuses", "holds").fill_null(value=False))
        .select_seq("row", state.alias("state"), "first")
        .sort("row")
    )


def draw(draws: pl.DataFrame, room: Mapping[str, int]) -> pl.DataFrame:
    """Which draws fail (shape DRAWS): rows are served in order, each takes from all of its pools or from none.

    A pool without an entry in `room` has none. Where everything fits nothing is looped over.
    """
    asked = draws.group_by("pool").agg(pl.col("amount").cast(pl.Int128).sum())
    short = [pool for pool, amount in asked.iter_rows() if amount > room.get(pool, 0)]
    if not short:
        return draws.clear()
    rows = draws.filter(pl.col("row").is_in(draws.filter(pl.col("pool").is_in(short))["row"].implode()))
    left = dict(room)
    failed: list[tuple[int, str]] = []
    for (row,), group in rows.sort("row", maintain_order=True).group_by("row", maintain_order=True):
        failed += [(int(str(row)), pool) for pool in _serve(group, left)]
    misses = pl.DataFrame(failed, schema={"row": pl.Int64(), "pool": pl.String()}, orient="row")
    return draws.join(misses, on=["row", "pool"], how="semi")


def _serve(group: pl.DataFrame, left: dict[str, int]) -> Sequence[str]:
    """Take one row's draws from what is left; the pools without room, and then nothing is taken."""
    wanted: dict[str, int] = {}
    for pool, amount in group.select_seq("pool", "amount").iter_rows():
        wanted[pool] = wanted.get(pool, 0) + amount
    lacking = [pool for pool, amount in wanted.items() if amount > left.get(pool, 0)]
    if not lacking:
        for pool, amount in wanted.items():
            left[pool] = left.get(pool, 0) - amount
    return lacking
