"""What never happens (docs/internals/architecture.md): a test for each sentence, or the place where its test stands."""

from __future__ import annotations

import importlib
import logging
import re
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import polars as pl
import pytest

from tests.cases.running import ARRIVAL, Case, Court, Send, filings, make
from tests.platforms.clearance.state import hold_true
from tripoint.app import Engine
from tripoint.database import Database, Transaction
from tripoint.kernel.clock import FixedClock
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.regimes.findings import load_findings
from tripoint.settings import Settings

DAY = date(2024, 6, 1)
TWO = [
    {},
    {
        "price": "50.00",
        "hs_code": "3304990029",
        "unit": "011",
        "unit_1": "035",
        "unit_2": "011",
        "quantity_2": "1",
    },
]
MANY: tuple[dict[str, Any], ...] = (
    {},
    {"goods": TWO, "freight": "10.01", "insurance": "0.03"},
    {"payment": {"payer_id": "91000019900101001X", "amount": "99.00"}},
    {"list": {"buyer_id": "910000199001010011", "buyer_telephone": "13000009999", "buyer_name": "赵六"}},
    {"waybill": {"consignee_telephone": "13000009999", "consignee": "赵六"}},
    {"annual_used": {"2024": "26000.00"}},
    {"wire": {"list": {"buyerIdNumber": "9" * 70}}},
    {"wire": {"payment": {"payerIdNumber": ""}}},
    {"wire": {"order": {"buyerTelephone": "13000001234" * 4}}},
    {"enterprises": {"merchant": {}}},
    {"goods": [{"hs_code": "9999000001"}]},
)
HOSTILE = {
    "an external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><CEB621Message>&x;</CEB621Message>',
    "a foreign DTD": b'<!DOCTYPE a SYSTEM "http://192.0.2.1/x.dtd"><CEB621Message/>',
    "a bomb of entities": b"<!DOCTYPE a [<!ENTITY a0 'aaaaaaaaaa'>"
    + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><CEB621Message>&a11;</CEB621Message>",
    "great depth": b"<a>" * 200_000 + b"</a>" * 200_000,
    "broken UTF-8": b"<CEB621Message>\xff\xfe\xc3\x28</CEB621Message>",
    "no XML at all": b"\x00\x01\x02" * 1000,
}


def places() -> tuple[str, ...]:
    """Where the other sentences are proved: module and test."""
    processes = "tests.platforms.clearance.test_processes"
    return (
        f"{processes}:test_what_was_acknowledged_is_there_after_the_process_was_killed",
        f"{processes}:test_a_process_killed_anywhere_in_a_round_leaves_nothing_half_done",
        f"{processes}:test_two_processes_never_overdraw_a_year_or_a_guarantee_and_decide_each_list_once",
        "tests.platforms.clearance.test_again:test_the_same_traffic_on_another_way_comes_to_the_same",
        "tests.platforms.clearance.test_sets:test_no_column_of_the_database_is_a_binary_float",
        "tests.house.test_code:test_money_bearing_floors_know_no_binary_floating_point",
        "tests.pipeline.test_receipts:test_no_finding_shows_a_personal_number",
    )


@pytest.mark.parametrize("place", places())
def test_the_other_proofs_stand_where_they_are_said_to(place: str) -> None:
    module, _, name = place.partition(":")
    assert callable(getattr(importlib.import_module(module), name))


class Heard:
    """A court that heard many cases, what it logged, and the types of every frame that crossed to the database."""

    def __init__(self, court: Court, cases: list[Case], log: str, types: set[pl.DataType]) -> None:
        self.court, self.cases, self.log, self.types = court, cases, log, types


@pytest.fixture(scope="module")
def heard(new_database: Callable[..., AbstractContextManager[Database]]) -> Iterator[Heard]:
    """Many cases heard under watch."""
    types: set[pl.DataType] = set()
    lines: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    patch = pytest.MonkeyPatch()
    for name in ("copy", "stage"):
        whole = getattr(Transaction, name)

        def watched(
            self: Transaction, table: str, frame: pl.DataFrame, *more: Any, _do: Any = whole, **rest: Any
        ) -> Any:
            types.update(frame.schema.dtypes())
            return _do(self, table, frame, *more, **rest)

        patch.setattr(Transaction, name, watched)
    cases = [make(str(n), {"day": DAY, "given": given}, 10 * (n + 1)) for n, given in enumerate(MANY)]
    with new_database() as database:
        court = Court(database)
        court.hear(cases)
        yield Heard(court, cases, "\n".join(lines), types)
    patch.undo()
    logging.getLogger().removeHandler(handler)


def test_no_amount_crosses_to_the_database_as_a_binary_float(heard: Heard) -> None:
    assert pl.Int64() in heard.types
    assert not {pl.Float32(), pl.Float64()} & heard.types


def test_every_sum_is_its_parts(heard: Heard) -> None:
    hold_true(heard.court.engine)


def test_no_personal_number_leaves_in_a_receipt_a_finding_a_fault_or_a_log(heard: Heard) -> None:
    secrets = {"9" * 18, "91000019900101001X", "910000199001010011", "13000009999", "13000001234"}
    for case in heard.cases:
        for trade in case.trades:
            secrets |= {str(trade.heads["list"]["buyer_id"]), str(trade.heads["payment"]["payer_id"])}
    with heard.court.engine.transaction() as tx:
        told = [str(row) for row in answers.receipts(tx, recipient_code=None, most=answers.EVERYTHING)]
        told += [str(row) for row in tx.rows("select * from findings")]
        told += [str(row) for row in tx.rows("select * from paper_faults")]
        told += [str(row) for row in tx.rows("select refusal_text from messages")]
        told += [out.body.decode() for out in answers.outgoing(tx, recipient_code=None, most=1000, seal=None)]
    text = "\n".join([*told, heard.log])
    assert "[Code:" in text
    assert [secret for secret in sorted(secrets) if secret in text] == []


def test_a_refusal_says_field_values_rule_and_repair(heard: Heard) -> None:
    texts = load_findings()
    with heard.court.engine.transaction() as tx:
        refused = tx.rows(
            "select order_no, marketplace_code from clearings where state in ('refused', 'held')"
        )
        assert len(refused) >= 5
        for row in refused:
            found = tx.rows(
                "select code, field, value, severity from findings where order_no = %(no)s",
                no=row["order_no"],
            )
            told = [
                str(r["return_info"])
                for r in answers.receipts(
                    tx, recipient_code=None, order_no=str(row["order_no"]), message_type="CEB622"
                )
                if r["return_status"] in ("100", "300")
            ]
            for finding in found:
                if finding["severity"] == "note":
                    continue
                its = texts[finding["code"]]
                assert any(
                    (its.wire_text or its.text.zh) in text and finding["value"] in text for text in told
                )
                assert its.source
                assert its.repair.zh
            explained = str(enquiries.explain(tx, row["order_no"]))
            assert all(texts[f["code"]].repair.zh in explained and f["field"] in explained for f in found)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_message_is_refused_in_bounded_memory_and_nothing_is_fetched(
    what: str, heard: Heard
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    number = heard.court.engine.admit(HOSTILE[what]).message_id
    heard.court.engine.work_all()
    with heard.court.engine.transaction() as tx:
        row = tx.one(
            "select state, refusal_code, refusal_text from messages where message_id = %(id)s", id=number
        )
        assert row is not None
        assert row["state"] == "unreadable"
        assert re.fullmatch(r"[A-Z]+-[0-9A-Z-]+", str(row["refusal_code"]))
        assert "root:" not in str(row["refusal_text"])
        told = answers.receipts(tx, recipient_code=None, answers=number)
        assert [row["message_type"] for row in told] == ["CEB900"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_an_unsigned_declaration_is_not_acted_upon(
    new_database: Callable[..., AbstractContextManager[Database]],
) -> None:
    with new_database() as database:
        court = Court(database)
        court.engine = Engine(Settings(), database, FixedClock(ARRIVAL))  # signatures are required by default
        case = make("unsigned", {"day": DAY}, 10)
        court.engine.load_filings(filings([case]))
        court.send([act for act in case.rounds[0] if isinstance(act, Send)])
        court.engine.work_all()
        with court.engine.transaction() as tx:
            for table in (
                "orders",
                "payments",
                "waybills",
                "lists",
                "clearings",
                "allowance_uses",
                "tax_bills",
            ):
                assert tx.value(f"select count(*) from {table}") == 0
            codes = {
                row["code"] for row in tx.rows("select code from paper_faults where severity = 'refuse'")
            }
        assert codes == {"SIGN-01"}
