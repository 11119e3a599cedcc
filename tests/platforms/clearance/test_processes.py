"""Processes that die and processes that fight: nothing promised is lost, nothing is decided twice or overdrawn."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from tests.cases.running import Case, Court, Send, filings, make
from tests.house.checkout import ROOT
from tests.platforms.clearance.labourer import KILLED_AT
from tests.platforms.clearance.state import hold_true, state_of
from tripoint.database import Database, Supervisor
from tripoint.exchange import store as inbox

DAY = date(2024, 6, 1)
TEN = {"goods": [{"price": "1000.00"}]}


class Yard:
    """A court whose messages lie in the inbox unread, and the processes that may read them."""

    def __init__(self, database: Database, server: Supervisor) -> None:
        self.court = Court(database)
        self.engine = self.court.engine
        with self.engine.transaction() as tx:
            self.url = server.conninfo(str(tx.value("select current_database()")))

    def fill(self, cases: list[Case], per_message: int = 1) -> None:
        """Post every paper of the cases, mixed up in a fixed way, and let nobody work."""
        self.court.engine.load_filings(filings(cases))
        papers = [act for case in cases for act in case.rounds[0] if isinstance(act, Send)]
        for at, paper in enumerate(papers):
            paper.place = (at * 7) % (len(papers) // per_message)
        self.court.send(papers)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A process of the labourer."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.platforms.clearance.labourer", self.url, *words],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.fixture
def yard(fresh_database: Database, server: Supervisor) -> Yard:
    """A yard on a database of its own."""
    return Yard(fresh_database, server)


def some_cases(number: int) -> list[Case]:
    """Trades of many outcomes."""
    kinds = [
        {},
        {"payment": {"amount": "99.00"}},
        {"goods": [{"hs_code": "9999000001"}]},
        {"missing": ["waybill"]},
    ]
    return [make(str(at), {"day": DAY, "given": kinds[at % 4]}, 10 * (at + 1)) for at in range(number)]


@pytest.mark.crash
def test_what_was_acknowledged_is_there_after_the_process_was_killed(yard: Yard, tmp_path: Path) -> None:
    cases = some_cases(4)
    yard.engine.load_filings(filings(cases))
    yard.court.post = yard.court.sent.append  # type: ignore[method-assign]
    yard.court.send([act for case in cases for act in case.rounds[0] if isinstance(act, Send)])
    names = []
    for at, raw in enumerate(yard.court.sent):
        (tmp_path / f"{at}.xml").write_bytes(raw)
        names.append(str(tmp_path / f"{at}.xml"))
    process = yard.start("admit", *names)
    promised = [int(line) for line in process.communicate()[0].split()]
    assert process.returncode == -9
    assert len(promised) == len(names)
    with yard.engine.transaction() as tx:
        kept = {row["message_id"]: row["raw"] for row in inbox.contents(tx, promised)}
    assert [kept[number] for number in promised] == yard.court.sent
    yard.engine.work_all()
    hold_true(yard.engine)
    assert {row["state"] for row in state_of(yard.engine)["lists"]} == {
        "released",
        "refused",
        "held",
        "waiting",
    }


@pytest.mark.crash
def test_a_process_killed_anywhere_in_a_round_leaves_nothing_half_done(
    yard: Yard, new_database: object, server: Supervisor
) -> None:
    yard.fill(some_cases(12))
    before = state_of(yard.engine)
    for where in KILLED_AT:
        process = yard.start("work", "1000", where)
        process.communicate("go\n")
        assert process.returncode == -9, where
        if where != "committed":
            assert state_of(yard.engine) == before, where
    after = state_of(yard.engine)
    assert yard.engine.work() is None
    hold_true(yard.engine)
    with ExitStack() as stack:
        other = Yard(stack.enter_context(new_database()), server)  # type: ignore[operator]
        other.fill(some_cases(12))
        other.engine.work_all()
        assert state_of(other.engine) == after
    with yard.engine.transaction() as tx:
        twice = tx.rows("select order_no from decisions group by order_no having count(*) > 1")
    assert twice == []


def test_two_processes_never_overdraw_a_year_or_a_guarantee_and_decide_each_list_once(yard: Yard) -> None:
    year = {"annual_used": {"2024": "20500.00"}} | TEN | {"also": [TEN] * 9}
    surety = {"enterprises": {"merchant": {"deposit": "27.30"}}, "also": [{}] * 9}
    cases = [
        make("year", {"day": DAY, "given": year}, 10),
        make("surety", {"day": DAY, "given": surety}, 30),
        *(make(str(n), {"day": DAY, "given": {}}, 100 + 10 * n) for n in range(20)),
    ]
    yard.fill(cases)
    workers = [yard.start("work", "8") for _ in range(2)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    done = [int(worker.communicate()[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert min(done) > 0, f"one of them did nothing: {done}"
    assert sum(done) == len(yard.court.sent)
    hold_true(yard.engine)
    states: dict[str, list[str]] = {}
    for row in state_of(yard.engine)["lists"]:
        number = int(row["order_no"][1:])
        states.setdefault("year" if number < 20 else "surety" if number < 40 else "other", []).append(
            row["state"]
        )
    assert sorted(states["year"]) == ["refused"] * 5 + ["released"] * 5
    assert sorted(states["surety"]) == ["held"] * 7 + ["released"] * 3
    assert states["other"] == ["released"] * 20


def test_two_hands_of_one_worker_come_to_what_one_comes_to(
    yard: Yard, new_database: object, server: Supervisor
) -> None:
    cases = some_cases(24)
    yard.fill(cases)
    done: list[int] = []

    def clear() -> None:
        while (worked := yard.engine.work(5)) is not None:
            done.append(threading.get_ident())
            assert worked.messages <= 5

    hands = [threading.Thread(target=clear) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    yard.engine.work_all()
    assert len(set(done)) == 2, "one of them did nothing"
    hold_true(yard.engine)
    with ExitStack() as stack:
        other = Yard(stack.enter_context(new_database()), server)  # type: ignore[operator]
        other.fill(cases)
        other.engine.work_all()
        assert state_of(other.engine) == state_of(yard.engine)
