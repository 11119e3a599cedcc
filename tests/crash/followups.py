"""What comes after release, written by those who know the numbers given: cancellations, returns, notices, arrivals."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from tests.crash.traffic import Letter, Row, Traffic
from tripoint.documents.columns import TABLES
from tripoint.messages.ceb.parsing import Transfer
from tripoint.messages.ceb.writing import write
from tripoint.rehearsal.posting import seal_message

CANCELLED, RETURNED, NOTED = "cancelled", "returned", "noted"
_SHARES = ((CANCELLED, 0.10), (RETURNED, 0.18), (NOTED, 0.26))
"""Up to which share of the lawful lists each is done."""

_SAME = (
    *("order_no", "customs_code", "waybill_no", "buyer_id_type", "buyer_id", "buyer_name", "buyer_telephone"),
    *(
        f"{role}_{what}"
        for role in ("marketplace", "merchant", "carrier", "declarant")
        for what in ("code", "name")
    ),
)
"""What a cancellation or return repeats of its list."""


@dataclass(frozen=True, slots=True)
class Returning:
    """A return whose goods are on their way back."""

    list_no: str
    cop_no: str


class Followups:
    """Which of the lawful lists are cancelled, returned or signed for, and the papers for it; settled by the seed alone."""

    def __init__(self, traffic: Traffic, seed: int) -> None:
        self.traffic = traffic
        self.chosen = {
            order_no: what for order_no in traffic.declared if (what := _choice(order_no, seed)) is not None
        }
        self._signers = traffic.signers()

    def of(self, order_no: str, list_no: str) -> list[Letter]:
        """What is sent once a list has been released under a number; nothing for most lists."""
        what = self.chosen.get(order_no)
        if what is None:
            return []
        head = self.traffic.declared[order_no].head
        if what == CANCELLED:
            rows = {"cancellations": [self._about(head, list_no, "C")]}
            # The same paper in two messages: the second is a repetition, and nothing is given back twice.
            return [self._write("CEB623", head["declarant_code"], rows, n) for n in range(2)]
        if what == RETURNED:
            return [self._write("CEB625", head["declarant_code"], self._return(order_no, list_no))]
        return [self._write("CEB513", head["carrier_code"], {"waybill_statuses": [self._notice(head)]})]

    def returning(self, order_no: str, list_no: str) -> Returning:
        """The return of a list."""
        return Returning(list_no, _number(order_no, "R"))

    def _return(self, order_no: str, list_no: str) -> dict[str, list[Row]]:
        """All goods of the first line of a list come back."""
        declared = self.traffic.declared[order_no]
        line = declared.lines[0]
        head = self._about(declared.head, list_no, "R")
        named = {name: line[name] for name in ("line_no", "hs_code", "goods_name", "quantity", "unit")}
        return {"return_requests": [head], "return_request_lines": [named]}

    def _about(self, head: Row, list_no: str, letter: str) -> Row:
        return _paper(head["order_no"] + letter) | {
            **{name: head[name] for name in _SAME},
            "list_no": list_no,
            "cop_no": _number(head["order_no"], letter),
            "reason": "不要了",
        }

    def _notice(self, head: Row) -> Row:
        moment = _paper(head["order_no"] + "S")
        return moment | {
            **{name: head[name] for name in ("carrier_code", "carrier_name", "waybill_no")},
            "status": "S",
            "status_at": moment["app_time"],
        }

    def _write(self, message_type: str, sender: str, rows: Mapping[str, Sequence[Row]], n: int = 0) -> Letter:
        place = {"message_id": 0, "position": 0}
        frames = {}
        for table, said in rows.items():
            schema = TABLES[table].schema
            frames[table] = pl.DataFrame(
                [dict.fromkeys(schema) | place | row for row in said], schema=schema, orient="row"
            )
        heads = next(iter(rows.values()))
        transfer = Transfer(sender, self.traffic.senders[sender], "DXP", f"DXPENT{sender}")
        message_guid = _guid(f"{message_type} {heads[0]['guid']} {n}")
        message = write(message_type, frames, guid=message_guid, transfer=transfer)
        raw = seal_message(message, sender, "", self._signers, self.traffic.signed)
        return Letter(sender, raw, message_type, 1)


def _choice(order_no: str, seed: int) -> str | None:
    digest = hashlib.sha256(f"{seed} {order_no}".encode()).digest()
    share = int.from_bytes(digest[:4]) / 2**32
    return next((what for what, upto in _SHARES if share < upto), None)


def _number(order_no: str, letter: str) -> str:
    return letter + hashlib.sha256(order_no.encode()).hexdigest()[:16].upper()


def _guid(text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest().upper()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def _paper(name: str) -> dict[str, Any]:
    """The head every paper has."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {"guid": _guid(name), "app_type": "1", "app_time": now, "app_status": "2"}
