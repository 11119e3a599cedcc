"""What every CEB message is made of, from the field tables beside this module (GACC notice 2018-113, revision 2022-05).

Reading, checking, writing and the reference pages all derive from here; no field is written down anywhere else.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Literal

from tripoint.documents.columns import TABLES, Kind

NAMESPACE = "http://www.chinaport.gov.cn/ceb"
"""The only namespace of business messages."""

SIGNATURE_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
"""The namespace of `ds:Signature`."""

Obligation = Literal["M", "O", "X"]


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf element: where it stands, which of our columns it fills, and what the schema says of it."""

    element: str
    table: str
    column: str
    name_zh: str
    type: str
    obligation: Obligation
    occurs: int
    fixed: str | None
    codes: str
    tolerances: tuple[str, ...]
    meaning_zh: str
    characters: tuple[int, int | None]
    is_personal: bool

    @property
    def kind(self) -> Kind:
        """The kind of our column; text where the element fills none."""
        return TABLES[self.table].columns[self.column] if self.table else Kind.TEXT

    @property
    def is_mandatory(self) -> bool:
        """Whether the schema demands the element."""
        return self.obligation == "M"

    @property
    def may_be_missing(self) -> bool:
        """Whether a reader takes a paper without it."""
        return self.obligation != "M" or "missing" in self.tolerances

    @property
    def may_be_empty(self) -> bool:
        """Whether the schema takes an empty element."""
        return self.type[0] == "C" and self.characters[0] == 0

    @property
    def tolerated_characters(self) -> int | None:
        """The most characters a reader takes; None where nothing is said."""
        for tolerance in self.tolerances:
            if tolerance.startswith("longer="):
                return int(tolerance.removeprefix("longer="))
        return self.characters[1]

    @property
    def takes_other_digits(self) -> bool:
        """Whether a reader takes a time with more or fewer digits than the schema wants."""
        return "digits" in self.tolerances


@dataclass(frozen=True, slots=True)
class Node:
    """One node that holds others: how often it may stand, what it is to us, and its leaf elements in order."""

    name: str
    parent: str
    least: int
    most: int | None
    roles: frozenset[str]
    table: str
    fields: tuple[Field, ...]

    @property
    def tag(self) -> str:
        """The name as lxml gives it."""
        return f"{{{SIGNATURE_NAMESPACE if self.is_('signature') else NAMESPACE}}}{self.name.removeprefix('ds:')}"

    def is_(self, role: str) -> bool:
        """Whether it plays a role: paper, head, line, transfer, subscriber, extension, signature."""
        return role in self.roles


@dataclass(frozen=True)
class Message:
    """One message type: names, direction, and its nodes in the order of the wire."""

    type: str
    name_zh: str
    name_en: str
    direction: Literal["in", "out"]
    answered_by: str | None
    sender_zh: str
    sender_en: str
    nodes: tuple[Node, ...] = field(repr=False)

    @property
    def root(self) -> str:
        """The local name of the root element."""
        return f"{self.type}Message"

    @cached_property
    def paper(self) -> Node:
        """The node that holds one business document."""
        return next(node for node in self.nodes if node.is_("paper"))

    @cached_property
    def head(self) -> Node:
        """The node that holds the paper's own fields; the paper itself in flat messages."""
        return next(node for node in self.nodes if node.is_("head"))

    @cached_property
    def line(self) -> Node | None:
        """The node of one line, where the paper has lines."""
        return next((node for node in self.nodes if node.is_("line")), None)

    @cached_property
    def top(self) -> tuple[Node, ...]:
        """The children of the root in order."""
        return tuple(node for node in self.nodes if not node.parent)

    @property
    def is_flat(self) -> bool:
        """Whether a paper holds its fields itself."""
        return self.paper is self.head

    def has(self, role: str) -> bool:
        """Whether the root demands a child in this role."""
        return any(node.is_(role) and node.least > 0 for node in self.top)


_CHARACTERS = re.compile(r"C(?:(\d*)\.\.)?(\d+)?")
_LENGTHS = {"T14": 14, "T17": 17, "D8": 8}


def characters(type_: str) -> tuple[int, int | None]:
    """The least and the most characters of a type; (0, None) where it sets none."""
    if type_ in _LENGTHS:
        return _LENGTHS[type_], _LENGTHS[type_]
    match = _CHARACTERS.fullmatch(type_)
    if match is None or match[2] is None:
        return 0, None
    if ".." not in type_:
        return int(match[2]), int(match[2])
    return int(match[1] or 0), int(match[2])


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = (files("tripoint.messages.ceb") / "data" / name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _field(row: dict[str, str]) -> Field:
    obligation = row["obligation"]
    assert obligation in ("M", "O", "X"), row
    assert not row["table"] or row["column"] in TABLES[row["table"]].columns, row
    return Field(
        element=row["element"],
        table=row["table"],
        column=row["column"],
        name_zh=row["name_zh"],
        type=row["type"],
        obligation=obligation,  # type: ignore[arg-type]
        occurs=int(row["occurs"]),
        fixed=row["fixed"] or None,
        codes=row["codes"],
        tolerances=tuple(row["tolerance"].split()),
        meaning_zh=row["meaning_zh"],
        characters=characters(row["type"]),
        is_personal=row["personal"] == "P",
    )


@cache
def fields_of(message: str, node: str) -> tuple[Field, ...]:
    """The leaf elements of one node in order; `*` holds what all messages share."""
    found = [_field(r) for r in _rows("fields.csv") if r["node"] == node and r["message"] in (message, "*")]
    return tuple(found)


def _node(row: dict[str, str]) -> Node:
    return Node(
        name=row["node"],
        parent=row["parent"],
        least=int(row["min_occurs"]),
        most=int(row["max_occurs"]) if row["max_occurs"] else None,
        roles=frozenset(row["role"].split()),
        table=row["table"],
        fields=fields_of(row["message"], row["node"]),
    )


def _messages() -> Iterator[Message]:
    nodes = _rows("nodes.csv")
    for row in _rows("messages.csv"):
        direction = row["direction"]
        assert direction in ("in", "out"), row
        yield Message(
            type=row["message"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            direction=direction,  # type: ignore[arg-type]
            answered_by=row["answered_by"] or None,
            sender_zh=row["sender_zh"],
            sender_en=row["sender_en"],
            nodes=tuple(_node(n) for n in nodes if n["message"] == row["message"]),
        )


MESSAGES: dict[str, Message] = {message.type: message for message in _messages()}
"""Every message type this dialect knows, by its short name ("CEB621")."""
