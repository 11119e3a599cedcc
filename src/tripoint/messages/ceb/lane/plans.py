"""What the scanner is told of each message type, from the field tables."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from tripoint.documents.columns import TABLES, Kind
from tripoint.documents.digests import said_columns
from tripoint.messages.ceb.fields import MESSAGES, Field, Message, Node
from tripoint.messages.ceb.lane.scanner import Batch, Plan, Sheet

_KINDS = {Kind.TEXT: 0, Kind.AMOUNT: 1, Kind.COUNT: 2, Kind.TIME: 3, Kind.DAY: 4, Kind.ID: 5}
"""The scanner's numbers (columns.pxi)."""

ARRIVAL, DIGEST = ":arrival", ":digest"
"""The how-manieth message a row came in; the digest of a paper (`documents.digests`). No element has such a name."""

_PLACE = (("message_id", _KINDS[Kind.ID]), ("position", _KINDS[Kind.COUNT]), (ARRIVAL, _KINDS[Kind.COUNT]))
_PLANS_MOST = 256
"""Senders choose prefixes freely; more than these are laid out anew each time."""


def _fields(node: Node) -> list[Field]:
    """The fields the scanner takes; what the schema does not know is for the reference lane."""
    return [field for field in node.fields if field.obligation != "X"]


@lru_cache(maxsize=_PLANS_MOST)
def plan_of(message_type: str, prefix: bytes) -> Plan:
    """How the papers of a type are written under a prefix (with its colon, or empty)."""
    message = MESSAGES[message_type]
    line = _node(message.line) if message.line is not None else None
    return Plan(prefix, message.paper.name.encode(), _node(message.head), line)


def _node(
    node: Node,
) -> tuple[bytes, int, int, int, list[tuple[bytes, int, int, int, int, bool, bytes | None]]]:
    fields = _fields(node)
    numbers = [at for at, field in enumerate(fields) if field.column == "line_no"]
    return (
        node.name.encode(),
        node.least,
        -1 if node.most is None else node.most,
        numbers[0] if numbers else -1,
        [_field(at, field) for at, field in enumerate(fields)],
    )


def _field(at: int, field: Field) -> tuple[bytes, int, int, int, int, bool, bytes | None]:
    least, most = field.characters
    fixed = field.fixed.encode() if field.fixed is not None and field.kind is Kind.TEXT else None
    return (
        field.element.encode(),
        _KINDS[field.kind],
        at,
        least,
        -1 if most is None else most,
        field.is_mandatory,
        fixed,
    )


def sheet_of(message: Message) -> Sheet:
    """An empty sheet for the papers of a type."""
    head, line = message.head, message.line
    return Sheet(
        [*_columns(head), (DIGEST, _KINDS[Kind.ID]), *_PLACE],
        [*_columns(line), *_PLACE] if line is not None else [],
        _said(head),
        _said(line) if line is not None else [],
    )


def _columns(node: Node) -> list[tuple[str, int]]:
    return [(field.element, _KINDS[field.kind]) for field in _fields(node)]


def _said(node: Node) -> list[int]:
    """The scanner's columns that a digest is made of; -1 for one of the table that this type of message never fills."""
    places = {field.column: at for at, field in enumerate(_fields(node))}
    return [places.get(column, -1) for column in said_columns(node.table)]


def frame_of(batch: Batch, node: Node) -> pl.DataFrame:
    """The rows of a node as `documents.columns` has them, with `ARRIVAL` and, of heads, `DIGEST` behind."""
    rows = pl.Series(batch).struct.unnest()
    taken = {field.column: field.element for field in _fields(node)} | {name: name for name, _ in _PLACE}
    table = TABLES[node.table].columns
    found = {name: rows[taken[name]] for name in table if name in taken}
    return pl.DataFrame(
        [
            found[name].alias(name)
            if name in found
            else pl.Series(name, [None], dtype=kind.frame_type).new_from_index(0, rows.height)
            for name, kind in table.items()
        ]
        + [rows[name] for name in (ARRIVAL, DIGEST) if name in rows.columns]
    )
