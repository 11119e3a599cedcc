"""Papers of made-up trades sent step by step through an engine of their own, to see what they come to."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any

from tests.cases.running import GIVEN, Court, Send, filings
from tests.cases.trade import PAPERS, Trade, differ, standard
from tests.platforms.clearance.state import state_of
from tripoint.app import Engine
from tripoint.database import Database

NewDatabase = Callable[..., AbstractContextManager[Database]]
Step = Sequence[Send | Callable[[Engine], Any]]
"""What happens before a round: papers that arrive, each a message, and whatever else is done."""

DAY = date(2024, 6, 1)
OTHER_MARKETPLACE = "0000M00002"

_guids = itertools.count(1)


def trade(number: int) -> Trade:
    """A lawful trade; numbers are ten apart."""
    return standard(number, DAY)


def paper(of: Trade, kind: str, *, minutes: int = 0, silent: bool = False, **said: Any) -> Send:
    """A version of a paper so many minutes later, with other fields; a silent waybill does not say its order."""
    its = copy.deepcopy(of)
    head = its.heads[kind]
    head["app_time"] += timedelta(minutes=minutes)
    if minutes or said:
        head["guid"] = f"{head['guid'][:9]}{next(_guids):04d}{head['guid'][13:]}"
    differ(its, kind, said)
    if silent:
        head["order_no"] = None
    return Send(its, kind, 0)


def whole(of: Trade) -> list[Send]:
    """The four papers of a trade."""
    return [paper(of, kind) for kind in PAPERS]


def change(of: Trade, kind: str, **said: Any) -> Send:
    """A change an hour later; a list's names the numbers it was given."""
    numbered = {"pre_no": GIVEN["pre_no"]} if kind == "list" else {}
    return paper(of, kind, minutes=60, app_type="2", **numbered, **said)


def comes_to(new_database: NewDatabase, *steps: Step, marketplaces: Sequence[str] = ()) -> dict[str, Any]:
    """What papers come to that arrive step by step, a round of work after each: lists, findings, faults of papers.

    `lists` are (order_no, marketplace_code, state) and `waits` what each waits for; `faults` (kind, number, code).
    """
    with new_database() as database:
        court = Court(database)
        court.engine.load_filings(filings([]))
        if marketplaces:
            court.engine.load_filings(more_filings(marketplaces))
        for step in steps:
            for act in step:
                court.send([copy.deepcopy(act)]) if isinstance(act, Send) else act(court.engine)
            court.engine.work_all()
        return seen(court.engine)


def more_filings(marketplaces: Sequence[str]) -> bytes:
    """A filings document of marketplaces."""
    filed = [
        {
            "enterprise_code": code,
            "name": "另一平台",
            "roles": ["marketplace"],
            "realtime_payment_data": True,
            "since": "2016-01-01",
            "source": "made up for a test",
        }
        for code in marketplaces
    ]
    return json.dumps({"generated": True, "enterprises": filed}).encode()


def seen(engine: Engine) -> dict[str, Any]:
    """What an engine's lists and papers have come to."""
    state = state_of(engine)
    with engine.transaction() as tx:
        faults = tx.rows("select kind, number, code from paper_faults order by message_id, position, code")
    return {
        "lists": [(row["order_no"], row["marketplace_code"], row["state"]) for row in state["lists"]],
        "waits": [row["waits_for"] for row in state["lists"]],
        "findings": [(row["order_no"], row["code"]) for row in state["findings"]],
        "faults": [tuple(row.values()) for row in faults],
    }
