"""Whole sets on a real database: as many statements for one list as for many, columns as declared, receipts in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import polars as pl
import pytest

from tests.cases.running import Case, Court, Send, filings, make
from tests.platforms.clearance.state import hold_true
from tripoint.database import Database, Transaction
from tripoint.documents.columns import TABLES, Kind
from tripoint.exchange import store as inbox
from tripoint.platforms.clearance import desk as clearance
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.records import KINDS, Arrival

DAY = date(2024, 6, 1)
STORED = sorted({name for kind in KINDS for name in (kind.table, kind.lines) if name})
MIXED = (
    {},
    {"payment": {"amount": "99.00"}},
    {"goods": [{"hs_code": "9999000001"}]},
    {"missing": ["waybill"]},
    {"list": {"app_status": "1"}},
    {"waybill": {"order_no": ""}},
    {"annual_used": {"2024": "26000.00"}},
    {"payment": {"app_type": "2"}},
)


@pytest.fixture(scope="module")
def court(new_database: Callable[..., AbstractContextManager[Database]]) -> Iterator[Court]:
    """A court all tests of this module share; each brings trades of its own."""
    with new_database() as database:
        yield Court(database)


def bring(court: Court, numbers: range) -> list[Case]:
    """Post the papers of mixed trades."""
    cases = [make(str(n), {"day": DAY, "given": MIXED[n % len(MIXED)]}, 10 * n) for n in numbers]
    court.engine.load_filings(filings(cases))
    court.send([act for case in cases for act in case.rounds[0] if isinstance(act, Send)])
    return cases


def work(court: Court) -> int:
    """One round over everything that waits; how many statements its transaction ran."""
    with court.engine.transaction() as tx:
        bench = court.engine.bench(tx)
        arrivals = [
            Arrival(**row | {"raw": bytes(row["raw"])})
            for row in inbox.claim(tx, most=10_000, bytes_most=2**40)
        ]
        before = tx.statements
        clearance.work(tx, arrivals, lambda: bench, court.clock.now())
        return tx.statements - before


def test_a_batch_of_many_runs_the_statements_of_a_batch_of_few(court: Court) -> None:
    counts = []
    for numbers in (range(8, 16), range(16, 24), range(24, 104)):  # each holds every mixture
        bring(court, numbers)
        counts.append(work(court))
    assert counts[0] == counts[1] == counts[2], counts
    hold_true(court.engine)


def test_a_batch_of_one_runs_the_statements_of_a_batch_of_many(court: Court) -> None:
    counts = []
    for numbers in (range(200, 201), range(208, 209), *(range(n, n + 1) for n in ()), range(216, 217)):
        bring(court, numbers)
        counts.append(work(court))
    cases = [make(str(n), {"day": DAY}, 10 * n) for n in range(300, 360)]
    court.send([act for case in cases for act in case.rounds[0] if isinstance(act, Send)])
    counts.append(work(court))
    assert len(set(counts)) == 1, counts


@pytest.mark.parametrize("name", STORED)
def test_stored_papers_have_the_declared_columns(name: str, tx: Transaction) -> None:
    rows = tx.rows(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'public' and table_name = %(name)s order by ordinal_position",
        name=name,
    )
    stored = {row["column_name"]: row["data_type"] for row in rows}
    full = {"timestamptz": "timestamp with time zone"}
    declared = {
        column: full.get(kind.sql_type, kind.sql_type) for column, kind in TABLES[name].columns.items()
    }
    assert {column: stored.get(column) for column in declared} == declared
    beside = {"recipient_code", "order_no"} if name != "warehouse_in_lines" else {"cop_no"}
    assert stored.keys() - declared.keys() <= beside


def test_no_column_of_the_database_is_a_binary_float(tx: Transaction) -> None:
    found = tx.rows(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'public' and data_type in ('real', 'double precision', 'money')"
    )
    assert found == []


def test_no_frame_of_papers_has_a_binary_float() -> None:
    kinds = {kind.frame_type for table in TABLES.values() for kind in table.columns.values()}
    assert not {pl.Float32(), pl.Float64()} & kinds
    assert Kind.AMOUNT.frame_type == pl.Int64()


def test_receipts_come_in_the_order_of_the_official_flow(court: Court) -> None:
    bring(court, range(400, 440))
    court.engine.work_all()
    with court.engine.transaction() as tx:
        told = answers.receipts(tx, recipient_code=None, most=answers.EVERYTHING)
    rows = [row for row in told if row["order_no"] >= "A0004000"]
    flows: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        flows.setdefault((row["order_no"], row["message_type"]), []).append(row["return_status"])
    lawful = {
        "CEB312": {"2 120", "2 120 100"},
        "CEB412": {"2 120", "2 120 100"},
        "CEB512": {"2 120", "2 120 100"},
        "CEB622": {"2", "1", "2 100", "2 120 300", "2 120 800"},
        "CEB816": {"1"},
    }
    for (_, message_type), statuses in flows.items():
        assert " ".join(statuses) in lawful[message_type], (message_type, statuses)
    assert [row["outbox_id"] for row in rows] == sorted(row["outbox_id"] for row in rows)
