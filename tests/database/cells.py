"""Cells of every type that crosses to the database and back, for the tests of how they cross."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import strategies as st

TEXTS = st.one_of(
    st.sampled_from(
        ["", "\\", "\\N", "\\.", "\\\\N", "\\n", "\n", "\r\n", "\t", '"', "'", ",", "红酒", "NULL", " "]
    ),
    st.sampled_from(["a\tb", "a\nb", "\r", "twelve bytes", "thirteen bytes", "酒" * 30]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)
"""What a text may hold, but for the character that PostgreSQL refuses."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.timedeltas(timedelta(days=-719_162), timedelta(days=2_932_895)).map(lambda since: EPOCH + since)
KINDS: dict[pl.DataType, st.SearchStrategy[object]] = {
    pl.Int64(): st.integers(-(2**63), 2**63 - 1),
    pl.Int32(): st.integers(-(2**31), 2**31 - 1),
    pl.Int16(): st.integers(-(2**15), 2**15 - 1),
    pl.String(): TEXTS,
    pl.Boolean(): st.booleans(),
    pl.Date(): st.dates(date(1, 1, 1), date(9999, 12, 31)),
    pl.Datetime("us", "UTC"): TIMES,
    pl.Datetime("ms", "Asia/Shanghai"): st.integers(0, 4_000_000_000).map(
        lambda seconds: EPOCH + timedelta(seconds=seconds)
    ),
    pl.Binary(): st.binary(max_size=30),
    pl.Int128(): st.integers(-(2**100), 2**100),
    pl.Decimal(38, 5): st.decimals(-(10**20), 10**20, places=5, allow_nan=False),
    pl.Float64(): st.floats(allow_nan=False, allow_subnormal=False),
    pl.Enum(["放行", "\\N", ""]): st.sampled_from(["放行", "\\N", ""]),
}
