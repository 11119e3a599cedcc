"""One person is one number, however it is written; a payment under another marketplace is told; sums do not run over."""

from __future__ import annotations

import polars as pl
import pytest

from tests.cases.running import Court, filings, make
from tests.platforms.clearance.steps import (
    DAY,
    OTHER_MARKETPLACE,
    NewDatabase,
    comes_to,
    paper,
    seen,
    trade,
    whole,
)
from tripoint.database import Database
from tripoint.kernel.money import LARGEST_E5, summed


@pytest.mark.parametrize("is_verified", [True, False])
def test_a_buyer_is_verified_however_his_number_is_written(
    fresh_database: Database, is_verified: bool
) -> None:
    """Another person pays, which only a verified buyer may have him do."""
    case = make("verified", {"day": DAY, "given": {"verified": is_verified}}, 10)
    court = Court(fresh_database)
    court.engine.load_filings(filings([case]))
    its = case.trades[0]
    number = its.heads["order"]["buyer_id"]
    for kind in ("order", "list"):
        its.heads[kind]["buyer_id"] = f"{number[:6]} {number[6:14]}-{number[14:]}"
    its.heads["payment"] |= {"payer_id": trade(20).heads["payment"]["payer_id"], "payer_name": "赵六"}
    for one in whole(its):
        court.send([one])
    court.engine.work_all()
    found = seen(court.engine)
    assert found["lists"][0][2] == ("released" if is_verified else "refused")
    assert [code for _, code in found["findings"]] == ([] if is_verified else ["PARTY-04"])


def test_a_payment_of_this_order_number_at_another_marketplace_is_told(new_database: NewDatabase) -> None:
    its = trade(10)
    papers = [
        paper(its, kind, **({"marketplace_code": OTHER_MARKETPLACE} if kind == "payment" else {}))
        for kind in ("payment", "order", "waybill", "list")
    ]
    found = comes_to(new_database, papers, marketplaces=[OTHER_MARKETPLACE])
    assert found["findings"] == [("A0000010", "MATCH-03")]
    assert found["lists"][0][2] == "refused"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_of_the_largest_amounts_is_the_largest_not_a_small_one(sign: int) -> None:
    lines = pl.DataFrame({"total": [sign * (LARGEST_E5 - 1)] * 20})
    assert lines.select(summed("total")).item() == sign * LARGEST_E5
    assert (
        pl.DataFrame({"total": [1, None, 2]}, schema={"total": pl.Int64}).select(summed("total")).item() == 3
    )
