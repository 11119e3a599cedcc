"""Settled lists: the shortcut over orders that fall away finds what counting the papers of every order finds.

A released list has all its papers; whatever else lies in the tables, of it or of others, may have come again or changed.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tripoint.pipeline.versions import NEW
from tripoint.platforms.clearance.records import KIND_OF, TRIO
from tripoint.platforms.clearance.rulings.desk import HELD, REFUSED, RELEASED, WAITING, settled

TABLES = [KIND_OF[name].table for name in TRIO]
SCHEMA = {"order_no": pl.String(), "app_type": pl.String(), "guid": pl.String()}
Case = tuple[pl.DataFrame, Mapping[str, pl.DataFrame]]


def plain_settled(lists: pl.DataFrame, papers: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """List after list: released, waiting until now, and of every kind one paper of its order, a new one."""
    first = lists.filter(pl.col("state") == RELEASED, pl.col("was_state") == WAITING)
    came = {
        order_no: [
            papers[table].filter(pl.col("order_no") == order_no)["app_type"].to_list() for table in TABLES
        ]
        for order_no in first["list.order_no"]
    }
    once = [all(types == [NEW] for types in came[order_no]) for order_no in first["list.order_no"]]
    return first.filter(pl.Series(once, dtype=pl.Boolean())).select("row", "list.order_no")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Lists in any order, the papers of those that are released, and others, in any order."""
    order_nos = draw(st.lists(st.sampled_from("ABCDEF"), max_size=6))
    states = st.sampled_from([RELEASED, RELEASED, RELEASED, HELD, REFUSED, WAITING])
    lists = pl.DataFrame(
        [
            (row, order_no, draw(states), draw(st.sampled_from([WAITING, WAITING, WAITING, HELD])), "beside")
            for row, order_no in enumerate(order_nos)
        ],
        schema={
            "row": pl.Int64(),
            "list.order_no": pl.String(),
            "state": pl.String(),
            "was_state": pl.String(),
            "list.note": pl.String(),
        },
        orient="row",
    )
    released = lists.filter(pl.col("state") == RELEASED)["list.order_no"].unique(maintain_order=True)
    types = st.sampled_from([NEW] * 8 + ["2", "3"])
    papers = {}
    for table in TABLES:
        own = [(order_no, draw(types)) for order_no in released]
        again = draw(st.lists(st.tuples(st.sampled_from("ABCDEFGH"), types), max_size=2))
        rows = draw(st.permutations(own + again))
        papers[table] = pl.DataFrame(
            [(*row, f"{table}-{number}") for number, row in enumerate(rows)], schema=SCHEMA, orient="row"
        )
    return lists, papers


@given(cases())
@settings(max_examples=200)
def test_a_list_is_settled_when_each_paper_of_its_order_came_once_as_new(case: Case) -> None:
    lists, papers = case
    assert_frame_equal(settled(lists, papers), plain_settled(lists, papers))


@given(cases())
@settings(max_examples=50)
def test_looking_for_what_is_settled_changes_no_papers(case: Case) -> None:
    lists, papers = case
    before = {table: frame.rows() for table, frame in papers.items()}
    settled(lists, papers)
    assert {table: frame.rows() for table, frame in papers.items()} == before
