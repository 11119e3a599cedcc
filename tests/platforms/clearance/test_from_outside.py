"""What reaches a round from outside it: filings, rates and deposits while it is under way, other workers, the day of arrival."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.cases.running import ARRIVAL, Case, Court, Send, filings, make
from tests.cases.trade import PAPERS
from tests.platforms.clearance.steps import DAY, paper, seen, trade, whole
from tripoint.app import Engine
from tripoint.database import Database
from tripoint.kernel.clock import FixedClock
from tripoint.platforms.clearance import desk as clearance
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.platforms.clearance.rulings import desk as rulings
from tripoint.registers.ledger import desk as ledger
from tripoint.registers.rates.files import GOODS_COLUMNS, RATE_COLUMNS
from tripoint.registers.rates.records import Register
from tripoint.settings import Settings

SOURCE = "made up for a test"
PATIENCE = 30.0
NEW_GOODS = "8802000090"


def court(database: Database, *cases: Case) -> Court:
    """An engine with the cases' filings."""
    opened = Court(database)
    opened.engine.load_filings(filings(cases))
    return opened


def posted(court: Court, *papers: Send) -> None:
    """Each paper as a message of its own."""
    for one in papers:
        court.send([one])


def another(court: Court) -> Engine:
    """Another process's engine on the same database."""
    settings = Settings(signatures=SignaturePolicy.IGNORE)
    return Engine(settings, court.engine.database, FixedClock(ARRIVAL))


def while_under_way(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, court: Court, act: Callable[[], None]
) -> None:
    """Begin a round, act from outside when it comes to a function, and let it go on; the act may have to wait for it."""
    reached, go_on = threading.Event(), threading.Event()
    real = getattr(module, name)

    def pausing(*words: Any, **named: Any) -> Any:
        if threading.current_thread().name == "round" and not reached.is_set():
            reached.set()
            go_on.wait(PATIENCE)
        return real(*words, **named)

    monkeypatch.setattr(module, name, pausing)
    under_way = threading.Thread(target=court.engine.work, name="round")
    acting = threading.Thread(target=act)
    under_way.start()
    assert reached.wait(PATIENCE)
    acting.start()
    acting.join(1.0)
    go_on.set()
    for thread in (under_way, acting):
        thread.join(PATIENCE)
        assert not thread.is_alive()


def states(court: Court) -> list[str]:
    return [state for _, _, state in seen(court.engine)["lists"]]


def test_an_enterprise_filed_while_messages_are_read_counts(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make("filed", {"day": DAY, "given": {"enterprises": {"declarant": {"filed": False}}}}, 10)
    filed = {
        "enterprise_code": case.codes["declarant"],
        "name": "示例",
        "roles": ["declarant"],
        "realtime_payment_data": False,
        "since": "2016-01-01",
        "source": SOURCE,
    }
    document = json.dumps({"generated": True, "enterprises": [filed]}).encode()
    here = court(fresh_database, case)
    posted(here, *whole(case.trades[0]))
    while_under_way(
        monkeypatch, clearance, "read", here, lambda: another(here).load_filings(document) and None
    )
    assert states(here) == ["released"]


def test_a_rate_entered_while_lists_are_judged_is_judged_by(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make("rate", {"day": DAY, "given": {"goods": [{"hs_code": NEW_GOODS}]}}, 10)
    said = {"name_zh": "飞机", "name_en": "aeroplane", "since": "2016-01-01", "source": SOURCE}
    rate = {"hs_code": NEW_GOODS, "unit_1": "035", "duty": "2 %", "vat": "13 %", "consumption_tax": "0 %"}
    goods = {"hs_prefix": NEW_GOODS[:8], "modes": "9610 1210 1239"}
    here = court(fresh_database, case)

    def enter() -> None:
        here.enter(Register.RATES, RATE_COLUMNS, [dict.fromkeys(RATE_COLUMNS, "") | said | rate])
        here.enter(Register.GOODS, GOODS_COLUMNS, [dict.fromkeys(GOODS_COLUMNS, "") | said | goods])
        another(here).rejudge()

    posted(here, *whole(case.trades[0]))
    while_under_way(monkeypatch, rulings, "_draw", here, enter)
    assert states(here) == ["released"]


def test_a_first_deposit_while_lists_are_judged_is_drawn_on(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make("deposit", {"day": DAY, "given": {"enterprises": {"merchant": {}}}}, 10)
    here = court(fresh_database, case)

    def lodge() -> None:
        other = another(here)
        with other.transaction() as tx:
            ledger.deposit(tx, case.codes["merchant"], 10**8, reference="first", at=ARRIVAL)
        other.rejudge()

    posted(here, *whole(case.trades[0]))
    while_under_way(monkeypatch, rulings, "record", here, lodge)
    assert states(here) == ["released"]


def test_filings_wait_for_a_round_and_neither_is_in_the_others_way(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make("both", {"day": DAY, "given": {"enterprises": {"merchant": {"deposit": "1000.00"}}}}, 10)
    here = court(fresh_database, case)
    lodged = {"guarantor_code": case.codes["merchant"], "amount": "5.00", "reference": "on top"}
    more = {"generated": True, "deposits": [lodged]}
    posted(here, *whole(case.trades[0]))
    loaded = []
    while_under_way(
        monkeypatch,
        rulings,
        "_draw",
        here,
        lambda: loaded.append(another(here).load_filings(json.dumps(more).encode())),
    )
    assert [one.deposits for one in loaded] == [1]
    assert states(here) == ["released"]


@pytest.mark.parametrize("kind", PAPERS)
def test_two_workers_take_what_one_sender_sent_in_its_order(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """New, withdrawn, new again: the second worker gets the last of them, while the first still reads the withdrawal."""
    its = trade(10)
    here = court(fresh_database)
    other = another(here)
    last = "list" if kind != "list" else "waybill"
    posted(here, *(paper(its, name) for name in PAPERS if name != last))
    here.engine.work_all()
    numbered = {"pre_no": "its pre-entry no"} if kind == "list" else {}
    posted(here, paper(its, kind, minutes=10, app_type="3", **numbered))
    posted(here, paper(its, kind, minutes=20, note="again"))
    monkeypatch.setattr(here.engine, "work", partial(here.engine.work, 1))
    while_under_way(monkeypatch, clearance, "read", here, lambda: other.work(1) and None)
    posted(here, paper(its, last))
    other.work_all()
    assert seen(here.engine)["faults"] == []
    assert states(here) == ["released"]


@pytest.mark.parametrize("page", [1, 5000])
def test_lists_are_judged_again_as_they_came_however_many_at_a_time(
    fresh_database: Database, page: int
) -> None:
    case = make("pages", {"day": DAY, "given": {"enterprises": {"merchant": {}}, "also": [{}]}}, 10)
    second, first = case.trades
    here = court(fresh_database, case)
    for one in (first, second):
        posted(here, *whole(one))
        here.engine.work_all()
    with here.engine.transaction() as tx:
        ledger.deposit(tx, case.codes["merchant"], 10**6, reference="for one", at=ARRIVAL)
    here.engine.rejudge(page=page)
    found = {order_no: state for order_no, _, state in seen(here.engine)["lists"]}
    assert found == {first.key[0]: "released", second.key[0]: "held"}


def test_a_list_arrives_on_the_day_its_message_came_whenever_it_is_worked_on(
    fresh_database: Database,
) -> None:
    here = court(fresh_database)
    here.clock.at = datetime(2026, 6, 1, 15, 59, tzinfo=UTC)  # one minute before midnight in China
    posted(here, *whole(trade(10)))
    came = here.clock.now()
    here.clock.at += timedelta(minutes=2)
    here.engine.work_all()
    with here.engine.transaction() as tx:
        assert tx.value("select received_at from clearings") == came


def test_a_list_that_comes_to_the_same_again_was_decided_when_it_came_to_that(
    fresh_database: Database,
) -> None:
    case = make("same", {"day": DAY, "given": {"enterprises": {"merchant": {}}}}, 10)
    here = court(fresh_database, case)
    posted(here, *whole(case.trades[0]))
    here.engine.work_all()
    here.clock.at += timedelta(hours=1)
    assert here.engine.rejudge().states.total() == 0
    with here.engine.transaction() as tx:
        assert tx.value("select decided_at from clearings where state = 'held'") == ARRIVAL
