"""A few rows are typed one by one: exactly as whole columns would be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from tripoint.documents.columns import Kind
from tripoint.messages.ceb.converting import typed
from tripoint.messages.ceb.few import typed_few
from tripoint.messages.ceb.fields import MESSAGES, Field

FIELDS = list(
    {
        (f.element, f.type, f.obligation, f.fixed): f
        for m in MESSAGES.values()
        for n in m.nodes
        for f in n.fields
    }.values()
)
EDGES: dict[Kind, list[str]] = {
    Kind.AMOUNT: ["0", "-0", "-1.5", "+1", ".5", "5.", "1.00000", "1.000000", "1.000001", "9" * 13, "9" * 14, "9" * 19,
                  "1e3", "1,5", "٣", "²", "0012.30", "9999999999999.99999", "99999999999999.99999", "1.2.3", "--1", "1-"],
    Kind.COUNT: ["0", "-1", "+1", "007", "9" * 9, "9" * 10, "2147483647", "2147483648", "1.0", "٣", "²", "9" * 20],
    Kind.TIME: ["20240603120000", "20240603120000123", "2024060312000012", "202406031200001", "20240631120000", "19910601120000",
                "19860504003000", "20240603240000", "20240603236000", "20240603235960", "30000101000000", "29991231235959",
                "00000101000000", "2024-06-03", "20240603", "20240229000000", "20230229000000", "19920101000000", "18991231000000"],
    Kind.DAY: ["20240603", "20240631", "20240603120000", "18991231", "19000101", "29991231", "30000101", "00000000", "2024603", "20240229", "20230229"],
    Kind.TEXT: ["中" * 30, "x" * 5000, "1", "abc"],
}  # fmt: skip
SPACED = ["", " ", "\n", " 1 ", "\u00a01", "20240603120000 ", " 20240603"]


def agree(field: Field, raws: list[str | None]) -> None:
    columns = [raws]
    values, odd = typed([field], columns)
    few, few_odd = typed_few([field], columns)
    assert_series_equal(few[field.element], values[field.element])
    assert few_odd == {name: odd[name].arg_true().to_list() for name in odd.columns}


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f"{f.element}-{f.type}")
def test_types_every_edge_as_whole_columns_do(field: Field) -> None:
    every = [None, *EDGES[field.kind], *SPACED, *([field.fixed] if field.fixed else [])]
    for raw in every:
        agree(field, [raw])
    agree(field, every)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(FIELDS),
    st.lists(st.none() | st.text("0123456789.+- e٣\t\n", max_size=24) | st.datetimes().map(lambda at: f"{at:%Y%m%d%H%M%S%f}"[:17]) | st.from_regex(r"[0-9]{1,15}\.[0-9]{0,7}", fullmatch=True), max_size=5),
)  # fmt: skip
def test_types_anything_as_whole_columns_do(field: Field, raws: list[str | None]) -> None:
    agree(field, raws)
