"""Matching joins row numbers and gathers the rest: what comes out is what joining the papers themselves would give.

The references are those joins, written as plainly as they can be. Two things no join promises, so nothing here asks them:
which of two payments is taken that nothing tells apart but their provider, and the order of lines that share a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tripoint.documents.columns import LIST_LINES, ORDER_LINES, TABLES
from tripoint.pipeline.matching import count_lines, current, join_lines, join_papers

BEGIN = datetime(2024, 6, 1, tzinfo=UTC)
PLACE = ("order_no", "marketplace_code")
KEYS = {
    "lists": PLACE,
    "orders": PLACE,
    "payments": ("order_no", "provider_code", "payment_no"),
    "waybills": ("order_no", "carrier_code", "waybill_no"),
}
Papers = Mapping[str, pl.DataFrame]


# --- The plain joins -----------------------------------------------------------------------------------------


def plain_current(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    newest = frame.sort("app_time", maintain_order=True).unique(key, keep="last", maintain_order=True)
    return newest.filter(pl.col("app_type") != "3", pl.col("app_status").ne_missing("1"))


def prefixed(frame: pl.DataFrame, prefix: str) -> pl.DataFrame:
    return frame.select(pl.all().name.prefix(f"{prefix}."), pl.lit(value=True).alias(f"{prefix}.present"))


def joined(left: pl.DataFrame, right: pl.DataFrame, on: Mapping[str, str]) -> pl.DataFrame:
    """Every row of the left with those of the right beside it, the keys of both kept."""
    return left.join(right, left_on=list(on), right_on=list(on.values()), how="left", coalesce=False)


def plain_papers(papers: Papers) -> pl.DataFrame:
    lists, orders, payments, waybills = (
        prefixed(plain_current(papers.get(table, TABLES[table].empty()), key), table[:-1])
        for table, key in KEYS.items()
    )
    mine = {f"list.{name}": name for name in ("order_no", "marketplace_code", "carrier_code", "waybill_no")}
    place = dict(list(mine.items())[:2])
    sets = joined(lists, orders, {left: f"order.{name}" for left, name in place.items()})
    carried = {left: f"waybill.{name}" for left, name in mine.items() if name != "marketplace_code"}
    sets = joined(sets, waybills, carried)
    named = pl.all_horizontal(
        pl.col(f"payment.{name}").eq(pl.col(f"order.{name}")).fill_null(value=False)
        for name in ("provider_code", "payment_no")
    )
    return (
        joined(sets, payments, {left: f"payment.{name}" for left, name in place.items()})
        .sort(named, "payment.app_time", "payment.payment_no", descending=[True, True, False])
        .unique(list(place), keep="first")
        .sort("list.message_id", "list.position")
        .with_columns(
            pl.col(f"{paper}.present").fill_null(value=False) for paper in ("order", "payment", "waybill")
        )
        .select(pl.int_range(pl.len(), dtype=pl.Int64()).alias("row"), pl.all())
    )


def plain_lines(sets: pl.DataFrame, papers: Papers) -> pl.DataFrame:
    found = {}
    for paper, line, table in (("list", "line", LIST_LINES), ("order", "order_line", ORDER_LINES)):
        empty = table.empty().with_columns(order_no=pl.lit(None, pl.String()))
        place = [f"{paper}.message_id", f"{paper}.position"]
        found[paper] = (
            sets.filter(pl.col(f"{paper}.present"))
            .select("row", *place)
            .join(
                prefixed(papers.get(table.name, empty), line),
                left_on=place,
                right_on=[f"{line}.message_id", f"{line}.position"],
            )
            .drop(place)
        )
    return (
        joined(found["list"], found["order"], {"row": "row", "line.line_no": "order_line.line_no"})
        .drop("row_right")
        .with_columns(pl.col("order_line.present").fill_null(value=False), line_no="line.line_no")
        .sort("row", "line_no")
    )


def plain_counts(sets: pl.DataFrame, papers: Papers) -> pl.DataFrame:
    """Set after set, line after line."""
    for paper, table in (("list", "list_lines"), ("order", "order_lines")):
        totals: dict[tuple[int, int], list[int]] = {}
        if table in papers:
            for *place, total in papers[table].select("message_id", "position", "total").iter_rows():
                totals.setdefault((place[0], place[1]), []).append(total or 0)
        mine = [totals.get(at) for at in sets.select(f"{paper}.message_id", f"{paper}.position").iter_rows()]
        sets = sets.with_columns(
            pl.Series(f"{paper}.lines", [of and len(of) for of in mine], pl.Int64()),
            pl.Series(f"{paper}.lines_total", [None if of is None else sum(of) for of in mine], pl.Int64()),
        )
    return sets


# --- A handful of papers -------------------------------------------------------------------------------------

ORDER_NOS = st.sampled_from("AAB")
MARKETPLACES = st.sampled_from("MMN")
PROVIDERS, CARRIERS = st.sampled_from("XY"), st.sampled_from("CD")
NUMBERS = st.sampled_from("12")
HEAD = {
    "app_type": st.sampled_from("1123"),
    "app_time": st.integers(0, 3).map(lambda minute: BEGIN + timedelta(minutes=minute)),
    "app_status": st.sampled_from(["2", "2", "1", None]),
    "order_no": ORDER_NOS,
}
VERSIONS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "lists": st.fixed_dictionaries(
        HEAD
        | {
            "marketplace_code": MARKETPLACES,
            "carrier_code": st.none() | CARRIERS,
            "waybill_no": st.none() | NUMBERS,
        }
    ),
    "orders": st.fixed_dictionaries(
        HEAD
        | {
            "marketplace_code": MARKETPLACES,
            "provider_code": st.none() | PROVIDERS,
            "payment_no": st.none() | NUMBERS,
        }
    ),
    "payments": st.fixed_dictionaries(
        HEAD | {"marketplace_code": MARKETPLACES, "provider_code": PROVIDERS, "payment_no": NUMBERS}
    ).map(
        # Two payments told at one time differ in their number.
        lambda paid: paid | {"app_time": paid["app_time"] + timedelta(seconds=paid["provider_code"] == "Y")}
    ),
    "waybills": st.fixed_dictionaries(HEAD | {"carrier_code": CARRIERS, "waybill_no": NUMBERS}),
}
PLACES = [(message_id, position) for message_id in range(3) for position in range(2)]


@st.composite
def versions(draw: st.DrawFn, table: str) -> pl.DataFrame:
    """Versions of papers of a table in any order; their guid tells one from another."""
    rows = draw(st.lists(VERSIONS[table], max_size=len(PLACES)))
    places = draw(st.permutations(PLACES))
    named = [
        {
            "message_id": at[0],
            "position": at[1],
            "guid": f"{table}-{number}",
            "recipient_code": f"to-{number}",
        }
        for number, at in enumerate(places)
    ]
    schema = TABLES[table].schema | {"recipient_code": pl.String()}
    return pl.DataFrame([head | row for head, row in zip(named, rows, strict=False)], schema=schema)


def lines(table: str, *, apart: bool) -> st.SearchStrategy[pl.DataFrame]:
    """Lines of papers in any order, each number once in a paper where they are apart."""
    numbered = st.tuples(
        st.sampled_from(PLACES),
        st.sampled_from([1, 2, 3, None] if apart else [1, 2]),
        st.none() | st.integers(0, 99),
    )
    unique = (lambda line: line[:2]) if apart else None
    return st.lists(numbered, max_size=12, unique_by=unique).map(
        lambda rows: pl.DataFrame(
            [
                {"order_no": "A", "message_id": at[0], "position": at[1], "line_no": line_no, "total": total}
                | {"item_no": f"{table}-{number}"}
                for number, (at, line_no, total) in enumerate(rows)
            ],
            schema={"order_no": pl.String()} | TABLES[table].schema,
        )
    )


@st.composite
def papers_of(draw: st.DrawFn, *, apart: bool = True) -> Papers:
    """Papers of all tables; a table may be empty, or not there."""
    tables = {table: versions(table) for table in KEYS} | {
        table: lines(table, apart=apart) for table in ("list_lines", "order_lines")
    }
    return draw(st.fixed_dictionaries({}, optional=tables))


# --- Equal ---------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(KEYS)).flatmap(lambda table: st.tuples(st.just(table), versions(table))))
@settings(max_examples=200)
def test_the_versions_that_count_are_the_newest_of_each_key(drawn: tuple[str, pl.DataFrame]) -> None:
    table, frame = drawn
    # Where no order number comes twice nothing is sorted; the sets are put in order once they are joined.
    assert_frame_equal(current(frame, KEYS[table]), plain_current(frame, KEYS[table]), check_row_order=False)


@given(papers_of())
@settings(max_examples=120)
def test_sets_are_those_of_joining_the_papers_themselves(papers: Papers) -> None:
    assert_frame_equal(join_papers(papers), plain_papers(papers))


@given(papers_of(), st.sets(st.integers(0, 5)))
@settings(max_examples=120)
def test_lines_are_those_of_joining_the_lines_themselves(papers: Papers, left_out: set[int]) -> None:
    sets = plain_papers(papers).filter(~pl.col("row").is_in(left_out))
    assert_frame_equal(join_lines(sets, papers), plain_lines(sets, papers))


@given(papers_of(apart=False))
@settings(max_examples=60)
def test_each_of_several_lines_with_one_number_meets_each_of_the_other_paper(papers: Papers) -> None:
    sets = plain_papers(papers)
    assert_frame_equal(join_lines(sets, papers), plain_lines(sets, papers), check_row_order=False)


@given(papers_of(apart=False), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_lines_are_counted_paper_by_paper_and_the_sets_stay_in_their_order(
    papers: Papers, chance: Any
) -> None:
    sets = plain_papers(papers)
    sets = sets[chance.sample(range(sets.height), sets.height)]
    assert_frame_equal(count_lines(sets, papers), plain_counts(sets, papers))
