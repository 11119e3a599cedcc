"""One pass over the papers of one message: texts into rows, and what is odd about the place of elements.

Values are not looked at here but column by column in `converting`: the pass itself has to be quick.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lxml import etree

from tripoint.kernel.findings import Severity
from tripoint.messages.ceb.converting import SPACE
from tripoint.messages.ceb.fields import MESSAGES, NAMESPACE, Message, Node
from tripoint.messages.ceb.findings import wordings
from tripoint.messages.ceb.shapes import Oddity, Shapes, local_name

_LAST = 2**31 - 1
FAULTS_KEPT = 500
"""Of each paper, and of what stands around the papers: so many faults that refuse, and so many that are tolerated."""


_Kind = tuple[int, int | None, bool]
"""The message and the paper of a fault, and whether it is tolerated."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One oddity of one message; `place` orders faults as the document does: message, paper, node, field."""

    message_id: int
    table: str
    position: int | None
    path: str
    column: str
    code: str
    value: str | None
    limit: str
    place: tuple[int, int, int, int]
    line: tuple[Rows, int] | None = None
    """Which collected row, where the fault is about a line; its number is known once the column is typed."""

    @property
    def tolerated(self) -> bool:
        """Whether the paper is taken all the same."""
        return is_tolerated(self.code)


@cache
def is_tolerated(code: str) -> bool:
    """Whether a code is only a note."""
    return wordings()[code].severity is Severity.NOTE


class Faults:
    """The faults of messages: of one paper at most `FAULTS_KEPT` of each kind, so that a flood stays bounded.

    A paper is refused all the same, since faults that refuse never give way to notes.
    """

    def __init__(self, kept: Sequence[Fault] = (), found: Mapping[_Kind, int] | None = None) -> None:
        self.kept = list(kept)
        self._found = Counter(found)

    def note(self, fault: Fault) -> None:
        """Keep a fault, or only count it."""
        kind = fault.message_id, fault.position, fault.tolerated
        self._found[kind] += 1
        if self._found[kind] <= FAULTS_KEPT:
            self.kept.append(fault)

    def in_all(self) -> int:
        """How many were found, kept or not."""
        return self._found.total()

    def copy(self) -> Faults:
        """The same, to be added to."""
        return Faults(self.kept, self._found)


@dataclass(slots=True)
class Rows:
    """The raw rows of one kind of node: texts in the order of its fields, and where each stood."""

    node: Node
    shapes: Shapes
    texts: list[tuple[str | None, ...]] = field(default_factory=list)
    message_ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    arrivals: list[int] = field(default_factory=list)
    ordinals: list[int] = field(default_factory=list)
    line_numbers: list[int | None] = field(default_factory=list)


class Collected:
    """What the walks over many messages leave: rows by kind of node, and structural faults."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Rows] = {}
        self.faults = Faults()

    def rows_of(self, message: Message, node: Node) -> Rows:
        """The collected rows of one kind of node."""
        key = (message.type, node.name)
        if key not in self.rows:
            self.rows[key] = Rows(node, _shapes(message.type, node.name))
        return self.rows[key]

    def expect(self, message: Message) -> None:
        """Give the rows of a message their turn among those of other types, though none may be collected here."""
        self.rows_of(message, message.head)
        if message.line is not None:
            self.rows_of(message, message.line)

    def note(self, fault: Fault) -> None:
        """Keep a fault found while walking."""
        self.faults.note(fault)


@cache
def _shapes(type_: str, name: str) -> Shapes:
    return Shapes(next(node for node in MESSAGES[type_].nodes if node.name == name))


class Walk:
    """One pass over one message; `places` are the papers' positions where the tree holds only some of them."""

    def __init__(
        self,
        into: Collected,
        message: Message,
        message_id: int,
        arrival: int,
        places: Sequence[int] | None = None,
    ) -> None:
        self.into = into
        self.message = message
        self.message_id = message_id
        self.arrival = arrival
        self.head = into.rows_of(message, message.head)
        self.lines = into.rows_of(message, message.line) if message.line else None
        most = message.line.most if message.line else None
        self.lines_read = _LAST if most is None else 10 * most
        """Lines of one paper that are looked at; it is refused for having too many long before (FIELD-12)."""
        self.top = {node.tag: at for at, node in enumerate(message.top)}
        self.places = places

    def place(self, at: int) -> int:
        """The position of the how-manieth paper of the tree."""
        return at if self.places is None else self.places[at]

    def papers(self, root: etree._Element) -> None:
        """Take every paper; look at the order of what stands around them."""
        paper_tag = self.message.paper.tag
        found = -1
        last = 0
        for child in root.iterchildren(etree.Element):
            tag = child.tag
            if tag == paper_tag and last == 0:
                found += 1
                self.paper(child, self.place(found))
                continue
            at = self.top.get(tag)
            if at is None or at < last:
                self.around(local_name(tag), "FIELD-24" if at is None else "FIELD-23")
            if tag == paper_tag:
                found += 1
                self.paper(child, self.place(found))
            last = max(last, at or 0)

    def paper(self, paper: etree._Element, position: int) -> None:
        """Take the head and the lines of one paper."""
        if self.message.is_flat:
            self.row(self.head, paper, position, 0)
            return
        head_tag = self.message.head.tag
        line_tag = self.message.line.tag if self.message.line else None
        ordinal = 0
        heads = 0
        for node in paper.iterchildren(etree.Element):
            tag = node.tag
            if tag == line_tag and self.lines is not None:
                ordinal += 1
                if ordinal <= self.lines_read:
                    self.row(self.lines, node, position, ordinal)
            elif tag == head_tag:
                heads += 1
                if heads > 1 or ordinal:
                    self.at_node(
                        self.message.head, position, "FIELD-10" if heads > 1 else "FIELD-23", ordinal
                    )
                if heads == 1:
                    self.row(self.head, node, position, 0)
            else:
                self.at_node(self.message.head, position, "FIELD-24", ordinal, local_name(tag))
        if not heads:
            self.at_node(self.message.head, position, "FIELD-11", 0)
        if self.message.line is not None:
            self.number_of_lines(self.message.line, position, ordinal)

    def number_of_lines(self, line: Node, position: int, found: int) -> None:
        """At least one line, at most what the specification allows."""
        if found < line.least:
            self.at_node(line, position, "FIELD-11", 1)
        elif line.most is not None and found > line.most:
            self.at_node(line, position, "FIELD-12", line.most + 1, value=str(found), limit=str(line.most))

    def row(self, rows: Rows, node: etree._Element, position: int, ordinal: int) -> None:
        """Take the texts of one node; absent is None, empty is ''."""
        children = list(node)
        shape = rows.shapes.of(tuple([child.tag for child in children]))
        texts: list[str | None] = [child.text or "" for child in children]
        texts.append(None)
        if shape.oddities:
            for oddity in shape.oddities:
                self.oddity(rows, oddity, position, ordinal)
        rows.texts.append(shape.pick(texts))
        rows.message_ids.append(self.message_id)
        rows.positions.append(position)
        rows.arrivals.append(self.arrival)
        rows.ordinals.append(ordinal)

    def oddity(self, rows: Rows, oddity: Oddity, position: int, ordinal: int) -> None:
        """Keep what is odd about the place of an element."""
        self.into.note(
            Fault(
                message_id=self.message_id,
                table=rows.node.table,
                position=position,
                path=f"{rows.node.name}.{oddity.element}",
                column=oddity.column,
                code=oddity.code,
                value=None,
                limit="",
                place=(self.arrival, position, ordinal, oddity.rank),
                line=(rows, len(rows.texts)) if ordinal else None,
            )
        )

    def at_node(
        self,
        node: Node,
        position: int,
        code: str,
        ordinal: int,
        name: str = "",
        value: str = "",
        limit: str = "",
    ) -> None:
        """Keep a fault of a whole node."""
        path, place = name or node.name, (self.arrival, position, ordinal, -1)
        self.into.note(
            Fault(self.message_id, node.table, position, path, "", code, value or None, limit, place)
        )

    def around(self, name: str, code: str) -> None:
        """Keep a note on what stands beside the papers."""
        place = (self.arrival, _LAST, 0, 0)
        table = self.message.head.table
        self.into.note(Fault(self.message_id, table, None, name, "", code, None, "", place))

    def whole(self, root: etree._Element) -> None:
        """Take every paper, and look for what hides in values and between elements where there is any."""
        self.papers(root)
        if nested(self.message.type)(root):
            self.look_for_elements_in_values(root)
        if mixed(self.message.type)(root):
            self.look_for_text_between(root)

    def look_for_elements_in_values(self, root: etree._Element) -> None:
        """A value holds text only: name every known element that holds another."""
        for node, element, position, _ in self.nodes(root):
            for rank, wanted in enumerate(node.fields):
                for found in element.findall(f"{{{NAMESPACE}}}{wanted.element}"):
                    if any(isinstance(child.tag, str) for child in found):
                        oddity = Oddity("FIELD-13", wanted.element, wanted.column, 2 * rank)
                        self.oddity(self.into.rows_of(self.message, node), oddity, position, 0)

    def look_for_text_between(self, root: etree._Element) -> None:
        """Text between elements is nobody's value: say where it stands, once for each node."""
        for text in _loose(root):
            self.around_text(root, text)
        for node, element, position, ordinal in self.nodes(root):
            holder = element.getparent() if not self.message.is_flat and ordinal == 0 else None
            for text in _loose(holder) if holder is not None else ():
                self.between(self.message.paper, position, -1, 0, text)
            for text in _loose(element):
                self.between(node, position, ordinal, _rank_of(node, text), text)

    def around_text(self, root: etree._Element, text: str) -> None:
        """Text directly under the root."""
        fault = Fault(
            self.message_id, self.message.head.table, None, local_name(root.tag), "", "FIELD-25",
            _hidden(text), "", (self.arrival, _LAST, 0, 0),
        )  # fmt: skip
        self.into.note(fault)

    def between(self, node: Node, position: int, ordinal: int, rank: int, text: str) -> None:
        """Keep a note on text between the elements of a node."""
        place = (self.arrival, position, ordinal, rank)
        table = node.table or self.message.head.table
        value = _hidden(text)
        self.into.note(Fault(self.message_id, table, position, node.name, "", "FIELD-25", value, "", place))

    def nodes(self, root: etree._Element) -> Iterator[tuple[Node, etree._Element, int, int]]:
        """Heads and lines with their position and ordinal."""
        for at, paper in enumerate(root.iterchildren(self.message.paper.tag)):
            position = self.place(at)
            if self.message.is_flat:
                yield self.message.head, paper, position, 0
                continue
            for head in paper.iterchildren(self.message.head.tag):
                yield self.message.head, head, position, 0
            if self.message.line is not None:
                for ordinal, line in enumerate(paper.iterchildren(self.message.line.tag), 1):
                    yield self.message.line, line, position, ordinal


@cache
def nested(type_: str) -> etree.XPath:
    """Whether any value of a message of this type holds an element."""
    message = MESSAGES[type_]
    below = "/*/*" if message.is_flat else "/*/*/*"
    return etree.XPath(f"boolean(/*/ceb:{message.paper.name}{below})", namespaces={"ceb": NAMESPACE})


@cache
def mixed(type_: str) -> etree.XPath:
    """Whether text stands between the elements of a message of this type."""
    message = MESSAGES[type_]
    paths = ["/*", f"/*/ceb:{message.paper.name}"]
    if not message.is_flat:
        paths.append(paths[-1] + "/*")
    tests = " or ".join(f"boolean({path}/text()[normalize-space()])" for path in paths)
    return etree.XPath(tests, namespaces={"ceb": NAMESPACE})


_LOOSE = etree.XPath("text()[normalize-space()]")


def _loose(element: etree._Element) -> list[Any]:
    """The texts that stand directly in an element; each knows the element it follows."""
    found = _LOOSE(element)
    assert isinstance(found, list)
    return found


def _hidden(text: str) -> str:
    """A loose text as a finding may quote it: it may be anybody's number, so only how it begins and how long it is."""
    said = text.strip(SPACE)
    return said[:1] + "*" * min(len(said) - 1, 20)


def _rank_of(node: Node, text: Any) -> int:
    """Behind which field a loose text stands."""
    if not text.is_tail:
        return -1
    name = local_name(text.getparent().tag)
    return next((2 * at + 1 for at, f in enumerate(node.fields) if f.element == name), 2 * len(node.fields))
