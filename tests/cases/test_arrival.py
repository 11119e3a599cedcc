"""Whatever order papers come in, in one round or in four, a list comes out the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from tests.cases.running import Case, Court, make
from tests.cases.test_cases import read_outcomes
from tests.cases.trade import PAPERS
from tripoint.database import Database

Row = dict[str, Any]
DAY = date(2024, 6, 1)
ORDERS = list(permutations(PAPERS))
TRADES: dict[str, Row] = {
    "lawful": {},
    "bonded": {"mode": "1210"},
    "a waybill that names no order": {"waybill": {"order_no": ""}},
    "a payment of another amount": {"payment": {"amount": "99.00"}},
    "a list of another buyer": {"list": {"buyer_name": "赵六"}},
    "goods without a rate": {"goods": [{"hs_code": "9999000001"}]},
    "a note": {"waybill": {"weight": "1.10"}},
    "the year used up": {"annual_used": {"2024": "26000.00"}},
    "no guarantee": {"enterprises": {"merchant": {}}},
    "everything at once": {
        "payment": {"payer_name": "赵六", "amount": "99.00"},
        "waybill": {"consignee": "赵六"},
        "list": {"buyer_telephone": "13000009999", "net_weight": "2.00"},
    },
    "a payment for another order": {"payment": {"order_no": "B0000031"}},
    "a waybill for another order": {"waybill": {"order_no": "B0000032"}},
}
WAITS = {"a payment for another order": "payment", "a waybill for another order": "waybill"}


def cases(rounds: int) -> list[Case]:
    """Every trade in every order of arrival; in one round, or in as many as there are papers."""
    made = []
    for name, given in TRADES.items():
        for order in ORDERS:
            said = {"day": DAY, "given": given | {"sent": list(order)}}
            if rounds > 1:
                said = {
                    "day": DAY,
                    "given": given | {"sent": []},
                    "then": [{"send": [kind]} for kind in order],
                }
            made.append(make(f"{name}: {' '.join(order)}", said, 10 * (len(made) + 1)))
    return made


@pytest.mark.parametrize("rounds", [1, 4])
def test_all_orders_of_arrival_come_to_one_outcome(
    rounds: int, new_database: Callable[..., AbstractContextManager[Database]]
) -> None:
    with new_database() as database:
        court = Court(database)
        heard = cases(rounds)
        court.hear(heard)
        found = read_outcomes(court, heard)
    for name in TRADES:
        mine = {case: rows[0] for case, rows in found.items() if case.startswith(f"{name}:")}
        assert len(mine) == len(ORDERS)
        said = {(r["outcome"], tuple(r["findings"]), r["waits_for"], r["tax"]) for r in mine.values()}
        assert len(said) == 1, {case: (r["outcome"], r["findings"]) for case, r in mine.items()}
        assert said.pop()[2] == WAITS.get(name, "")
        assert {tuple(sorted(r["receipts"][-1:])) for r in mine.values()} != {()}
