"""No message stops the round for the others: what fails alone is given up, told as our own fault, and kept for later."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from tests.attacks.scene import PAPERS, Scene, paper, papers, trade
from tripoint.kernel.refusals import Busy
from tripoint.platforms.clearance.papers import desk as papers_desk
from tripoint.platforms.clearance.papers.reading import Mail

MARK = "PLANTED-POISON"
BUYER = "王甲"


def plant(monkeypatch: pytest.MonkeyPatch, fault: Callable[[], BaseException]) -> None:
    """Let every round fail that holds an order with the mark in its note."""
    honest = papers_desk.take

    def take(tx: Any, mail: Mail, *rest: Any) -> Any:
        orders = mail.papers.get("orders")
        if orders is not None and orders.filter(pl.col("note") == MARK).height:
            raise fault()
        return honest(tx, mail, *rest)

    monkeypatch.setattr(papers_desk, "take", take)


def poisoned(number: int) -> bytes:
    made = trade(number)
    made.heads["order"]["note"] = MARK
    return paper(made, "order")


def test_a_round_that_takes_the_database_too_long_is_done_in_halves(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for raw in papers(trade(10)):
        scene.post(raw)
    honest, tried = papers_desk.take, []

    def take(tx: Any, mail: Mail, *rest: Any) -> Any:
        tried.append(len(mail.letters))
        if len(mail.letters) > 1:
            tx.run("set local statement_timeout = '50ms'")
            tx.run("select pg_sleep(10)")
        return honest(tx, mail, *rest)

    monkeypatch.setattr(papers_desk, "take", take)
    assert scene.engine.work_all().messages == 4
    assert tried == [4, 2, 1, 3, 1, 2, 1, 1]
    assert scene.state(trade(10)) == "released"


class Panic(pl.exceptions.PanicException):  # type: ignore[misc]
    """What polars raises where its own code panics: no Exception."""


@pytest.mark.parametrize("kind", [AssertionError, Panic])
def test_the_others_are_worked_on_and_the_fault_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: type[BaseException]
) -> None:
    plant(monkeypatch, lambda: kind(f"the buyer {BUYER} has 110101199003070134"))
    trades = [trade(10 + n) for n in range(5)]
    for made in trades[:3]:
        for raw in papers(made):
            scene.post(raw)
    scene.engine.admit(poisoned(99), sender_code="0000A00001")
    for made in trades[3:]:
        for raw in papers(made):
            scene.post(raw)
    scene.post(poisoned(98))
    with caplog.at_level(logging.ERROR):
        worked = scene.engine.work_all()
    assert worked.unreadable == 2
    assert [scene.state(made) for made in trades] == ["released"] * 5
    given_up = scene.rows("select state, refusal_code from messages where refusal_code is not null")
    assert given_up == [{"state": "unreadable", "refusal_code": "WIRE-00"}] * 2
    told = [out for out in scene.outgoing("0000A00001") if out.message_type == "CEB900"]
    assert len(told) == 1
    assert "WIRE-00" in told[0].body.decode()
    assert "110101199003070134" not in told[0].body.decode().split("<![CDATA[")[0]
    assert kind.__qualname__ in caplog.text
    assert "test_poison.py" in caplog.text
    assert BUYER not in caplog.text
    assert "110101199003070134" not in caplog.text


def test_a_busy_database_is_no_fault_of_the_message(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, lambda: Busy("DATABASE-GONE", "忙", "busy", retry_after_seconds=1))
    scene.post(poisoned(99))
    with pytest.raises(Busy):
        scene.engine.work()
    assert scene.rows("select state from messages") == [{"state": "received"}]


def test_where_nothing_can_be_worked_on_no_message_is_given_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("broken for everybody")

    monkeypatch.setattr(papers_desk, "take", broken)
    for raw in papers(trade(10)):
        scene.post(raw)
    with pytest.raises(AssertionError, match="broken for everybody"):
        scene.engine.work()
    assert {row["state"] for row in scene.rows("select state from messages")} == {"received"}


def test_what_was_given_up_is_worked_on_again_once_mended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trade(10)
    made.heads["order"]["note"] = MARK
    with monkeypatch.context() as while_broken:
        plant(while_broken, lambda: AssertionError("planted"))
        scene.bring(*papers(made))
    assert scene.state(made) == "waiting"
    assert scene.engine.try_again() == 1
    scene.engine.work_all()
    assert scene.state(made) == "released"
    assert scene.engine.try_again() == 0


def test_one_round_takes_no_more_than_its_size(scene: Scene) -> None:
    scene.engine.round_bytes = 1
    for raw in papers(trade(10)):
        scene.post(raw)
    worked = scene.engine.work()
    assert worked is not None
    assert worked.messages == 1
    assert scene.engine.work_all().messages == len(PAPERS) - 1
