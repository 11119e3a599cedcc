"""What a webhook receives: one outgoing message with its receipts as JSON, the same bytes at every attempt."""

from __future__ import annotations

from typing import Any

import msgspec

from tripoint.app import Engine
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.answers import store as receipts


def body(engine: Engine, outbox_id: int) -> bytes:
    """The JSON of one outgoing message; with its CEB XML where the setting `webhook_xml` is on."""
    with engine.transaction() as tx:
        found = answers.outgoing(tx, recipient_code=None, after=outbox_id - 1, most=1)
        assert found, f"outgoing message {outbox_id} has a delivery and does not exist"
        assert found[0].outbox_id == outbox_id, f"outgoing message {outbox_id} does not exist"
        rows = receipts.packed(tx, [outbox_id]).to_dicts()
    message = found[0]
    told: dict[str, Any] = {
        "outbox_id": message.outbox_id,
        "recipient_code": message.recipient_code,
        "message_type": message.message_type,
        "message_guid": message.message_guid,
        "created_at": message.created_at,
        "answers": message.answers,
        "receipts": [_receipt(row) for row in rows],
    }
    if engine.settings.webhook_xml:
        told["xml"] = message.body.decode()
    return msgspec.json.encode(told)


def _receipt(row: dict[str, Any]) -> dict[str, Any]:
    """A receipt as `GET /v1/receipts` gives it: what it does not say is left out."""
    told = {key: value for key, value in row.items() if value not in (None, "") and key != "answers"}
    return told | {"message_id": row["answers"]}
