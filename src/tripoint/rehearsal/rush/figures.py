"""What a rush came to in figures: how many lists a second, and how long senders waited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

_SHARES = (0, 1, *range(5, 95, 5), 95, 97, 98, 99, 99.5, 99.9, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long something took, in milliseconds, over `count` cases."""

    count: int
    p50: float
    p90: float
    p99: float
    p999: float
    worst: float
    curve: tuple[tuple[float, float], ...]
    """Milliseconds within which each of some shares (in %) of the cases ended."""


def waits(milliseconds: pl.Series) -> Waits | None:
    """The spread of some times: percentiles are times that occurred; None where there are none."""
    known = milliseconds.drop_nulls()
    if known.is_empty():
        return None

    def at(share: float) -> float:
        return round(float(known.quantile(share, interpolation="higher") or 0.0), 2)

    curve = tuple((at(share / 100), float(share)) for share in _SHARES)
    return Waits(
        count=known.len(), p50=at(0.5), p90=at(0.9), p99=at(0.99), p999=at(0.999), worst=at(1.0), curve=curve
    )


def ack_ms(messages: pl.DataFrame) -> pl.Series:
    """From when each message was due to when it was acknowledged, in milliseconds."""
    return messages.select(((pl.col("acked") - pl.col("due")) * 1000).alias("ms"))["ms"]


def completed_at(papers: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """For each trade when the last of its papers was due, in seconds since 1970: trade, complete."""
    due = messages.select("due").with_row_index("message")
    return (
        papers.join(due, on="message", how="left")
        .group_by("trade")
        .agg(pl.col("due").max().alias("complete"))
        .sort("trade")
    )


def release_ms(complete: pl.DataFrame, released: pl.DataFrame) -> pl.Series:
    """From the last paper of each trade to its release, in milliseconds; `released` is trade and seconds since 1970."""
    both = complete.join(released, on="trade", how="inner")
    return both.select(((pl.col("at") - pl.col("complete")) * 1000).alias("ms"))["ms"]


def seconds_of(moment: datetime) -> float:
    """Seconds since 1970."""
    return moment.astimezone(UTC).timestamp()


def per_second(moments: pl.Series) -> list[tuple[int, int]]:
    """How many fell into each second since the first: second, count."""
    if moments.is_empty():
        return []
    first = float(moments.min() or 0.0)  # type: ignore[arg-type]
    counted = (
        pl.DataFrame({"second": moments - first})
        .with_columns(pl.col("second").floor().cast(pl.Int64()))
        .group_by("second")
        .len()
        .sort("second")
    )
    return [(int(second), int(count)) for second, count in counted.iter_rows()]
