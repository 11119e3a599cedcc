"""An engine with registers as the cases have them, a lawful trade on the wire, and ways to bend its bytes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.cases.running import ARRIVAL, POST, Case, Court, Send, filings, make, written
from tests.cases.trade import MESSAGE_OF, PAPERS, Trade
from tripoint.database import Database
from tripoint.messages.ceb.writing import write
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.answers.desk import Outgoing
from tripoint.platforms.clearance.records import Worked

Row = dict[str, Any]
DAY = date(2026, 6, 1)
_guids = itertools.count(1)


class Scene(Court):
    """A court whose cases are made in the test."""

    def __init__(self, database: Database, **given: Any) -> None:
        super().__init__(database, ARRIVAL)
        self.engine.load_filings(filings([trade_case(1, **given)]))

    def bring(self, *raws: bytes) -> Worked:
        """Post messages and work until nothing waits."""
        for raw in raws:
            self.post(raw)
        return self.engine.work_all()

    def rows(self, statement: Any, **params: object) -> list[Row]:
        """What a statement finds."""
        with self.engine.transaction() as tx:
            return tx.rows(statement, **params)

    def told(self, **filters: Any) -> list[Row]:
        """Every receipt given, or those that filters leave."""
        with self.engine.transaction() as tx:
            return answers.receipts(tx, **{"recipient_code": None, "most": answers.EVERYTHING} | filters)

    def state(self, trade: Trade) -> str | None:
        """Where the list of a trade stands."""
        order_no, marketplace = trade.key
        found = self.rows(
            "select state from clearings where order_no = %(o)s and marketplace_code = %(m)s",
            o=order_no,
            m=marketplace,
        )
        return found[0]["state"] if found else None

    def outgoing(self, recipient: str | None = None) -> list[Outgoing]:
        """Everything that goes out, written."""
        found: list[Outgoing] = []
        while True:
            after = found[-1].outbox_id if found else 0
            with self.engine.transaction() as tx:
                page = answers.outgoing(tx, recipient_code=recipient, after=after, most=100, seal=None)
            if not page:
                return found
            found += page


def trade_case(number: int, **given: Any) -> Case:
    """A case of one trade."""
    return make(f"attack/{number}", {"day": DAY, "given": given}, number)


def trade(number: int, **given: Any) -> Trade:
    """A lawful trade, bent as a case would bend it."""
    return trade_case(number, **given).trades[0]


def paper(of: Trade, kind: str) -> bytes:
    """One paper of a trade as a message of its own."""
    return written([Send(of, kind, 0)], next(_guids))


def papers(of: Trade) -> list[bytes]:
    """The four papers of a trade, each a message."""
    return [paper(of, kind) for kind in PAPERS]


def rewired(raw: bytes, wire: Mapping[str, str]) -> bytes:
    """A message with other texts in some elements."""
    text = raw.decode()
    for element, value in wire.items():
        new = "" if value == "-" else f"<ceb:{element}>{value}</ceb:{element}>"
        text, found = re.subn(rf"<ceb:{element}>.*?</ceb:{element}>", lambda _, new=new: new, text, count=1)
        assert found, element
    return text.encode()


def elements(raw: bytes) -> list[str]:
    """The names of the leaf elements of a message, those of BaseTransfer aside."""
    text = raw.decode().split("<ceb:BaseTransfer>")[0]
    return re.findall(r"<ceb:(\w+)>[^<]*</ceb:\1>", text)


__all__ = [
    "DAY",
    "MESSAGE_OF",
    "PAPERS",
    "POST",
    "Scene",
    "Trade",
    "elements",
    "paper",
    "papers",
    "rewired",
    "trade",
    "write",
]
