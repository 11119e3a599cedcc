"""A paper that waits in its message is given a row once, however many versions replace it in one round."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

from tests.cases.running import Case, Court, Send, filings, make
from tests.platforms.clearance.state import hold_true
from tripoint.database import Database

DAY = date(2024, 6, 1)
CHANGED = {"send": ["payment"], "payment": {"app_type": "2"}}


def sends(case: Case, *rounds: int) -> list[Send]:
    return [act for at in rounds for act in case.rounds[at] if isinstance(act, Send)]


def test_two_changes_of_a_waiting_paper_in_one_round_leave_three_versions(
    new_database: Callable[..., AbstractContextManager[Database]],
) -> None:
    said = {"day": DAY, "given": {"missing": ["list"]}, "then": [CHANGED, CHANGED, {"send": ["list"]}]}
    with new_database() as database:
        court = Court(database)
        case = make("changed twice", said, 10)
        court.engine.load_filings(filings([case]))
        for together in ((0,), (1, 2), (3,)):
            court.send(sends(case, *together))
            court.engine.work_all()
        hold_true(court.engine)
        with court.engine.transaction() as tx:
            assert tx.value("select count(*) from payments") == 3
            assert tx.value("select state from clearings") == "released"
