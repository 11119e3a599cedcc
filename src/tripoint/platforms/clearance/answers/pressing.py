"""Messages of ordinary receipts by the compiled press, as `writing` would write them; the others are left to it (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from tripoint.kernel.clock import CHINA
from tripoint.messages.ceb import press
from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.writing import envelope
from tripoint.pipeline.receipts import MESSAGE_OF
from tripoint.platforms.clearance.answers.blocks import STORED

if TYPE_CHECKING:
    from tripoint.messages.ceb.press.press import Form

_LEFT_OUT = (
    "receipt_id",
    "outbox_id",
    "recipient_code",
    "message_type",
    "answers",
    "position",
    "return_time",
)
_PRESSED = {name: dtype for name, dtype in STORED.items() if name not in _LEFT_OUT}
"""The columns of receipts that are written; their time is that of the message."""

_BILL = "CEB816"


def write(rows: Sequence[Mapping[str, Any]], told: pl.DataFrame) -> dict[int, bytes]:
    """The XML of those outgoing messages whose receipts (shape STORED) are all ordinary, by outbox_id."""
    if not rows or not press.IS_BUILT or told.is_empty() or told["return_time"].n_unique() > 1:
        return {}
    from tripoint.messages.ceb.press.forms import press_of

    moment = told["return_time"][0].astimezone(CHINA).strftime("%Y%m%d%H%M%S%f")[:17].encode()
    places = _places(told)
    its = press_of(told.select_seq(list(_PRESSED)), _PRESSED)
    forms = _forms()
    bodies: dict[int, bytes] = {}
    for row in rows:
        number, message_type = row["outbox_id"], row["message_type"]
        if message_type not in forms or number not in places:
            continue
        message, (first, count) = MESSAGES[message_type], places[number]
        if message.paper.most is not None and count > message.paper.most:
            continue
        opening, closing = envelope(message, row["message_guid"])
        guid = row["message_guid"].encode()
        body = its.write(forms[message_type], first, count, opening.encode(), closing.encode(), guid, moment)
        if body is not None:
            bodies[number] = body
    return bodies


def _places(told: pl.DataFrame) -> dict[int, tuple[int, int]]:
    """Where the receipts of each message begin and how many they are; none for a message whose are in several places."""
    runs = told["outbox_id"].rle().struct.unnest()
    found: dict[int, tuple[int, int]] = {}
    parted = set()
    first = 0
    for count, number in runs.iter_rows():
        if number in found:
            parted.add(number)
        found[number] = (first, count)
        first += count
    return {number: place for number, place in found.items() if number not in parted}


@cache
def _forms() -> dict[str, Form]:
    """The forms of what is written often."""
    from tripoint.messages.ceb.press.forms import Names, form_of

    receipt = Names(either={"cop_no": "pre_no"})
    bill = Names(
        columns={
            "customs_tax": "bill_duty",
            "value_added_tax": "bill_vat",
            "consumption_tax": "bill_consumption_tax",
            "status": "return_status",
            "duty_payment_no": "bill_payment_no",
            "guarantor_code": "bill_guarantor_code",
            "note": None,
        },
        lines="bill_lines",
        line_columns={"tax_price": "dutiable_value", "customs_tax": "duty", "value_added_tax": "vat"},
    )
    return {name: form_of(name, _PRESSED, receipt) for name in MESSAGE_OF.values()} | {
        _BILL: form_of(_BILL, _PRESSED, bill)
    }
