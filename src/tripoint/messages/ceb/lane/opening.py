"""A message taken by the scanner, and the little of it that still goes through the reference lane's hands.

The papers are cut out of the message; what is left (the root, BaseTransfer, the signature) is small, and is parsed, judged
and walked by the very functions of the reference lane. Wherever anything is not as the scanner wants it, None is given,
nothing is kept, and the message goes the reference lane as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lxml import etree

from tripoint.messages.ceb import octets
from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.findings import Unreadable
from tripoint.messages.ceb.lane.rest import Signature, recalled, understood
from tripoint.messages.ceb.lane.sheets import Sheets
from tripoint.messages.ceb.octets import Limits
from tripoint.messages.ceb.parsing import MessageHead, refuse_wrong_number
from tripoint.messages.ceb.walking import Collected, Walk
from tripoint.messages.signatures.verifying import parts_of

_MARK = b"\xef\xbb\xbf"
_BEGINNING = re.compile(
    rb"(?:<\?xml[ ]version=(?P<q>[\"'])1\.0(?P=q)"
    rb"(?:[ ]encoding=(?P<r>[\"'])[Uu][Tt][Ff]-8(?P=r))?"
    rb"(?:[ ]standalone=(?P<s>[\"'])(?:yes|no)(?P=s))?[ ]?\?>)?"
    rb"[ \t\r\n]{0,100}"
    rb"(?P<root><(?P<prefix>(?:[A-Za-z_][A-Za-z0-9_.-]{0,30}:)?)(?P<type>CEB[0-9]{3})Message"
    rb"(?:[ \t\r\n]{1,100}[A-Za-z_][A-Za-z0-9_.:-]{0,60}=(?:\"[^\"<&]{0,200}\"|'[^'<&]{0,200}')){0,16}[ \t\r\n]{0,100}>)"
)
"""What a message may begin with: a declaration or none, and the root's start tag with plain attributes."""

_NAMES_BESIDE = 400
"""More names than the known ones of one message type and those of what is left without papers (`rest`) together."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A message whose papers are in columns: its head, its signature taken apart, and how many papers were odd."""

    head: MessageHead
    signature: Signature
    odd: int
    """Papers that went the reference lane all the same."""


def scan(
    raw: bytes, sheets: Sheets, into: Collected, message_id: int, arrival: int, limits: Limits
) -> Scanned | None:
    """Take a bare message, or give None and take nothing; `into` gets what the reference lane's walk finds."""
    payload = raw.removeprefix(_MARK)
    beginning = _BEGINNING.match(payload)
    if beginning is None or len(raw) > limits.bytes_max:
        return None
    message = MESSAGES.get(beginning["type"].decode())
    if message is None:
        return None
    start = beginning.end()
    found = sheets.scan(message, beginning["prefix"], payload, start, message_id, arrival, limits.text_max)
    if found is None:
        return None
    end, papers, odd, canonical = found
    inside = canonical if canonical is not None else memoryview(payload)[start:end]
    try:
        octets.refuse_floods(payload, limits)
        refuse_wrong_number(message.paper, papers, limits)
        left = _left(beginning["root"], beginning["prefix"] + beginning["type"], payload, odd, limits)
        recollected = recalled(payload[:start], payload[end:], inside, papers, limits)
        rest = understood(payload[:start] + payload[end:], limits) if recollected is None else None
    except Unreadable:
        sheets.undo(message)
        return None
    into.expect(message)
    if left is not None:
        places = [position for position, _, _ in odd]
        Walk(into, message, message_id, arrival, places).whole(left)
    if rest is None:
        assert recollected is not None
        head, signature = recollected
    else:
        Walk(into, message, message_id, arrival).whole(rest.root)
        head, signature = replace(rest.head, papers=papers), parts_of(rest.root, inside)
    return Scanned(head, signature, len(odd))


def _left(
    start_tag: bytes, name: bytes, payload: bytes, odd: Sequence[tuple[int, int, int]], limits: Limits
) -> etree._Element | None:
    """The tree of the papers the scanner left, in the message's own root."""
    if not odd:
        return None
    papers = b"".join([payload[begin:end] for _, begin, end in odd])
    # Only odd papers make names up: the whole message is counted where these alone come near the limit.
    if len(payload) > octets.ROOM_FOR_NAMES and octets.names_in(papers) > limits.names_max - _NAMES_BESIDE:
        octets.refuse_many_names(payload, limits)
    return octets.tree(start_tag + papers + b"</" + name + b"Message>", limits)
