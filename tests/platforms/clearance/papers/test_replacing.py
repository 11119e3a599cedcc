"""Papers of which several versions come in one round: each is given a row once, and a set whose payment moved away is not whole."""

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


def test_a_set_whose_payment_moves_away_in_its_own_round_is_not_settled_on_it(
    new_database: Callable[..., AbstractContextManager[Database]],
) -> None:
    moved = {"send": ["payment"], "payment": {"app_type": "2", "order_no": "OTHER1"}}
    later = {"send": ["waybill"], "waybill": {"app_type": "2"}}
    with new_database() as database:
        court = Court(database)
        case = make("moved away", {"day": DAY, "given": {}, "then": [moved, later]}, 10)
        court.engine.load_filings(filings([case]))
        court.send(sends(case, 0))
        court.send(sends(case, 1))  # posted after the set, and worked on in the same round
        court.engine.work_all()
        court.send(sends(case, 2))
        court.engine.work_all()
        hold_true(court.engine)
        with court.engine.transaction() as tx:
            assert tx.value("select count(*) from messages where state = 'unreadable'") == 0
            assert tx.value("select order_no from paper_versions where kind = 'payment'") == "OTHER1"
            assert tx.value("select state from clearings") == "refused"
            assert [row["code"] for row in tx.rows("select code from findings")] == ["MATCH-03"]
