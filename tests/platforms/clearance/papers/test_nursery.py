"""What waits in memory comes back as it was read, whatever came and went meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.house.checkout import ROOT
from tripoint.documents.columns import TABLES
from tripoint.platforms.clearance.papers.rows import place
from tripoint.platforms.clearance.papers.waiting import nursery as module
from tripoint.platforms.clearance.papers.waiting.nursery import Nursery
from tripoint.platforms.clearance.papers.waiting.pages import Pages
from tripoint.platforms.clearance.records import KIND_OF

Place = tuple[int, int]
KINDS = ("order", "payment")


def papers(places: list[Place]) -> dict[str, pl.DataFrame]:
    """Orders and payments at places, an order with as many lines as its position says modulo three."""
    at = {"message_id": [m for m, _ in places], "position": [p for _, p in places]}
    lined = [(m, p, n) for m, p in places for n in range(p % 3)]
    heads = pl.DataFrame(at, schema_overrides={"position": pl.Int32})
    lines = pl.DataFrame(
        lined,
        schema={"message_id": pl.Int64(), "position": pl.Int32(), "line_no": pl.Int32()},
        orient="row",
    )
    return {
        KIND_OF[name].table: shaped(
            heads.with_columns(place().cast(pl.String).alias("guid")), KIND_OF[name].schema
        )
        for name in KINDS
    } | {"order_lines": shaped(lines, TABLES["order_lines"].schema)}


def shaped(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    have = set(frame.columns)
    return frame.select(
        pl.col(name) if name in have else pl.lit(None, dtype).alias(name) for name, dtype in schema.items()
    )


def places_of(kind: str, places: list[Place]) -> pl.DataFrame:
    return pl.DataFrame(
        [(kind, *at) for at in places],
        schema={"kind": pl.String(), "message_id": pl.Int64(), "position": pl.Int32()},
        orient="row",
    )


PLACES = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5)), unique=True, max_size=12)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(st.sampled_from(("keep", "forget", "find")), st.sampled_from(KINDS), PLACES), max_size=12
    )
)
def test_the_nursery_is_a_set_of_papers(steps: list[tuple[str, str, list[Place]]]) -> None:
    before, module.COMPACTED_FROM = module.COMPACTED_FROM, 3
    try:
        nursery = Nursery()
        model: dict[str, set[Place]] = {kind: set() for kind in KINDS}
        for step, kind, places in steps:
            asked = places_of(kind, places)
            if step == "keep":
                nursery.keep(asked, papers(sorted(places)))
                model[kind] |= set(places)
            elif step == "forget":
                nursery.forget(asked)
                model[kind] -= set(places)
            known = nursery.knows(kind, asked.select(place()).to_series()).to_list()
            assert known == [at in model[kind] for at in places]
            there = [at for at in places if at in model[kind]]
            found = nursery.find(kind, places_of(kind, there).select(place()).to_series())
            expected = papers(there)
            assert found.heads.equals(expected[KIND_OF[kind].table])
            if kind == "order":
                assert found.lines is not None
                assert found.lines.equals(expected["order_lines"])
                assert found.owners.to_list() == [n for n, (_, p) in enumerate(there) for _ in range(p % 3)]
        assert nursery.papers == sum(map(len, model.values()))
    finally:
        module.COMPACTED_FROM = before


def test_the_older_half_goes_when_memory_is_full() -> None:
    nursery = Nursery(bytes_most=200_000)
    for message in range(1, 60):
        places = [(message, position) for position in range(100)]
        nursery.keep(places_of("payment", places), papers(places))
    assert 0 < nursery.papers < 5_900
    newest = places_of("payment", [(59, 99)]).select(place()).to_series()
    oldest = places_of("payment", [(1, 0)]).select(place()).to_series()
    assert nursery.knows("payment", newest).all()
    assert not nursery.knows("payment", oldest).any()


def test_pages_stay_few_however_many_rows_come() -> None:
    pages = Pages({"n": pl.Int64()})
    for start in range(0, 5_000, 5):
        pages.append(pl.DataFrame({"n": range(start, start + 5)}))
    assert pages.height == 5_000
    assert len(pages._pages) <= 8
    wanted = pl.Series([4_999, 0, 777], dtype=pl.UInt32())
    assert pages.at(wanted)["n"].to_list() == [4_999, 0, 777]


PROGRAM = """
import polars as pl
from tests.platforms.clearance.papers.test_nursery import places_of, shaped
from tripoint.platforms.clearance.papers.waiting.nursery import Nursery
from tripoint.platforms.clearance.records import KIND_OF

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def payments(number):
    texts = [f"{number}-{at} a text that does not fit into a view" for at in range(5_000)]
    columns = {name: texts for name, dtype in KIND.schema.items() if dtype == pl.String}
    places = {"message_id": [number] * 5_000, "position": pl.Series(range(5_000), dtype=pl.Int32)}
    return shaped(pl.DataFrame(columns | places), KIND.schema)

KIND, nursery, weights = KIND_OF["payment"], Nursery(), []
for number in range(80):
    waiting = places_of("payment", [(number, position) for position in range(0, 5_000, 100)])
    nursery.keep(waiting, {KIND.table: payments(number)})
    weights.append(resident())
assert nursery.papers == 80 * 50
print(weights[79] - weights[19])
"""


def test_papers_that_wait_hold_on_to_their_own_text_and_no_more() -> None:
    environment = os.environ | {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        timeout=100,
    )
    grown = int(done.stdout)
    assert grown < 40_000_000, "sixty rounds of some megabytes of text, of which a hundredth waits"
