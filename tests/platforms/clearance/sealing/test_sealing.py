"""What is settled is one row and its messages; made live again it is just what it would have been, had it never been sealed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cases.running import Court, Send, filings, make
from tests.platforms.clearance.state import hold_true, state_of
from tripoint.app import Engine
from tripoint.database import Database
from tripoint.kernel.clock import FixedClock
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.platforms.clearance.papers import desk as papers
from tripoint.platforms.clearance.rulings import desk as rulings
from tripoint.rehearsal import Plan, Signed, generate
from tripoint.rehearsal.repack import repack
from tripoint.settings import Settings

LAWFUL = {"title": {"zh": "合法", "en": "lawful"}, "day": date(2026, 6, 1), "given": {}}
LIVE = (
    "orders",
    "order_lines",
    "payments",
    "waybills",
    "lists",
    "list_lines",
    "paper_versions",
    "live_clearings",
)
VIEWS = ("clearings", "decisions", "assessed_lines", "tax_bills", "allowance_uses")


@pytest.fixture
def court(fresh_database: Database) -> Court:
    return Court(fresh_database)


def counts(court: Court) -> dict[str, int]:
    with court.engine.transaction() as tx:
        return {
            table: tx.value(f"select count(*) from {table}")  # type: ignore[arg-type]
            for table in (*LIVE, "sealed_lists")
        }


def shown(court: Court) -> dict[str, list[dict[str, Any]]]:
    """What everybody sees of lists, live or sealed."""
    with court.engine.transaction() as tx:
        return {view: tx.rows(f"select * from {view} order by 1, 2, 3") for view in VIEWS}  # type: ignore[arg-type]


def test_a_list_released_on_whole_papers_is_one_row_and_nothing_live(court: Court) -> None:
    court.hear([make("sealed", LAWFUL, 10)])
    assert counts(court) == dict.fromkeys(LIVE, 0) | {"sealed_lists": 1}
    with court.engine.transaction() as tx:
        summary = enquiries.summary(tx)
    assert [(row["state"], row["lists"]) for row in summary["states"]] == [("released", 1)]


@pytest.mark.parametrize("last", ["order", "payment", "waybill", "list"])
def test_a_list_whose_papers_came_one_after_the_other_is_sealed_as_well(court: Court, last: str) -> None:
    case = make("sealed", LAWFUL, 10)
    court.engine.load_filings(filings([case]))
    acts = [act for act in case.rounds[0] if isinstance(act, Send)]
    for act in sorted(acts, key=lambda act: act.kind == last):
        court.send([act])
        court.engine.work_all()
    assert counts(court) == dict.fromkeys(LIVE, 0) | {"sealed_lists": 1}
    hold_true(court.engine)


def test_what_arrives_later_makes_it_live_just_as_it_was(court: Court) -> None:
    cases = [make(f"sealed-{n}", LAWFUL, 10 * n) for n in (1, 2, 3)]
    court.hear(cases)
    before = shown(court)
    (payment,) = [act for act in cases[1].rounds[0] if isinstance(act, Send) and act.kind == "payment"]
    court.send([payment])  # the same paper in another message
    court.engine.work_all()
    assert counts(court) == {
        "orders": 1, "order_lines": 1, "payments": 1, "waybills": 1, "lists": 1, "list_lines": 1, "paper_versions": 4,
        "live_clearings": 1, "sealed_lists": 2,
    }  # fmt: skip
    assert shown(court) == before
    hold_true(court.engine)
    with court.engine.transaction() as tx:
        assert [row["lists"] for row in enquiries.summary(tx)["states"]] == [3]


def test_a_sealed_list_is_explained_with_its_papers_read_from_their_messages(court: Court) -> None:
    case = make("sealed", LAWFUL, 10)
    court.hear([case])
    with court.engine.transaction() as tx:
        told = enquiries.explain(tx, case.trades[0].key[0])
    came = [entry for entry in told.journal if entry.kind == "arrival"]
    assert sorted(entry.what for entry in came) == ["list", "order", "payment", "waybill"]
    assert all(entry.details["app_time"] and entry.details["number"] for entry in came)
    assert [entry.what for entry in told.journal if entry.kind == "decision"] == ["released"]
    assert told.tax_lines


def never_sealed(lists: pl.DataFrame, _papers: object) -> pl.DataFrame:
    return lists.clear().select("row", "list.order_no")


def none_fresh(taken: pl.DataFrame, *_: object) -> pl.DataFrame:
    return taken.clear().select("order_no")


def test_whole_traffic_comes_to_the_same_as_without_sealing(
    new_database: Callable[..., AbstractContextManager[Database]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    generate(Plan(trades=90, first_day=date(2024, 6, 3), anomalies=0.5, signed=Signed.RSA, seed=3), whole)
    repack(whole, cut, seed=5, per_message=17, times=1)

    def come_to() -> tuple[dict[str, Any], int]:
        with new_database() as database:
            engine = Engine(Settings(), database, FixedClock(datetime(2024, 7, 1, 4, tzinfo=UTC)))
            engine.seed_rates()
            engine.load_filings((cut / "filings.json").read_bytes())
            for path in sorted((cut / "papers").iterdir()):
                engine.admit(path.read_bytes())
            while engine.work(10) is not None:
                pass
            hold_true(engine)
            with engine.transaction() as tx:
                return state_of(engine), tx.value("select count(*) from sealed_lists")

    state, sealed = come_to()
    assert sealed > 20
    monkeypatch.setattr(rulings, "settled", never_sealed)
    monkeypatch.setattr(papers, "fresh_orders", none_fresh)
    assert come_to() == (state, 0)
