"""Sums that run over 64 bits never make room where there is none."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tripoint.kernel.money import LARGEST_E5
from tripoint.pipeline.decision import DRAWS, draw


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, LARGEST_E5)), min_size=1, max_size=60),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 2 * LARGEST_E5)),
)
def test_no_pool_is_ever_overdrawn(wanted: list[tuple[str, int]], room: dict[str, int]) -> None:
    rows = [(n, pool, amount, "LIMIT-02", "list.buyer_id") for n, (pool, amount) in enumerate(wanted)]
    asked = pl.DataFrame(rows, schema=DRAWS, orient="row")
    served = asked.join(draw(asked, room), on="row", how="anti")
    for pool in "abc":
        assert sum(served.filter(pl.col("pool") == pool)["amount"].to_list()) <= room.get(pool, 0)


def test_eleven_of_the_largest_do_not_wrap_round_to_nothing() -> None:
    rows = [(n, "person", LARGEST_E5 - 1, "LIMIT-02", "list.buyer_id") for n in range(11)]
    asked = pl.DataFrame(rows, schema=DRAWS, orient="row")
    assert draw(asked, {"person": LARGEST_E5}).height == 10
