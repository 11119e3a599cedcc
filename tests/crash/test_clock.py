"""A computer whose clock jumps back, over midnight of New Year's Eve too: numbers stay unique, answers in order, law the day's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from tests.cases.running import Court, Send, filings, make
from tests.crash.hand import Hand
from tests.platforms.clearance.aftermath.test_desk import about, cancel
from tests.platforms.clearance.state import hold_true
from tripoint.database import Database, Supervisor
from tripoint.kernel.clock import CHINA
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.registers.ledger import desk as ledger

NEW_YEAR = datetime(2026, 1, 1, 0, 10, tzinfo=CHINA)
JUMPS = (timedelta(0), timedelta(minutes=-30), timedelta(days=-40), timedelta(minutes=5))
"""Where the clock stands, one after the other, from ten minutes into the year."""


@pytest.fixture
def hand(fresh_database: Database, server: Supervisor) -> Iterator[Hand]:
    """A worker in a process of its own whose clock is set by the test."""
    with fresh_database.transaction() as tx:
        name = str(tx.value("select current_database()"))
    its = Hand(server.conninfo(name))
    yield its
    its.end()


def test_a_clock_that_jumps_back_costs_no_order_and_no_number(fresh_database: Database, hand: Hand) -> None:
    court = Court(fresh_database, NEW_YEAR)
    cursor, seen = 0, []
    for at, jump in enumerate(JUMPS):
        court.clock.at = NEW_YEAR + jump
        hand.do("at", court.clock.at.isoformat())
        cases = [
            make(str(n), {"day": date(2025, 11, 1), "given": {}}, 10 * n)
            for n in range(5 * at + 1, 5 * at + 6)
        ]
        court.engine.load_filings(filings(cases))
        court.send([act for case in cases for act in case.rounds[0] if isinstance(act, Send)])
        assert hand.do("work", 7) == 4
        with court.engine.transaction() as tx:
            told = answers.receipts(tx, recipient_code=None, after=cursor, most=1000)
        seen += told
        cursor = told[-1]["receipt_id"]
    with court.engine.transaction() as tx:
        whole = answers.receipts(tx, recipient_code=None, most=1000)
        lists = tx.rows("select * from clearings order by order_no")
    assert [row["receipt_id"] for row in seen] == [row["receipt_id"] for row in whole]
    assert {row["state"] for row in lists} == {"released"}
    assert len(lists) == 5 * len(JUMPS)
    for number in ("list_no", "pre_no"):
        assert len({row[number] for row in lists}) == len(lists)
    assert {str(row["pre_no"])[1:9] for row in lists} == {"20260101", "20251231", "20251122"}
    hold_true(court.engine)


def test_what_was_decided_tomorrow_can_be_taken_back_today(fresh_database: Database, hand: Hand) -> None:
    court = Court(fresh_database, NEW_YEAR)
    case = make("one", {"day": date(2025, 11, 1), "given": {}}, 10)
    court.engine.load_filings(filings([case]))
    court.send([act for act in case.rounds[0] if isinstance(act, Send)])
    hand.do("at", NEW_YEAR.isoformat())
    hand.do("work", 10)
    court.clock.at = NEW_YEAR - timedelta(days=1)
    with court.engine.transaction() as tx:
        docket = tx.one("select * from clearings where order_no = %(no)s", no=case.trades[0].key[0])
    assert docket is not None
    assert docket["state"] == "released"
    cancel(court, about(docket, app_time=court.clock.at))
    with court.engine.transaction() as tx:
        assert tx.value("select state from clearings") == "cancelled"
        assert ledger.account(tx, f"guarantee/{docket['guarantor_code']}/pledged").balance == 0
        assert tx.value("select sum(used) from allowances") == 0
        assert ledger.check(tx).is_sound
