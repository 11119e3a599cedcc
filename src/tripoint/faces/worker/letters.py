"""What a webhook receives: one outgoing message with its receipts as JSON, the same bytes at every attempt."""

from __future__ import annotations

from typing import Any

import msgspec

from tripoint.app import Engine
from tripoint.exchange import store as exchange
from tripoint.platforms.clearance.answers import desk as answers

_NAMED = ("outbox_id", "recipient_code", "message_type", "message_guid", "created_at", "answers")


def body(engine: Engine, outbox_id: int) -> bytes:
    """The JSON of one outgoing message; with its CEB XML where the setting `webhook_xml` is on."""
    with engine.transaction() as tx:
        found = exchange.outgoing_of(tx, [outbox_id])
        assert found, f"outgoing message {outbox_id} has a delivery and does not exist"
        told: dict[str, Any] = {name: found[0][name] for name in _NAMED}
        told["receipts"] = [_receipt(row) for row in answers.carried(tx, outbox_id)]
        if engine.settings.webhook_xml:
            message = answers.outgoing(
                tx, recipient_code=None, after=outbox_id - 1, most=1, seal=engine.seal
            )[0]
            told["xml"] = message.body.decode()
    return msgspec.json.encode(told)


def _receipt(row: dict[str, Any]) -> dict[str, Any]:
    """A receipt as `GET /v1/receipts` gives it: what it does not say is left out."""
    told = {key: value for key, value in row.items() if value not in (None, "") and key != "answers"}
    return told | {"message_id": row["answers"]}
