"""Sets go in and come out unchanged: every type, null apart from empty text, whatever the text holds."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.cells import KINDS, TEXTS
from tripoint.database import Transaction
from tripoint.database.columns import column_types
from tripoint.kernel.refusals import Malformed

names = st.text(
    st.characters(codec="utf-8", exclude_characters='\0"\n\r\t\\', exclude_categories=["Cs"]), min_size=1
)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.integers(0, 6))
    columns = {}
    for at, dtype in enumerate(draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=6))):
        cells = draw(st.lists(st.none() | KINDS[dtype], min_size=rows, max_size=rows))
        columns[f"c{at}"] = pl.Series(cells, dtype=dtype)
    return pl.DataFrame(columns)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(frame=frames())
def test_a_staged_set_comes_out_as_it_went_in(tx: Transaction, frame: pl.DataFrame) -> None:
    numbered = frame.with_row_index("row").cast({"row": pl.Int64})
    tx.stage("staged", numbered)
    out = tx.frame("select * from staged order by row", numbered.schema)
    assert out.schema == numbered.schema
    assert out.equals(numbered, null_equal=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(cells=st.lists(st.none() | TEXTS, max_size=5))
def test_a_single_column_of_text_keeps_null_and_empty_apart(tx: Transaction, cells: list[str | None]) -> None:
    frame = pl.DataFrame({"only": pl.Series(cells, dtype=pl.String)})
    tx.stage("staged", frame)
    found = tx.frame("select * from staged", frame.schema)["only"].to_list()
    assert sorted(found, key=repr) == sorted(cells, key=repr)


def test_polars_and_the_server_agree_on_each_value(tx: Transaction) -> None:
    at = datetime(2024, 2, 29, 23, 59, 59, 123456, tzinfo=UTC)
    frame = pl.DataFrame(
        {"n": [7], "t": ["a\tb"], "d": [date(2024, 2, 29)], "at": [at], "b": [True], "x": [b"\x00\\\xff"]},
        schema_overrides={"at": pl.Datetime("us", "UTC"), "n": pl.Int16},
    )
    tx.stage("staged", frame)
    assert tx.one("select * from staged") == frame.row(0, named=True)
    tx.stage("by_values", frame.clear())
    tx.run(
        "insert into by_values values (%(n)s, %(t)s, %(d)s, %(at)s, %(b)s, %(x)s)", **frame.row(0, named=True)
    )
    assert tx.value("select count(*) from staged natural join by_values") == 1


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_set_keeps_its_columns_and_types(tx: Transaction, rows: int) -> None:
    frame = pl.DataFrame(
        {"a": ["x"], "b": [None]}, schema={"a": pl.String, "b": pl.Datetime("us", "UTC")}
    ).head(rows)
    tx.stage("staged", frame)
    assert tx.frame("select b, a from staged", frame.schema).equals(frame)


def test_refuses_the_character_nul_in_a_set_and_in_a_parameter(tx: Transaction) -> None:
    with pytest.raises(Malformed, match="TEXT-NUL"), tx.savepoint():
        tx.stage("staged", pl.DataFrame({"a": ["ok", "not\0ok"]}))
    with pytest.raises(Malformed, match="TEXT-NUL"), tx.savepoint():
        tx.value("select %(text)s::text", text="not\0ok")


def test_columns_that_differ_from_the_schema_are_a_fault(tx: Transaction) -> None:
    with pytest.raises(TypeError, match="the schema names"):
        tx.frame("select 1 as a", {"b": pl.Int64})


@pytest.mark.parametrize("dtype", [pl.Datetime("us"), pl.List(pl.String), pl.Time()])
def test_a_type_without_a_column_type_is_a_fault(dtype: pl.DataType) -> None:
    with pytest.raises(TypeError, match="'odd'"):
        column_types({"odd": dtype})
