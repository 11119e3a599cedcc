"""How the children of one node stand: which are known, which are too many, strange or out of order.

Senders write the same sequence of elements again and again; each distinct sequence is judged once and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from tripoint.messages.ceb.fields import NAMESPACE, Node

_SHAPES_MAX = 512
"""How many sequences are remembered; a hostile sender could make up as many as there are."""
_TAGS_MAX = 200
_CHARACTERS_MAX = 10_000
"""How long a sequence may be to be remembered; no honest node has half as many elements."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something about the place of an element, not its value; rank orders it among the fields of its node."""

    code: str
    element: str
    column: str
    rank: int


@dataclass(frozen=True, slots=True)
class Shape:
    """How to put the texts of one sequence of children into the order of the fields, and what is odd about it."""

    pick: Callable[[Sequence[Any]], tuple[Any, ...]]
    oddities: tuple[Oddity, ...]


class Shapes:
    """The sequences of children seen in one kind of node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._index = {f"{{{NAMESPACE}}}{f.element}": at for at, f in enumerate(node.fields)}
        self._known: dict[tuple[Any, ...], Shape] = {}

    def of(self, tags: tuple[Any, ...]) -> Shape:
        """The shape of one sequence of tags, as lxml gives them."""
        shape = self._known.get(tags)
        if shape is None:
            shape = self._judge(tags)
            if len(self._known) < _SHAPES_MAX and _is_ordinary(tags):
                self._known[tags] = shape
        return shape

    def _judge(self, tags: tuple[Any, ...]) -> Shape:
        fields = self._node.fields
        places: dict[int, int] = {}
        oddities: list[Oddity] = []
        last = -1
        for place, tag in enumerate(tags):
            if not isinstance(tag, str):
                continue  # A comment between elements says nothing.
            at = self._index.get(tag)
            if at is None:
                oddities.append(Oddity("FIELD-24", local_name(tag), "", 2 * last + 1))
                continue
            field = fields[at]
            rank = 2 * at
            if at in places:
                oddities.append(Oddity("FIELD-10", field.element, field.column, rank))
                continue
            if field.obligation == "X":
                oddities.append(Oddity("FIELD-29", field.element, field.column, rank))
            elif at < last:
                oddities.append(Oddity("FIELD-23", field.element, field.column, rank))
            places[at] = place
            last = max(last, at)
        nowhere = len(tags)
        return Shape(itemgetter(*(places.get(at, nowhere) for at in range(len(fields)))), tuple(oddities))


def _is_ordinary(tags: tuple[Any, ...]) -> bool:
    return len(tags) <= _TAGS_MAX and sum(len(str(tag)) for tag in tags) <= _CHARACTERS_MAX


def local_name(tag: Any) -> str:
    """The name of a tag without its namespace, at most 60 characters."""
    return str(tag).rpartition("}")[2][:60]
