"""What the press is told of each message type, from the field tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from tripoint.documents.columns import Kind
from tripoint.messages.ceb.fields import MESSAGES, Field, Node
from tripoint.messages.ceb.press.press import Form, Press

_KINDS = {Kind.TEXT: 0, Kind.AMOUNT: 1, Kind.COUNT: 2, Kind.TIME: 3}
_GUID, _EITHER = 4, 5
"""The press's numbers (press.pyx)."""

Told = tuple[int, int, int, int, int, bool, bytes, bytes]

_FORMATS = {pl.String(): b"vu", pl.Int64(): b"l", pl.Int32(): b"i"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """From which column of a set each column of a node is written; None where it is always absent.

    `either` names for a column the one that is written where it says nothing.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    either: Mapping[str, str] = field(default_factory=dict)
    lines: str | None = None
    line_columns: Mapping[str, str] = field(default_factory=dict)


def form_of(message_type: str, schema: Mapping[str, pl.DataType], names: Names) -> Form:
    """How the papers of a type are written from a set of columns."""
    message = MESSAGES[message_type]
    heads = _told(message.head, schema, names.columns, names.either)
    opened, closed = _tags(message.paper.name)
    if message.is_flat:
        return Form((opened, b"", closed), heads)
    head_opened, head_closed = _tags(message.head.name)
    paper = (opened + head_opened, head_closed, closed)
    if message.line is None or names.lines is None:
        return Form(paper, heads)
    rows = _told(message.line, _fields_of_list(schema[names.lines]), names.line_columns, {})
    most = message.line.most or 0
    return Form(paper, heads, list(schema).index(names.lines), most, _tags(message.line.name), rows)


def press_of(papers: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> Press:
    """A press over a set of columns, which must be those that forms were made for; raises TypeError for others."""
    return Press(papers.rechunk().__arrow_c_stream__(), _formats(schema))


def _formats(schema: Mapping[str, pl.DataType]) -> list[bytes]:
    found = []
    for dtype in schema.values():
        if isinstance(dtype, pl.List):
            found += [b"+L", *(_FORMATS[inner] for inner in _fields_of_list(dtype).values())]
        else:
            found.append(_FORMATS[dtype])
    return found


def _fields_of_list(dtype: pl.DataType) -> dict[str, pl.DataType]:
    assert isinstance(dtype, pl.List)
    assert isinstance(dtype.inner, pl.Struct)
    return {one.name: one.dtype for one in dtype.inner.fields if isinstance(one.dtype, pl.DataType)}


def _told(
    node: Node,
    schema: Mapping[str, pl.DataType],
    columns: Mapping[str, str | None],
    either: Mapping[str, str],
) -> list[Told]:
    """The fields of a node; each column is there and of its field's type, for the press trusts in it."""
    places = {name: at for at, name in enumerate(schema)}
    told = []
    for one in node.fields:
        name = columns.get(one.column, one.column)
        if one.obligation == "X" or name is None:
            continue
        # The moment is handed in: no column of it is read.
        assert one.kind is Kind.TIME or schema[name] == one.kind.frame_type, f"{one.element}: another type"
        told.append(_field(one, places.get(name, -1), places.get(either.get(one.column, ""))))
    return told


def _field(one: Field, place: int, other: int | None) -> Told:
    least, most = one.characters
    assert one.fixed is None, "the press knows no fixed values"
    opening, closing = (f"<{sign}ceb:{one.element}>".encode() for sign in ("", "/"))
    if one.element == "guid":
        kind = _GUID
    elif other is not None:
        kind = _EITHER
    else:
        kind = _KINDS[one.kind]
    limits = (least, -1 if most is None else most, one.is_mandatory)
    return (kind, place, -1 if other is None else other, *limits, opening, closing)


def _tags(name: str) -> tuple[bytes, bytes]:
    return f"<ceb:{name}>".encode(), f"</ceb:{name}>".encode()
