"""How the wire names our columns, for texts that a sender of CEB messages reads: `OrderHead.acturalPaid`."""

from __future__ import annotations

from functools import cache

from tripoint.messages.ceb.fields import MESSAGES

_TRIO = {"CEB311", "CEB411", "CEB511", "CEB621"}


@cache
def wire_names() -> dict[tuple[str, str], str]:
    """Node and element by (table, column), for the four papers that are matched."""
    return {
        (field.table, field.column): f"{node.name}.{field.element}"
        for message in MESSAGES.values()
        if message.type in _TRIO
        for node in message.nodes
        for field in node.fields
        if field.table and field.column
    }
