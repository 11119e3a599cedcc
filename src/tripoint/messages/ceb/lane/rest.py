"""What is left of a message when its papers are cut out: the root, BaseTransfer, the signature.

It is read by the very functions of the reference lane. A sender writes it again and again, but for the message's guid,
its digest and its signature value; so what was found is remembered by everything else, and these three are put in.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from tripoint.messages.ceb import octets
from tripoint.messages.ceb.fields import NAMESPACE
from tripoint.messages.ceb.findings import Unreadable
from tripoint.messages.ceb.octets import Limits
from tripoint.messages.ceb.parsing import MessageHead, Parsed, head_of
from tripoint.messages.ceb.walking import Collected, Walk
from tripoint.messages.signatures.parts import Flaw, SignatureParts, SignedInfo, octets_of
from tripoint.messages.signatures.verdicts import Reason
from tripoint.messages.signatures.verifying import parts_of

_BYTES_MOST = 64 * 1024
"""Of root, BaseTransfer and signature together; a signature with its certificate has 3,000."""
_TAGS_MOST = 200
_MANY_ATTRIBUTES = etree.XPath("boolean(//*[count(@*) > 8])")
_REMEMBERED = 1024

_GUID = re.compile(rb"[ \t\r\n]guid=[\"']([0-9A-Za-z-]{36})[\"']")
_DIGEST = re.compile(rb"DigestValue>([A-Za-z0-9+/]{20,90}={0,2})</")
_VALUE = re.compile(rb"SignatureValue>([A-Za-z0-9+/ \n]{20,1000}={0,2}[ \n]?)</")
_NO_GUID = b"--in-place-of-the-guid-of-a-message-"
_NO_DIGEST = base64.b64encode(b"in place of a digest")
_NO_VALUE = base64.b64encode(b"in place of a signature value")

Signature = SignatureParts | Reason | None


@dataclass(frozen=True, slots=True)
class Rest:
    """A message without its papers, understood."""

    head: MessageHead
    root: etree._Element
    notes: bool
    """Whether the walk has anything to say of what stands around the papers."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What all messages have in common that differ in guid, digest, signature value and papers only."""

    head: MessageHead
    parts: SignatureParts | None
    document: tuple[bytes, bytes, bytes, bytes]
    """The canonical document without the signature, cut where the guid stands and where the papers stand."""
    signed_info: tuple[bytes, bytes]
    """The canonical SignedInfo, cut where the digest stands."""


def understood(rest: bytes, limits: Limits) -> Rest:
    """The rest of a message by the reference lane; raises `Unreadable` also for what only the whole could answer for."""
    if (
        len(rest) > _BYTES_MOST
        or rest.count(b"<") > _TAGS_MOST
        or b"<!" in rest
        or rest.count(b"<?") > rest.startswith(b"<?")
    ):
        raise Unreadable("WIRE-06")
    root = octets.tree(rest, limits)
    if _MANY_ATTRIBUTES(root) or root.tag[1:].partition("}")[0] != NAMESPACE:
        raise Unreadable("WIRE-06")
    head = head_of(root, rest, None, limits, papers=1)
    parsed = Parsed(head, root, rest)
    if next(root.iterchildren(parsed.message.paper.tag), None) is not None:
        raise Unreadable("WIRE-06")
    found = Collected()
    Walk(found, parsed.message, 0, 0).whole(root)
    return Rest(head, root, bool(found.faults.kept))


def recalled(
    start: bytes, tail: bytes, inside: bytes | memoryview, papers: int, limits: Limits
) -> tuple[MessageHead, Signature] | None:
    """Head and signature of a message whose like was seen before; None where this one has to be looked at by itself.

    `start` ends and `tail` begins where the papers stand, so many and canonically `inside`.
    """
    guid = _GUID.search(start)
    if guid is None or len(start) + len(tail) > _BYTES_MOST:
        return None
    digest, value = _DIGEST.search(tail), _VALUE.search(tail)
    is_signed = digest is not None and value is not None and digest.end() <= value.start()
    if is_signed:
        assert digest is not None
        assert value is not None
        between = tail[digest.end(1) : value.start(1)]
        tail = b"".join((tail[: digest.start(1)], _NO_DIGEST, between, _NO_VALUE, tail[value.end(1) :]))
    shape = _shape(start[: guid.start(1)] + _NO_GUID + start[guid.end(1) :], tail, limits)
    if shape is None or (shape.parts is not None) is not is_signed:
        return None
    head = _headed(shape.head, guid[1].decode(), papers)
    if shape.parts is None:
        return head, None
    assert digest is not None
    assert value is not None
    try:
        return head, _signature(shape, shape.parts, (guid[1], digest[1], value[1]), inside)
    except Flaw:
        return None


def _headed(head: MessageHead, guid: str, papers: int) -> MessageHead:
    return MessageHead(
        message_type=head.message_type,
        guid=guid,
        version=head.version,
        papers=papers,
        transfer=head.transfer,
        subscribers=head.subscribers,
        envelope=head.envelope,
        is_signed=head.is_signed,
    )


def _signature(
    shape: Shape, parts: SignatureParts, said: tuple[bytes, bytes, bytes], inside: bytes | memoryview
) -> SignatureParts:
    """The parts of a shape with a message's own guid, digest and value; raises Flaw where these are no Base64."""
    guid, digest, value = said
    first, second, behind, after = shape.document
    info = parts.signed_info
    return SignatureParts(
        signed_info=SignedInfo(
            algorithm=info.algorithm, digest=info.digest, digest_value=octets_of(digest.decode())
        ),
        signed_info_octets=b"".join((shape.signed_info[0], digest, shape.signed_info[1])),
        document_octets=(b"".join((first, guid, second)), inside, behind, after),
        value=octets_of(value.decode()),
        key_name=parts.key_name,
        fingerprint=parts.fingerprint,
    )


@lru_cache(maxsize=_REMEMBERED)
def _shape(start: bytes, tail: bytes, limits: Limits) -> Shape | None:
    """What messages of this shape have in common; None where what is put in does not stand exactly once, in its place."""
    try:
        rest = understood(start + tail, limits)
    except Unreadable:
        return None
    guid = _NO_GUID.decode()
    if rest.notes or rest.head.guid != guid:
        return None
    marked = b"<!-- -->"  # no octets of a document, so that the papers' place can be told
    parts = parts_of(rest.root, marked)
    if parts is None:
        return Shape(rest.head, None, (b"", b"", b"", b""), (b"", b""))
    if isinstance(parts, Reason):
        return None
    opening, inserted, behind, after = (bytes(piece) for piece in parts.document_octets)
    info = parts.signed_info_octets
    if (
        inserted != marked
        or opening.count(_NO_GUID) != 1
        or _NO_GUID in behind + after + info
        or info.count(_NO_DIGEST) != 1
        or parts.signed_info.digest_value != base64.b64decode(_NO_DIGEST)
        or parts.value != base64.b64decode(_NO_VALUE)
    ):
        return None
    first, _, second = opening.partition(_NO_GUID)
    cut = info.partition(_NO_DIGEST)
    return Shape(rest.head, parts, (first, second, behind, after), (cut[0], cut[2]))
