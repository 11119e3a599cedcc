"""Receipts are found again, all of them and in order, however they are asked for; also those of an older database."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import polars as pl
import pytest

from tests.cases.running import ARRIVAL, Court, Send, filings, make
from tripoint.app import Engine
from tripoint.database import Database, Transaction
from tripoint.database.migration import FOLDER
from tripoint.exchange import store as exchange
from tripoint.kernel.clock import FixedClock
from tripoint.pipeline.receipts import BILL, RECEIPTS
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.answers import store
from tripoint.platforms.clearance.enquiries import desk as enquiries

DAY = date(2024, 6, 1)
KINDS = (
    {},
    {"payment": {"amount": "99.00"}},
    {"missing": ["waybill"]},
    {"list": {"app_status": "1"}},
    {"waybill": {"order_no": ""}},
    {"payment": {"app_type": "2"}},
)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def court(new_database: Callable[..., AbstractContextManager[Database]]) -> Iterator[Court]:
    """Trades of many outcomes, worked on in rounds of three messages, a second apart; one message sent twice."""
    with new_database() as database:
        made = Court(database)
        cases = [make(str(n), {"day": DAY, "given": KINDS[n % len(KINDS)]}, 10 * (n + 1)) for n in range(12)]
        made.engine.load_filings(filings(cases))
        made.send([act for case in cases for act in case.rounds[0] if isinstance(act, Send)])
        made.engine.admit(b"<nothing/>", sender_code="1111111111")
        again = [act for case in cases[:2] for act in case.rounds[0] if isinstance(act, Send)]
        seconds = 0
        while made.engine.work(3) is not None:
            seconds += 1
            made.engine.clock = FixedClock(ARRIVAL.replace(second=seconds % 60, minute=seconds // 60))
        made.send(again)
        made.engine.work_all()
        yield made


def everything(tx: Transaction) -> list[Row]:
    return answers.receipts(tx, recipient_code=None, most=answers.EVERYTHING)


def paged(tx: Transaction, size: int, **filters: Any) -> list[Row]:
    """All receipts a page at a time."""
    found: list[Row] = []
    while page := answers.receipts(tx, after=found[-1]["receipt_id"] if found else 0, most=size, **filters):
        assert len(page) <= size
        found += page
    return found


def ask_in_every_way(engine: Engine) -> None:
    """Whatever is asked for is what a look through everything finds."""
    with engine.transaction() as tx:
        told = everything(tx)
        numbers = [row["receipt_id"] for row in told]
        assert numbers == sorted(set(numbers))
        for recipient in sorted({row["recipient_code"] for row in told}):
            mine = [row for row in told if row["recipient_code"] == recipient]
            for size in (1, 3, 1000):
                assert paged(tx, size, recipient_code=recipient) == mine
        for status in sorted({row["return_status"] for row in told}):
            mine = [row for row in told if row["return_status"] == status]
            assert paged(tx, 2, recipient_code=None, return_status=status) == mine
        bills = [row for row in told if row["message_type"] == "CEB816"]
        assert paged(tx, 2, recipient_code=None, message_type="CEB816") == bills
        for order_no in sorted({row["order_no"] for row in told} - {""}):
            mine = [row for row in told if row["order_no"] == order_no]
            assert paged(tx, 2, recipient_code=None, order_no=order_no) == mine
        for message_id in sorted({row["answers"] for row in told}):
            mine = [row for row in told if row["answers"] == message_id]
            assert paged(tx, 1000, recipient_code=None, answers=message_id) == mine
            sent = [row["outbox_id"] for row in answers.answering(tx, message_id)]
            assert sent == sorted({row["outbox_id"] for row in mine})
        tallies = {
            (row["message_type"], row["return_status"]): row["receipts"] for row in answers.tallies(tx)
        }
        kinds = [(row["message_type"], row["return_status"]) for row in told]
        assert tallies == {kind: kinds.count(kind) for kind in kinds}


def test_receipts_are_found_by_recipient_order_message_type_and_status(court: Court) -> None:
    ask_in_every_way(court.engine)


def test_a_message_may_answer_many_and_says_which_only_where_it_is_one(court: Court) -> None:
    with court.engine.transaction() as tx:
        told = everything(tx)
        for row in exchange.outgoing(tx, after=0, most=10_000):
            mine = [one for one in told if one["outbox_id"] == row["outbox_id"]]
            answered = {one["answers"] for one in mine}
            assert row["receipts"] == len(mine)
            assert row["answers"] == (answered.pop() if len(answered) == 1 else None)
            assert answers.carried(tx, row["outbox_id"]) == mine


def test_the_journal_of_a_list_tells_papers_sent_again(court: Court) -> None:
    with court.engine.transaction() as tx:
        told = [row for row in everything(tx) if row["return_info"].startswith("重复报送")]
        assert told
        journal = enquiries.explain(tx, next(row["order_no"] for row in told if row["order_no"])).journal
    assert any(entry.kind == "receipt" and "重复报送" in entry.details.get("info", "") for entry in journal)


def as_before(tx: Transaction, chance: random.Random) -> list[Row]:
    """Put everything back into the tables of before 0007; receipts of one moment were numbered before they were packed."""
    schema = {name: dtype for name, dtype in store.STORED.items() if name not in BILL}
    told = pl.DataFrame(everything(tx), schema=schema)
    mixed = []
    for _, moment in told.group_by("return_time", maintain_order=True):
        packs = [pack.rows(named=True) for _, pack in moment.group_by("outbox_id", maintain_order=True)]
        numbers = iter(moment["receipt_id"])
        while left := [pack for pack in packs[:3] if pack]:
            row = chance.choice(left).pop(0)
            mixed.append(row | {"receipt_id": next(numbers)})
            packs = [pack for pack in packs if pack]
    columns = ", ".join(
        f"{name} {'bigint' if dtype == pl.Int64 else 'integer' if dtype == pl.Int32 else 'text'}"
        for name, dtype in RECEIPTS.items()
        if name not in BILL
    )
    tx.script(
        f"create table receipts (receipt_id bigint, outbox_id bigint, {columns}, return_time timestamptz);"
        "drop index outbox_about; alter table outbox add column body bytea;"
        "update outbox set body = 'kept'::bytea where outbox_id % 3 = 0;"
        "alter table outbox drop column block, drop column first_receipt, drop column last_receipt, drop column statuses;"
        "drop table receipt_blocks, outbox_bodies, receipt_tallies, given_pre_nos, retold_orders;"
    )
    old = pl.DataFrame(mixed, schema=schema)
    tx.copy("receipts", old)
    return old.sort("receipt_id").to_dicts()


def test_receipts_of_an_older_database_are_found_as_they_were(court: Court) -> None:
    with court.engine.transaction() as tx:
        plain = {row["outbox_id"]: row for row in exchange.outgoing(tx, after=0, most=10_000)}
        old = as_before(tx, random.Random(7))
        tx.script((FOLDER / "0007_receipts.sql").read_text(encoding="utf-8"))
    with court.engine.transaction() as tx:
        assert everything(tx) == old
        now = {row["outbox_id"]: row for row in exchange.outgoing(tx, after=0, most=10_000)}
        assert {key: row | {"block": 0} for key, row in now.items()} == {
            key: row | {"block": 0} for key, row in plain.items()
        }
    ask_in_every_way(court.engine)
    with court.engine.transaction() as tx:
        sent = answers.outgoing(tx, recipient_code=None, most=10_000, seal=None)
    assert {one.outbox_id for one in sent if one.body == b"kept"} == {key for key in plain if key % 3 == 0}
    assert all(one.body.startswith(b"<ceb:CEB") for one in sent if one.body != b"kept")
    while court.engine.write_answers() is not None:
        pass
    assert court.engine.unwritten() == 0
