"""A list declared long before it arrives: released by default, refused where the operator asks for it (MODE-12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.cases.running import Court, make
from tripoint.database import Database
from tripoint.kernel.findings import Severity


@pytest.mark.parametrize(
    ("severity", "day", "state"),
    [
        ({}, date(2025, 12, 31), "released"),
        ({"MODE-12": Severity.REFUSE}, date(2025, 12, 31), "refused"),
        ({"MODE-12": Severity.REFUSE}, date(2026, 5, 1), "refused"),
        ({"MODE-12": Severity.REFUSE}, date(2026, 5, 2), "released"),
    ],
)
def test_a_list_of_long_ago(
    fresh_database: Database, severity: dict[str, Severity], day: date, state: str
) -> None:
    court = Court(fresh_database)
    court.engine.settings = replace(court.engine.settings, severity=severity)
    case = make("backdated", {"title": {"zh": "旧日", "en": "long ago"}, "day": day, "given": {}}, 10)
    court.hear([case])
    with court.engine.transaction() as tx:
        assert (
            tx.value("select state from clearings where order_no = %(no)s", no=case.trades[0].key[0]) == state
        )
