"""The two hands of a worker: where much waits one reads while the other writes, else one round follows another."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest

from tests.cases.running import Court, Send, filings, make, written
from tripoint.database import Database
from tripoint.exchange import store as inbox
from tripoint.platforms.clearance.rulings import desk as rulings


@pytest.mark.parametrize(("room", "is_beside"), [(1, True), (2**30, False)])
def test_the_next_messages_are_taken_while_these_are_written_down_where_a_round_was_half_full(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, room: int, is_beside: bool
) -> None:
    engine = Court(fresh_database).engine
    case = make("one", {"day": date(2024, 6, 1), "given": {}}, 10)
    engine.load_filings(filings([case]))
    papers = [act for act in case.rounds[0] if isinstance(act, Send)]
    for at, act in enumerate(papers):
        engine.admit(written([act], at))
    engine.round_bytes = room
    other = threading.Thread(target=engine.work)
    taking, seen = threading.Event(), []
    record, claim = rulings.record, inbox.claim

    def recording(*rest: Any) -> None:
        if not seen:
            other.start()
            seen.append(taking.wait(10 if is_beside else 0.5))
        record(*rest)

    def claiming(*rest: Any, **more: Any) -> Any:
        if threading.current_thread() is other:
            taking.set()
        return claim(*rest, **more)

    monkeypatch.setattr(rulings, "record", recording)
    monkeypatch.setattr(inbox, "claim", claiming)
    engine.work()
    other.join(30)
    assert seen == [is_beside]
    assert taking.is_set()
    engine.work_all()
    with engine.transaction() as tx:
        assert tx.value("select state from clearings") == "released"
