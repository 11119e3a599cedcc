"""Receipts: within a thousand characters every finding or how many more there are, and never a personal number."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripoint.pipeline.check import FINDINGS, check, find, mask
from tripoint.pipeline.receipts import TEXT_MAX, finding_texts
from tripoint.platforms.clearance.rulings.judging import CHECKS
from tripoint.regimes.findings import load_findings

TEXTS = load_findings()
found = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(sorted(TEXTS)),
        st.sampled_from(["list.buyer_name", "line.goods_name"]),
        st.one_of(st.none(), st.integers(1, 99)),
        st.one_of(st.none(), st.text(max_size=300)),
    ),
    max_size=60,
)
NUMBER = re.compile(r"[1-9][0-9]{16}[0-9Xx]")


def findings(rows: list[tuple[int, str, str, int | None, str | None]]) -> pl.DataFrame:
    full = [(row, code, field, line, value, None, None) for row, code, field, line, value in rows]
    return pl.DataFrame(full, schema=FINDINGS, orient="row")


@given(found)
def test_every_finding_is_told_or_counted(rows: list[tuple[int, str, str, int | None, str | None]]) -> None:
    for row, text in finding_texts(findings(rows), TEXTS, {}).iter_rows():
        mine = [r for r in rows if r[0] == row]
        assert len(text) <= TEXT_MAX
        told = text.count("[Code:")
        more = re.search(r"…另有(\d+)项$", text)
        if more is None:
            assert told >= len(mine)
        else:
            assert int(more[1]) >= 1


@given(st.text(max_size=60))
def test_a_mask_keeps_at_most_the_ends(text: str) -> None:
    shown = mask(text, 6, 4)
    assert len(shown) == len(text)
    assert shown[6:-4] == "*" * len(shown[6:-4])
    if len(text) <= 10:
        assert set(shown) <= {"*"}


PERSONAL = [
    c for c in CHECKS if any((p or "").endswith((".buyer_id", ".payer_id")) for p in (c.field, c.compares))
]


@pytest.mark.parametrize("one", PERSONAL, ids=lambda c: f"{c.code} {c.field}")
def test_no_finding_shows_a_personal_number(one: object) -> None:
    from tripoint.pipeline.check import Check

    assert isinstance(one, Check)
    loud = Check(one.code, one.field, one.compares, one.rule, lambda: pl.col("row") >= 0)
    number = "91000019900101001X"
    frame = pl.DataFrame(
        {"row": [0], one.field: [number], **({one.compares: [number]} if one.compares else {})}
    )
    told = find(frame, [loud])
    assert told.height == 1
    shown = [value for value in told.row(0) if isinstance(value, str)]
    assert not any(NUMBER.search(value) for value in shown)


def test_a_check_over_columns_that_are_not_there_finds_nothing() -> None:
    @check("TEST-01", field="list.x")
    def broken() -> pl.Expr:
        """A rule."""
        return pl.col("list.x") == pl.col("list.y")

    assert find(pl.DataFrame({"row": [0], "list.x": ["a"]}), [broken]).is_empty()
    whole = pl.DataFrame({"row": [0, 1, 2], "list.x": ["a", "b", None], "list.y": ["a", "c", None]})
    assert find(whole, [broken])["row"].to_list() == [0]


def test_every_check_has_its_text_and_every_line_check_a_line() -> None:
    assert {c.code for c in CHECKS} <= TEXTS.keys()
    assert all(c.rule.endswith(".") for c in CHECKS)
    assert all(c.each_line == c.field.startswith(("line.", "order_line.")) for c in CHECKS)
