"""From the bytes that arrived to a tree that may be read: who sent what, and whether the message stands at all.

What the official schema says of the root, of BaseTransfer and of the number of papers is decided here for the whole
message (`Unreadable`, answered by a CEB900); single fields are `reading`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from tripoint.messages.ceb import octets
from tripoint.messages.ceb.envelope import Envelope, is_envelope, open_envelope
from tripoint.messages.ceb.fields import MESSAGES, NAMESPACE, Field, Message, Node, fields_of
from tripoint.messages.ceb.findings import Unreadable
from tripoint.messages.ceb.octets import DEFAULT, Limits

__all__ = [
    "Limits",
    "MessageHead",
    "Parsed",
    "Subscriber",
    "Transfer",
    "Unreadable",
    "head_of",
    "parse",
    "refuse_wrong_number",
]

_GUID_CHARACTERS = 36
_VERSION_CHARACTERS = 10
_TYPE = re.compile(r"CEB\d{3}")


@dataclass(frozen=True, slots=True)
class Transfer:
    """Who transmits a message (BaseTransfer): enterprise code and name, and its access to the exchange."""

    cop_code: str
    cop_name: str
    dxp_mode: str
    dxp_id: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A third party that gets a copy (BaseSubscribe): status ALL, DATA or RET."""

    status: str
    dxp_mode: str
    dxp_address: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHead:
    """What a message says about itself; transfer is None for receipts, envelope for a message that came bare."""

    message_type: str
    guid: str
    version: str
    papers: int
    transfer: Transfer | None
    subscribers: tuple[Subscriber, ...]
    envelope: Envelope | None
    is_signed: bool

    @property
    def cop_code(self) -> str | None:
        """The transmitting enterprise."""
        return self.transfer.cop_code if self.transfer else None

    @property
    def cop_name(self) -> str | None:
        """The name of the transmitting enterprise."""
        return self.transfer.cop_name if self.transfer else None

    @property
    def dxp_mode(self) -> str | None:
        """Its exchange; DXP."""
        return self.transfer.dxp_mode if self.transfer else None

    @property
    def dxp_id(self) -> str | None:
        """Its address in the exchange."""
        return self.transfer.dxp_id if self.transfer else None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message that may be read: its head, its tree, and the business XML (UTF-8, no byte order mark)."""

    head: MessageHead
    root: etree._Element
    payload: bytes

    @property
    def message(self) -> Message:
        """What the specification says of this type."""
        return MESSAGES[self.head.message_type]


def parse(raw: bytes, limits: Limits = DEFAULT) -> Parsed:
    """Open the envelope, if any, and read the head of one message; raises `Unreadable`."""
    payload = octets.admit(raw, limits)
    root = octets.tree(payload, limits)
    envelope = None
    number = None
    if is_envelope(root):
        envelope, inside = open_envelope(root)
        number = envelope.message_no
        try:
            payload = octets.admit(inside, limits)
            root = octets.tree(payload, limits)
            if is_envelope(root):
                raise Unreadable("WIRE-20")
        except Unreadable as fault:
            raise fault.about(message_no=number) from None
    try:
        return Parsed(head_of(root, payload, envelope, limits), root, payload)
    except Unreadable as fault:
        raise fault.about(message_type=_type_of(root), message_no=number or root.get("guid")) from None


def _type_of(root: etree._Element) -> str | None:
    name = octets.name_of(root)[1].removesuffix("Message")
    return name if _TYPE.fullmatch(name) else None


def head_of(
    root: etree._Element,
    payload: bytes,
    envelope: Envelope | None,
    limits: Limits = DEFAULT,
    papers: int | None = None,
) -> MessageHead:
    """What a message says of itself; raises `Unreadable`. `papers` is their number where they are not in the tree."""
    message = _message(root)
    _refuse_long_texts(message, root, payload, limits)
    children: dict[str, list[etree._Element]] = {}
    for child in root.iterchildren(etree.Element):
        children.setdefault(child.tag, []).append(child)
    numbers = {tag: len(found) for tag, found in children.items()}
    if papers is not None:
        numbers[message.paper.tag] = papers
    for node in message.top:
        refuse_wrong_number(node, numbers.get(node.tag, 0), limits)
    transfers = children.get(_TRANSFER, ())
    return MessageHead(
        message_type=message.type,
        guid=_attribute(root, "guid", _GUID_CHARACTERS, _GUID_CHARACTERS),
        version=_attribute(root, "version", 1, _VERSION_CHARACTERS),
        papers=numbers[message.paper.tag],
        transfer=Transfer(*_texts(transfers[0], "BaseTransfer")) if transfers else None,
        subscribers=tuple(
            Subscriber(*_texts(element, "BaseSubscribe")) for element in children.get(_SUBSCRIBE, ())
        ),
        envelope=envelope,
        is_signed=_SIGNATURE in children,
    )


_TRANSFER = f"{{{NAMESPACE}}}BaseTransfer"
_SUBSCRIBE = f"{{{NAMESPACE}}}BaseSubscribe"
_SHARED = {node: fields_of("*", node) for node in ("BaseTransfer", "BaseSubscribe")}
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


def _message(root: etree._Element) -> Message:
    namespace, name = octets.name_of(root)
    kind = _type_of(root)
    if kind is None or kind not in MESSAGES:
        raise Unreadable("WIRE-10", path=name, value=name)
    if namespace != NAMESPACE:
        raise Unreadable("WIRE-11", path=name, value=namespace, limit=NAMESPACE)
    return MESSAGES[kind]


def _attribute(root: etree._Element, name: str, least: int, most: int) -> str:
    value = root.get(name, "")
    if not least <= len(value) <= most:
        raise Unreadable("WIRE-12", path=name, value=value)
    return value


def refuse_wrong_number(node: Node, found: int, limits: Limits) -> None:
    """Hold that a child of the root stands as often as it may; raises `Unreadable`."""
    if node.is_("paper"):
        most = (
            node.most if limits.papers_max is None else min(limits.papers_max, node.most or limits.papers_max)
        )
        if found == 0:
            raise Unreadable("WIRE-13", path=node.name)
    elif node.is_("transfer"):
        most = node.most
        if found < node.least:
            raise Unreadable("WIRE-15", path=node.name)
    else:
        most = node.most
    if most is not None and found > most:
        raise Unreadable("WIRE-14", path=node.name, value=str(found), limit=str(most))


def _texts(parent: etree._Element, node: str) -> list[str]:
    """The values of BaseTransfer or BaseSubscribe in the order of the specification."""
    return [_text(parent, node, field) for field in _SHARED[node]]


def _text(parent: etree._Element, node: str, field: Field) -> str:
    found = parent.findall(f"{{{NAMESPACE}}}{field.element}")
    value = (found[0].text or "").strip() if found else ""
    least, most = field.characters
    wrong = len(found) > 1 or (most is not None and len(value) > most)
    short = len(value) < least and (field.is_mandatory or value)
    if wrong or short or (field.is_mandatory and not found):
        raise Unreadable("WIRE-15", path=f"{node}.{field.element}", value=value)
    return value


def _refuse_long_texts(message: Message, root: etree._Element, payload: bytes, limits: Limits) -> None:
    """Only what the specification itself leaves unbounded (the quoted message of a CEB900) may be longer."""
    if not _may_hold_longer(payload, limits.text_max):
        return
    unbounded = {f.element for f in message.head.fields if f.type == "C"}
    for element in root.iter(etree.Element):
        name = octets.name_of(element)[1]
        if len((element.text or "").encode()) > limits.text_max and name not in unbounded:
            raise Unreadable("WIRE-09", path=name, limit=str(limits.text_max))


def _may_hold_longer(payload: bytes, most: int) -> bool:
    """A text longer than `most` covers a whole window of half that size; a CDATA could fill it with `<`."""
    if len(payload) <= most:
        return False
    window = max(most // 2, 1)
    starts = range(0, len(payload) - window, window)
    return b"<![CDATA[" in payload or any(payload.find(b"<", at, at + window) < 0 for at in starts)
