"""What is wrong with one message, all of it and in the order of the document, for whoever has to mend it.

The rules are those of `parsing` and `reading`; a signature that the schema demands and does not find is added.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from tripoint.kernel.text import Text
from tripoint.messages.ceb.fields import NAMESPACE, Message
from tripoint.messages.ceb.findings import Unreadable, wordings
from tripoint.messages.ceb.octets import DEFAULT, Limits
from tripoint.messages.ceb.parsing import Parsed, parse
from tripoint.messages.ceb.reading import Reader
from tripoint.messages.ceb.walking import Fault

FAULTS_TOLD = 1_000
"""Of one message; those that refuse a paper are told before those that are tolerated."""
_OUT_OF_PLACE = ("FIELD-01", "FIELD-21", "FIELD-23")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationFault:
    """One thing to mend: where it is, which paper (from 0), what was found, and what to do, in both languages."""

    code: str
    path: str
    position: int | None
    line_no: int | None
    value: str | None
    found: str | None
    """The element that stands where `path` is expected, as the official schema's message names it."""
    tolerated: bool
    text: Text
    repair: Text


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The faults of one message, first to last; type and papers as far as they could be made out.

    Of a flood `FAULTS_TOLD` are told; `faults_in_all` is how many there are.
    """

    message_type: str
    papers: int
    faults: tuple[ValidationFault, ...]
    faults_in_all: int

    @property
    def is_readable(self) -> bool:
        """Whether every paper would be taken."""
        return all(fault.tolerated for fault in self.faults)

    @property
    def is_faultless(self) -> bool:
        """Whether nothing at all is to be said."""
        return not self.faults


def validate(raw: bytes, limits: Limits = DEFAULT) -> ValidationReport:
    """Everything that is wrong with one message; never raises for what the bytes hold."""
    try:
        parsed = parse(raw, limits)
    except Unreadable as fault:
        return ValidationReport(fault.message_type, 0, (_of_message(fault),), 1)
    reader = Reader()
    reader.add(0, parsed)
    line_numbers = reader.faults()["line_no"].to_list()
    listed = reader.listed()
    first = sorted(range(len(listed)), key=lambda at: listed[at].tolerated)[:FAULTS_TOLD]
    faults = [_of_field(parsed, listed[at], line_numbers[at]) for at in sorted(first)]
    unsigned = [_unsigned()] if parsed.message.has("signature") and not parsed.head.is_signed else []
    return ValidationReport(
        parsed.head.message_type,
        parsed.head.papers,
        (*faults, *unsigned),
        reader.in_all() + len(unsigned),
    )


def _of_message(fault: Unreadable) -> ValidationFault:
    return ValidationFault(
        code=fault.code,
        path=fault.path,
        position=None,
        line_no=None,
        value=None,
        found=None,
        tolerated=False,
        text=fault.text,
        repair=fault.repair,
    )


def _unsigned() -> ValidationFault:
    wording = wordings()["FIELD-11"]
    return ValidationFault(
        code=wording.code,
        path="ds:Signature",
        position=None,
        line_no=None,
        value=None,
        found=None,
        tolerated=False,
        text=wording.say(path="ds:Signature"),
        repair=wording.mend(path="ds:Signature"),
    )


def _of_field(parsed: Parsed, fault: Fault, line_no: int | None) -> ValidationFault:
    wording = wordings()[fault.code]
    value = fault.value or ""
    return ValidationFault(
        code=fault.code,
        path=fault.path,
        position=fault.position,
        line_no=line_no,
        value=fault.value,
        found=_instead(parsed, fault) if fault.code in _OUT_OF_PLACE else None,
        tolerated=fault.tolerated,
        text=wording.say(path=fault.path, value=value, limit=fault.limit),
        repair=wording.mend(path=fault.path, value=value, limit=fault.limit),
    )


def _instead(parsed: Parsed, fault: Fault) -> str | None:
    """The first known element behind the place where the missing one belongs."""
    node = _node_of(parsed.root, parsed.message, fault)
    if node is None:
        return None
    name, _, element = fault.path.partition(".")
    fields = next(n for n in parsed.message.nodes if n.name == name).fields
    order = {f"{{{NAMESPACE}}}{field.element}": at for at, field in enumerate(fields)}
    expected = order.get(f"{{{NAMESPACE}}}{element}", len(fields))
    for child in node.iterchildren(etree.Element):
        if order.get(child.tag, -1) > expected:
            return etree.QName(child).localname
    return None


def _node_of(root: etree._Element, message: Message, fault: Fault) -> etree._Element | None:
    """The head or line a fault is about."""
    _, position, ordinal, _ = fault.place
    if fault.position is None:
        return None
    paper = next(p for at, p in enumerate(root.iterchildren(message.paper.tag)) if at == position)
    if message.is_flat:
        return paper
    node = message.line if ordinal and message.line is not None else message.head
    return next((n for at, n in enumerate(paper.iterchildren(node.tag), 1) if at == (ordinal or 1)), None)
