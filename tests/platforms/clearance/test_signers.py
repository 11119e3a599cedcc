"""Who may sign for another: an entrustment counts from its first day to its last, and on no other."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from tripoint.platforms.clearance.papers.reading import _strangers
from tripoint.platforms.clearance.records import KIND_OF
from tripoint.registers.filings.store import ENTRUSTMENTS

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


@pytest.mark.parametrize(
    ("day", "until", "is_allowed"),
    [
        (date(2023, 12, 31), LAST, False),
        (FIRST, LAST, True),
        (LAST, LAST, True),
        (date(2025, 1, 1), LAST, False),
        (date(2099, 1, 1), None, True),
    ],
)
def test_an_entrustment_counts_on_its_days_only(day: date, until: date | None, is_allowed: bool) -> None:
    entrusted = pl.DataFrame(
        [("0000A00004", "0000A00001", "orders", FIRST, until, "made up")], schema=ENTRUSTMENTS, orient="row"
    )
    papers = pl.DataFrame(
        {
            "message_id": [1],
            "position": pl.Series([0], dtype=pl.Int32),
            "marketplace_code": ["0000A00001"],
            "merchant_code": ["0000A00002"],
        }
    )
    signers = pl.DataFrame({"message_id": [1], "signer": ["0000A00004"], "received_on": [day]})
    bench = SimpleNamespace(entrustments=entrusted)
    found = _strangers(KIND_OF["order"], papers, signers, bench)  # type: ignore[arg-type]
    assert found["code"].to_list() == ([] if is_allowed else ["SIGN-05"])
