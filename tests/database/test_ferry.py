"""The compiled ferry writes and reads COPY's text to the byte as Polars does, and leaves to Polars what it does not know."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.database.cells import EPOCH, KINDS, TEXTS
from tripoint.database import columns, ferry

pytestmark = pytest.mark.skipif(not ferry.IS_BUILT, reason="the ferry is not compiled here")

READ = {dtype: cells for dtype, cells in KINDS.items() if columns.ferried(dtype) is not None}
WRITTEN: dict[pl.DataType, st.SearchStrategy[object]] = READ | {
    pl.UInt32(): st.integers(0, 2**32 - 1),
    pl.UInt16(): st.integers(0, 2**16 - 1),
    pl.String(): TEXTS | st.text(st.characters(exclude_categories=["Cs"])),
}


def load(frame: pl.DataFrame) -> bytes | None:
    from tripoint.database.ferry.ferry import load

    return load(frame.__arrow_c_stream__())


def unload(frame: pl.DataFrame, data: bytes) -> pl.DataFrame | None:
    from tripoint.database.ferry.ferry import unload

    kinds = [columns.ferried(dtype) for dtype in frame.dtypes]
    assert None not in kinds
    batch = unload(
        data, 0, [name.encode() for name in frame.columns], [kind for kind in kinds if kind is not None]
    )
    return None if batch is None else pl.Series(batch).struct.unnest()


@st.composite
def frames(draw: st.DrawFn, kinds: dict[pl.DataType, st.SearchStrategy[object]]) -> pl.DataFrame:
    """Some columns of some rows, put together of one, two or three pieces, perhaps cut out of the middle of more."""
    dtypes = draw(st.lists(st.sampled_from(list(kinds)), min_size=1, max_size=5))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        rows = draw(st.integers(0, 12))
        cells = [
            pl.Series(
                f"c{at}", draw(st.lists(st.none() | kinds[dtype], min_size=rows, max_size=rows)), dtype=dtype
            )
            for at, dtype in enumerate(dtypes)
        ]
        parts.append(pl.DataFrame(cells))
    whole = pl.concat(parts, rechunk=False)
    start = draw(st.integers(0, whole.height))
    return whole.slice(start, draw(st.integers(0, whole.height)))


@settings(deadline=None, max_examples=300)
@given(frame=frames(WRITTEN))
@example(frame=pl.DataFrame({"t": ["\\", None, "", "a\tb\nc\rd"]}))
def test_loads_to_the_byte_as_polars_writes(frame: pl.DataFrame) -> None:
    assert load(frame) == bytes(columns.write_plainly(frame))


@settings(deadline=None, max_examples=300)
@given(frame=frames({dtype: cells for dtype, cells in READ.items() if dtype != pl.Boolean()}))
def test_unloads_what_was_loaded(frame: pl.DataFrame) -> None:
    data = load(frame)
    assert data is not None
    found = unload(frame, data)
    assert found is not None
    assert_frame_equal(found, frame)


@settings(deadline=None, max_examples=300)
@given(
    flags=st.lists(st.none() | st.booleans(), max_size=40),
    head=st.lists(st.none() | TEXTS, max_size=40),
)
def test_flags_and_escapes_are_read_as_polars_reads_them(
    flags: list[bool | None], head: list[str | None]
) -> None:
    rows = min(len(flags), len(head))
    frame = pl.DataFrame(
        [pl.Series("f", flags[:rows], dtype=pl.Boolean()), pl.Series("t", head[:rows], dtype=pl.String())]
    )
    letters = pl.col("f").replace_strict({True: "t", False: "f"}, return_dtype=pl.String())
    written = bytes(columns.write_plainly(frame.select(letters, "t")))
    found = unload(frame, written)
    assert found is not None
    assert_frame_equal(found, frame)
    assert_frame_equal(columns.read_plainly(b"f\tt\n" + written, ["f", "t"], frame.schema), frame)


@settings(deadline=None, max_examples=500)
@given(data=st.binary(max_size=60), dtypes=st.lists(st.sampled_from(list(READ)), min_size=1, max_size=4))
def test_whatever_comes_is_read_or_left(data: bytes, dtypes: list[pl.DataType]) -> None:
    frame = pl.DataFrame(schema={f"c{at}": dtype for at, dtype in enumerate(dtypes)})
    found = unload(frame, data.replace(b"\xff", b"\t"))
    assert found is None or found.schema == frame.schema


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        (pl.Int64(), b"9223372036854775808"),
        (pl.Int64(), b"-9223372036854775809"),
        (pl.Int64(), b"99999999999999999999"),
        (pl.Int64(), b""),
        (pl.Int64(), b"-"),
        (pl.Int64(), b"1.5"),
        (pl.Int32(), b"2147483648"),
        (pl.Int16(), b"-32769"),
        (pl.Boolean(), b"true"),
        (pl.Date(), b"10000-01-01"),
        (pl.Date(), b"0001-01-01 BC"),
        (pl.Date(), b"2024-13-01"),
        (pl.Date(), b"2023-02-29"),
        (pl.Date(), b"0000-12-31"),
        (pl.Date(), b"infinity"),
        (pl.Datetime("us", "UTC"), b"2024-01-01 00:00:00"),
        (pl.Datetime("us", "UTC"), b"2024-01-01 00:00:00+08"),
        (pl.Datetime("us", "UTC"), b"2024-01-01 24:00:00+00"),
        (pl.Datetime("us", "UTC"), b"-infinity"),
        (pl.Binary(), b"abc"),
        (pl.Binary(), b"\\\\x0"),
        (pl.Binary(), b"\\\\xzz"),
        (pl.String(), b"\\q"),
        (pl.String(), b"ends\\"),
    ],
)
def test_leaves_to_polars_what_it_does_not_know(dtype: pl.DataType, text: bytes) -> None:
    assert unload(pl.DataFrame(schema={"c": dtype}), text + b"\n") is None


@pytest.mark.parametrize(
    "odd",
    [
        pl.Series([Decimal("1.5")]),
        pl.Series([1.5]),
        pl.Series(["放行"], dtype=pl.Enum(["放行"])),
        pl.Series(["放行"], dtype=pl.Categorical()),
        pl.Series([1], dtype=pl.UInt64()),
        pl.Series([2**70], dtype=pl.Int128()),
        pl.Series([None]),
        pl.Series([EPOCH], dtype=pl.Datetime("ms", "Asia/Shanghai")),
        pl.Series([3_000_000], dtype=pl.Int32()).cast(pl.Date()),
    ],
)
def test_leaves_to_polars_columns_it_does_not_write(odd: pl.Series) -> None:
    frame = pl.DataFrame({"n": [1], "odd": odd})
    assert load(frame) is None
    assert bytes(columns.to_copy(frame)) == bytes(columns.write_plainly(frame))


def test_a_stated_moment_crosses_as_the_server_writes_it() -> None:
    at = EPOCH + timedelta(days=19_782, hours=23, minutes=59, seconds=59, microseconds=120_000)
    frame = pl.DataFrame({"at": [at]}, schema={"at": pl.Datetime("us", "UTC")})
    assert load(frame) == b"2024-02-29 23:59:59.120000+00\n"
    found = unload(frame, b"2024-02-29 23:59:59.12+00\n")
    assert found is not None
    assert found.equals(frame)
