"""Cancelling and returning through the whole engine: what release took is given back once, and every step is answered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from tests.cases.running import ARRIVAL, POST, Court, make
from tests.cases.trade import Trade
from tripoint.database import Database
from tripoint.documents.columns import (
    CANCELLATIONS,
    RETURN_REQUEST_LINES,
    RETURN_REQUESTS,
    WAREHOUSE_IN_LINES,
    WAREHOUSE_INS,
    WAYBILL_STATUSES,
)
from tripoint.kernel.money import SCALE
from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.messages.ceb.parsing import parse
from tripoint.messages.ceb.writing import write
from tripoint.platforms.clearance import desk as clearance
from tripoint.platforms.clearance.aftermath import desk as aftermath
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.registers.ledger import desk as ledger

Row = dict[str, Any]
LAWFUL = {"title": {"zh": "合法", "en": "lawful"}, "day": date(2026, 6, 1), "given": {}}
TWO = LAWFUL | {
    "given": {
        "goods": [
            {"hs_code": "0901210000", "quantity": "3", "price": "33.33"},
        ]
    }
}


@pytest.fixture
def court(fresh_database: Database) -> Court:
    return Court(fresh_database)


def released(court: Court, number: int, said: Row = LAWFUL) -> tuple[Trade, Row]:
    """A released list: its trade and its docket."""
    case = make(f"aftermath-{number}", said, 10 * number)
    court.hear([case])
    docket = of(court, case.trades[0])
    assert docket["state"] == "released"
    return case.trades[0], docket


def of(court: Court, trade: Trade) -> Row:
    with court.engine.transaction() as tx:
        row = tx.one("select * from clearings where order_no = %(no)s", no=trade.key[0])
    assert row is not None
    return row


def about(docket: Row, position: int = 0, **differs: Any) -> Row:
    """A cancellation or return of a list, as a row of its table."""
    names = [
        "order_no",
        "marketplace_code",
        "merchant_code",
        "waybill_no",
        "carrier_code",
        "declarant_code",
        "customs_code",
        "list_no",
    ]
    return {
        "message_id": 0,
        "position": position,
        "guid": f"{position:036d}",
        "app_type": "1",
        "app_time": ARRIVAL,
        "app_status": "2",
        **{name: docket[name] for name in names},
        **{f"{name}_name": "示例" for name in ("marketplace", "merchant", "carrier", "declarant", "buyer")},
        "cop_no": f"C{position}",
        "pre_no": None,
        "buyer_id_type": "1",
        "buyer_id": docket["buyer_id"],
        "buyer_telephone": "13000000000",
        "reason": "不要了",
        "note": None,
        **differs,
    }


def cancel(court: Court, *rows: Row) -> None:
    frame = pl.DataFrame(list(rows), schema=CANCELLATIONS.schema)
    post(court, write("CEB623", {"cancellations": frame}, guid=guid(court), transfer=POST))


def take_back(court: Court, row: Row, lines: list[tuple[int, str, int]]) -> None:
    frame = pl.DataFrame([row], schema=RETURN_REQUESTS.schema)
    body = pl.DataFrame(
        [
            {
                "message_id": 0,
                "position": row["position"],
                "line_no": number,
                "hs_code": hs_code,
                "goods_name": "咖啡",
                "quantity": quantity,
                "unit": "035",
                "note": None,
            }
            for number, hs_code, quantity in lines
        ],
        schema=RETURN_REQUEST_LINES.schema,
    )
    frames = {"return_requests": frame, "return_request_lines": body}
    post(court, write("CEB625", frames, guid=guid(court), transfer=POST))


def guid(court: Court) -> str:
    return f"{len(court.sent):08X}-2222-4222-8222-222222222222"


def post(court: Court, raw: bytes) -> None:
    court.post(raw)
    court.engine.work_all()


def told(court: Court, trade: Trade, *types: str) -> list[str]:
    with court.engine.transaction() as tx:
        rows = answers.receipts(tx, recipient_code=None, order_no=trade.key[0], most=1000)
    return [
        f"{row['message_type'][3:]} {row['return_status']}" for row in rows if row["message_type"] in types
    ]


def books(court: Court, docket: Row) -> tuple[int, int, int]:
    """What is pledged by the guarantor, what the buyer has used, and whether the ledger balances (0)."""
    with court.engine.transaction() as tx:
        audit = ledger.check(tx)
        assert audit.is_sound
        pledged = ledger.account(tx, f"guarantee/{docket['guarantor_code']}/pledged").balance
        used = tx.value("select used from allowances where person_id = %(id)s", id=docket["buyer_id"])
    return pledged, used, audit.total


def test_a_cancelled_list_gives_back_guarantee_and_allowance_and_its_tax_bill_is_void(court: Court) -> None:
    trade, docket = released(court, 1)
    assert books(court, docket) == (docket["tax"], docket["dutiable_value"], 0)
    cancel(court, about(docket))
    assert of(court, trade)["state"] == "cancelled"
    assert books(court, docket) == (0, 0, 0)
    assert told(court, trade, "CEB624", "CEB818") == ["624 2", "624 120", "624 399", "818 3"]


@pytest.fixture
def short_of_guarantee(court: Court) -> tuple[Row, Trade]:
    """A released list, and one that waits for its guarantee."""
    given = {"enterprises": {"merchant": {"deposit": "10.00"}}, "also": [{}]}
    case = make("short", LAWFUL | {"given": given}, 10)
    court.hear([case])
    waits, stands = (
        of(court, trade) for trade in sorted(case.trades, key=lambda one: of(court, one)["state"])
    )
    assert (waits["state"], stands["state"]) == ("held", "released")
    return stands, next(trade for trade in case.trades if trade.key[0] == waits["order_no"])


def test_a_guarantee_that_a_cancellation_frees_goes_to_the_list_that_waits_for_it(
    court: Court, short_of_guarantee: tuple[Row, Trade]
) -> None:
    stands, waits = short_of_guarantee
    cancel(court, about(stands))
    assert of(court, waits)["state"] == "released"
    assert books(court, stands)[0] == of(court, waits)["tax"]
    assert told(court, waits, "CEB622")[-2:] == ["622 300", "622 800"]


def test_a_guarantee_that_a_return_frees_goes_to_the_list_that_waits_for_it(
    court: Court, short_of_guarantee: tuple[Row, Trade]
) -> None:
    stands, waits = short_of_guarantee
    with court.engine.transaction() as tx:
        line = tx.one("select hs_code from assessed_lines where order_no = %(no)s", no=stands["order_no"])
    take_back(court, about(stands), [(1, line["hs_code"], 1 * SCALE)])
    assert of(court, waits)["state"] == "held"
    assert court.engine.confirm_return(stands["list_no"], "C0", ARRIVAL.date()) == "800"
    assert of(court, waits)["state"] == "released"


def test_a_list_is_cancelled_once(court: Court) -> None:
    trade, docket = released(court, 1)
    cancel(court, about(docket))
    cancel(court, about(docket, cop_no="AGAIN", reason="再次"))
    assert books(court, docket) == (0, 0, 0)
    assert told(court, trade, "CEB624")[-1] == "624 -623009"


def test_what_is_not_there_cannot_be_cancelled(court: Court) -> None:
    trade, docket = released(court, 1)
    cancel(court, about(docket, list_no="999920269999999999"))
    assert told(court, trade, "CEB624") == ["624 2", "624 -623003"]
    assert of(court, trade)["state"] == "released"


def test_a_return_waits_for_its_goods_and_gives_back_its_share(court: Court) -> None:
    trade, docket = released(court, 1, TWO)
    quantity = trade.lines["list"][0]["quantity"]
    assert quantity == 3 * SCALE
    hs_code = trade.lines["list"][0]["hs_code"]
    for part in range(3):
        take_back(court, about(docket, part, cop_no=f"T{part}"), [(1, hs_code, SCALE)])
    assert books(court, docket) == (docket["tax"], docket["dutiable_value"], 0)
    remaining = []
    for part in range(3):
        status = confirm(court, docket, f"T{part}", ARRIVAL.date() + timedelta(days=10))
        assert status == "800"
        remaining.append(books(court, docket)[:2])
    assert remaining[0][0] < docket["tax"]
    assert remaining[1] < remaining[0]
    assert remaining[2] == (0, 0)
    assert told(court, trade, "CEB626") == ["626 2", "626 120", "626 300"] * 3 + ["626 800"] * 3


def test_no_more_comes_back_than_was_bought(court: Court) -> None:
    trade, docket = released(court, 1, TWO)
    hs_code = trade.lines["list"][0]["hs_code"]
    take_back(court, about(docket, 0, cop_no="T0"), [(1, hs_code, 2 * SCALE)])
    take_back(court, about(docket, 1, cop_no="T1"), [(1, hs_code, 2 * SCALE)])
    assert told(court, trade, "CEB626") == ["626 2", "626 120", "626 300", "626 2", "626 100"]


def test_goods_that_come_too_late_give_nothing_back(court: Court) -> None:
    trade, docket = released(court, 1)
    hs_code = trade.lines["list"][0]["hs_code"]
    take_back(court, about(docket, cop_no="T0"), [(1, hs_code, trade.lines["list"][0]["quantity"])])
    assert confirm(court, docket, "T0", ARRIVAL.date() + timedelta(days=46)) == "100"
    assert books(court, docket) == (docket["tax"], docket["dutiable_value"], 0)
    with pytest.raises(Conflict):
        confirm(court, docket, "T0", ARRIVAL.date())


def test_returns_are_shown_page_by_page_as_they_came(court: Court) -> None:
    for number in (1, 2):
        _, docket = released(court, number)
        with court.engine.transaction() as tx:
            line = tx.one("select hs_code from assessed_lines where order_no = %(no)s", no=docket["order_no"])
        take_back(court, about(docket, cop_no=f"R{number}"), [(1, line["hs_code"], 1 * SCALE)])
    with court.engine.transaction() as tx:
        seen, after = [], ""
        while page := aftermath.returns(tx, after=after, most=1):
            seen += [row["cop_no"] for row in page]
            after = aftermath.cursor(page[-1])
        assert seen == ["R1", "R2"]
        with pytest.raises(Malformed, match="CURSOR"):
            aftermath.returns(tx, after="R2")


def test_a_return_that_came_too_early_is_the_same_one_afterwards_though_its_list_was_sealed(
    court: Court,
) -> None:
    case = make("early", LAWFUL, 10)
    late, *soon = sorted(case.rounds[0], key=lambda paper: paper.kind != "waybill")
    case.rounds = [soon]
    court.hear([case])
    docket = of(court, case.trades[0]) | {"list_no": "29912026I000000001"}
    take_back(court, about(docket), [(1, "0901210000", 1 * SCALE)])
    court.send([late])
    court.engine.work_all()
    assert of(court, case.trades[0])["list_no"] == docket["list_no"]
    with court.engine.transaction() as tx:
        assert tx.value("select count(*) from sealed_lists") == 1
    take_back(court, about(docket), [(1, "0901210000", 1 * SCALE)])
    with court.engine.transaction() as tx:
        assert tx.value("select count(*) from returns") == 0


def test_a_return_nobody_asked_for_is_unknown(court: Court) -> None:
    _, docket = released(court, 1)
    with pytest.raises(Unknown):
        confirm(court, docket, "NOBODY", ARRIVAL.date())


def test_a_list_with_a_return_on_its_way_cannot_be_cancelled(court: Court) -> None:
    trade, docket = released(court, 1)
    hs_code = trade.lines["list"][0]["hs_code"]
    take_back(court, about(docket, cop_no="T0"), [(1, hs_code, trade.lines["list"][0]["quantity"])])
    cancel(court, about(docket))
    assert told(court, trade, "CEB624") == ["624 2", "624 -623005"]
    assert of(court, trade)["state"] == "released"


def test_a_return_and_a_cancellation_of_one_round_are_worked_on_as_they_came(court: Court) -> None:
    trade, docket = released(court, 1)
    with court.engine.transaction() as tx:
        line = tx.one("select hs_code from assessed_lines where order_no = %(no)s", no=docket["order_no"])
    work_all, court.engine.work_all = court.engine.work_all, lambda: None
    take_back(court, about(docket), [(1, line["hs_code"], 1 * SCALE)])
    cancel(court, about(docket))
    work_all()
    assert of(court, trade)["state"] == "released"
    assert told(court, trade, "CEB624")[-1] == "624 -623005"


def test_arrivals_and_signatures_are_noted_and_answered(court: Court) -> None:
    _trade, docket = released(court, 1)
    place = {
        "message_id": 0,
        "position": 0,
        "guid": "A" * 36,
        "app_type": "1",
        "app_time": ARRIVAL,
        "app_status": "2",
    }
    status = place | {
        "carrier_code": docket["carrier_code"],
        "carrier_name": "示例",
        "waybill_no": docket["waybill_no"],
        "status": "S",
        "status_at": ARRIVAL,
        "note": None,
    }
    signed = pl.DataFrame([status], schema=WAYBILL_STATUSES.schema)
    post(court, write("CEB513", {"waybill_statuses": signed}, guid=guid(court), transfer=POST))
    head = dict.fromkeys(WAREHOUSE_INS.columns, None) | place
    head |= {
        "customs_code": docket["customs_code"],
        "operator_code": "0000A00007",
        "operator_name": "示例监管场所",
        "direction": "I",
        "transport_mode": "5",
        "transport_no": "CA123",
        "voyage_no": "CA123",
        "bill_no": "B1",
        "carrier_code": docket["carrier_code"],
        "carrier_name": "示例",
    }
    line = {"message_id": 0, "position": 0, "line_no": 1, "waybill_no": docket["waybill_no"], "note": None}
    arrived = {
        "warehouse_ins": pl.DataFrame([head], schema=WAREHOUSE_INS.schema),
        "warehouse_in_lines": pl.DataFrame([line], schema=WAREHOUSE_IN_LINES.schema),
    }
    post(court, write("CEB711", arrived, guid=guid(court), transfer=POST))
    with court.engine.transaction() as tx:
        told = answers.receipts(tx, recipient_code=None, most=answers.EVERYTHING)
    rows = [row for row in told if row["message_type"] in ("CEB514", "CEB712")]
    assert [(row["message_type"], row["return_status"]) for row in rows] == [
        ("CEB514", "2"),
        ("CEB514", "120"),
        ("CEB712", "2"),
        ("CEB712", "120"),
        ("CEB712", "399"),
    ]
    assert rows[-1]["warehouse_in_no"] == f"{docket['customs_code']}2026R000000001"


def test_every_answer_can_be_written_in_the_official_form(court: Court) -> None:
    trade, docket = released(court, 1)
    hs_code = trade.lines["list"][0]["hs_code"]
    take_back(court, about(docket, cop_no="T0"), [(1, hs_code, trade.lines["list"][0]["quantity"])])
    confirm(court, docket, "T0", ARRIVAL.date())
    _, other = released(court, 2)
    cancel(court, about(other))
    with court.engine.transaction() as tx:
        sent = answers.outgoing(tx, recipient_code=None, most=1000, seal=None)
    types = {one.message_type for one in sent}
    assert types == {"CEB312", "CEB412", "CEB512", "CEB622", "CEB624", "CEB626", "CEB816", "CEB818"}
    for one in sent:
        assert parse(one.body).head.message_type == one.message_type


def test_the_journal_tells_of_a_cancellation(court: Court) -> None:
    _trade, docket = released(court, 1)
    cancel(court, about(docket))
    with court.engine.transaction() as tx:
        explained = enquiries.explain(tx, docket["list_no"])
    assert [entry.what for entry in explained.journal if entry.kind == "decision"] == [
        "released",
        "cancelled",
    ]
    assert explained.state == "cancelled"


def confirm(court: Court, docket: Row, cop_no: str, day: date) -> str:
    with court.engine.transaction() as tx:
        return clearance.confirm_return(tx, docket["list_no"], cop_no, day, court.engine.bench(tx), ARRIVAL)
