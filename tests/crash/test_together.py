"""Two workers over the same buyer, the same guarantee and the same order: no limit is passed, nothing is decided twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.running import Case, Court, Send, filings, make
from tests.cases.trade import PAPERS, person_id
from tests.crash.hand import Hand
from tripoint.database import Database, Supervisor
from tripoint.kernel.money import FEN, SCALE, format_e5
from tripoint.registers.ledger import desk as ledger
from tripoint.registers.ledger import rules as accounts

DAY = date(2024, 6, 1)
YEAR_MAX = 26_000 * SCALE
EXAMPLES = 8


class Bank:
    """A court and two processes that work at its inbox at the same time, for as many examples as are asked."""

    def __init__(self, database: Database, server: Supervisor) -> None:
        self.court = Court(database)
        with database.transaction() as tx:
            url = server.conninfo(str(tx.value("select current_database()")))
        self.hands = [Hand(url), Hand(url)]
        self._numbers = count(1)

    def case(self, said: dict[str, Any]) -> Case:
        """A case under numbers of its own."""
        number = next(self._numbers)
        return make(str(number), {"day": DAY, "given": said}, 10 * number)

    def work(self, mosts: tuple[int, int]) -> int:
        """Let both work until nothing waits; how many messages they worked on."""
        for hand, most in zip(self.hands, mosts, strict=True):
            hand.tell("work", most)
        return sum(hand.answer() for hand in self.hands)


@pytest.fixture(scope="module")
def bank(new_database: Callable[..., AbstractContextManager[Database]], server: Supervisor) -> Iterator[Bank]:
    """Two processes that live as long as this module."""
    with new_database() as database:
        made = Bank(database, server)
        yield made
        for hand in made.hands:
            hand.end()


@dataclass(frozen=True, slots=True)
class Purse:
    """What a buyer may still buy this year, what lies in the guarantee, and what is bought; all in fen."""

    year_left: int
    deposit: int
    prices: tuple[int, ...]
    twice: tuple[bool, ...]
    places: tuple[int, ...]
    mosts: tuple[int, int]


@st.composite
def purses(draw: st.DrawFn) -> Purse:
    """A year and a guarantee that may suffice for none, some or all of the lists; papers split and mixed at will."""
    prices = draw(st.lists(st.integers(100_00, 4_900_00), min_size=2, max_size=7))
    whole = sum(prices)
    edges = [sum(prices[:n]) for n in range(len(prices) + 1)]
    left = draw(st.integers(0, whole) | st.sampled_from(edges) | st.sampled_from([e + 1 for e in edges]))
    tax = whole * 91 // 1000
    return Purse(
        year_left=min(left, 26_000_00),
        deposit=draw(st.integers(1, tax + 100) | st.just(tax + 100)),
        prices=tuple(prices),
        twice=tuple(draw(st.booleans()) for _ in prices),
        places=tuple(draw(st.integers(0, 3)) for _ in range(len(prices) * (len(PAPERS) + 1))),
        mosts=(draw(st.integers(1, 6)), draw(st.integers(1, 6))),
    )


def brought(bank: Bank, purse: Purse) -> tuple[Case, int]:
    """The trades of a purse, filed and posted, and nobody at work yet; how many messages they made."""
    goods = [{"goods": [{"price": _yuan(price)}]} for price in purse.prices]
    given = goods[0] | {"also": goods[1:], "annual_used": {"2024": _yuan(26_000_00 - purse.year_left)}}
    given |= {"enterprises": {"merchant": {"deposit": _yuan(purse.deposit)}}}
    case = bank.case(given)
    bank.court.engine.load_filings(filings([case]))
    papers = [act for act in case.rounds[0] if isinstance(act, Send)]
    lists = [paper for paper in papers if paper.kind == "list"]
    papers += [Send(paper.trade, "list", 0) for paper, twice in zip(lists, purse.twice, strict=True) if twice]
    for paper, place in zip(papers, purse.places, strict=False):
        paper.place = place
    before = len(bank.court.sent)
    bank.court.send(papers)
    return case, len(bank.court.sent) - before


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), print_blob=True)
@given(purse=purses())
def test_two_workers_release_exactly_what_fits_as_one_after_another_could(bank: Bank, purse: Purse) -> None:
    case, messages = brought(bank, purse)
    assert bank.work(purse.mosts) == messages
    orders = [trade.key[0] for trade in case.trades]
    with bank.court.engine.transaction() as tx:
        lists = tx.rows("select * from clearings where order_no = any(%(orders)s)", orders=orders)
        decisions = tx.rows("select * from decisions where order_no = any(%(orders)s)", orders=orders)
        bills = tx.rows("select order_no from tax_bills where order_no = any(%(orders)s)", orders=orders)
        used = tx.value(
            "select used from allowances where person_id = %(id)s and allowance = 'value' and year = 2024",
            id=person_id(case.number),
        )
        merchant = case.codes["merchant"]
        pledged = ledger.account(tx, accounts.pledged(merchant)).balance
        free = ledger.account(tx, accounts.available(merchant)).balance
    assert len(lists) == len(orders)
    released = [row for row in lists if row["state"] == "released"]
    assert used == YEAR_MAX - purse.year_left * FEN + sum(row["dutiable_value"] for row in released)
    assert used <= YEAR_MAX
    assert pledged == sum(row["tax"] for row in released)
    assert free == purse.deposit * FEN - pledged >= 0
    # What was not released would not fit after all that was: one after another, the released first, comes to the same.
    for row in lists:
        if row["state"] == "refused":
            assert used + row["dutiable_value"] > YEAR_MAX, format_e5(row["dutiable_value"])
        elif row["state"] == "held":
            assert row["tax"] > free, format_e5(row["tax"])
        else:
            assert row["state"] == "released"
    gone = [row["order_no"] for row in decisions if row["state"] == "released"]
    assert sorted(gone) == sorted(row["order_no"] for row in released)
    assert sorted(row["order_no"] for row in bills) == sorted(gone)


def test_the_books_are_right_after_all_of_that(bank: Bank) -> None:
    with bank.court.engine.transaction() as tx:
        assert ledger.check(tx).is_sound
        for number in ("list_no", "pre_no"):
            twice = (
                f"select {number} from clearings where {number} is not null group by 1 having count(*) > 1"
            )
            assert tx.rows(twice) == []
        assert tx.rows("select tax_no from tax_bills group by 1 having count(*) > 1") == []


def test_the_same_bytes_posted_by_two_processes_at_once_get_one_number(bank: Bank, tmp_path: Path) -> None:
    names = []
    for n in range(40):
        (tmp_path / f"{n}.xml").write_bytes(b"<the-same n='%d'/>" % n)
        names.append(tmp_path / f"{n}.xml")
    for hand in bank.hands:
        hand.tell("admit", *names)
    one, other = (hand.answer() for hand in bank.hands)
    assert [number for number, _ in one] == [number for number, _ in other]
    assert len({number for number, _ in one}) == len(names)
    assert [mine + its for (_, mine), (_, its) in zip(one, other, strict=True)] == [1] * len(names)
