"""What filings say that a person had used of a year before: counted once, and corrected by another statement."""

from __future__ import annotations

import json

import pytest

from tests.cases.running import Court, filings
from tests.cases.trade import person_id
from tests.platforms.clearance.steps import paper, seen, trade, whole
from tripoint.database import Database


def stated(court: Court, number: int, amount: str) -> int:
    """How many statements counted of one that the buyer of a trade had used so much."""
    use = {"person_id": person_id(number), "year": 2024, "amount": amount}
    document = {"generated": True, "annual_used": [use]}
    return court.engine.load_filings(json.dumps(document).encode()).annual_used


def used(court: Court, number: int) -> int:
    with court.engine.transaction() as tx:
        found = tx.value("select used from allowances where person_id = %(person)s", person=person_id(number))
    return int(found or 0)


@pytest.fixture
def court(fresh_database: Database) -> Court:
    opened = Court(fresh_database)
    opened.engine.load_filings(filings([]))
    return opened


def test_a_statement_counts_once_and_another_takes_its_place(court: Court) -> None:
    assert [stated(court, 10, amount) for amount in ("1200.00", "1200.00")] == [1, 0]
    assert used(court, 10) == 1200 * 100_000
    assert stated(court, 10, "25900.00") == 1
    assert used(court, 10) == 25_900 * 100_000
    assert stated(court, 10, "300.00") == 1
    assert used(court, 10) == 300 * 100_000


def test_what_lists_took_stays_beside_it(court: Court) -> None:
    its = trade(10)
    for one in whole(its):
        court.send([one])
    court.engine.work_all()
    assert seen(court.engine)["lists"][0][2] == "released"
    taken = used(court, 10)
    assert taken > 0
    stated(court, 10, "1000.00")
    assert used(court, 10) == taken + 1000 * 100_000
    stated(court, 10, "400.00")
    assert used(court, 10) == taken + 400 * 100_000


def test_a_corrected_statement_is_what_lists_are_held_against(court: Court) -> None:
    stated(court, 10, "100.00")
    stated(court, 10, "25999.00")
    its = trade(10)
    for kind in ("order", "payment", "waybill", "list"):
        court.send([paper(its, kind)])
    court.engine.work_all()
    assert seen(court.engine)["lists"][0][2] == "refused"
    assert ("LIMIT-02") in {code for _, code in seen(court.engine)["findings"]}
