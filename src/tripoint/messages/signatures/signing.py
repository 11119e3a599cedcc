"""Sign a message as the e-port's clients do: enveloped, SignedInfo without white space, canonical throughout."""

from __future__ import annotations

import base64
import re
from functools import lru_cache

from lxml import etree

from tripoint.kernel.refusals import Conflict, Malformed
from tripoint.messages.signatures.algorithms import C14N, DS, ENVELOPED, SignatureAlgorithm
from tripoint.messages.signatures.canonical import (
    Ambiguous,
    canonical_document,
    has_dtd,
    inherited_attributes,
)
from tripoint.messages.signatures.certificates import Certificate
from tripoint.messages.signatures.keys import SigningKey, refuse_key_of_another
from tripoint.messages.signatures.verdicts import Reason
from tripoint.messages.signatures.verifying import parts_of

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# The export schema has the signature before ExtendMessage, the import schema after it (ceb.md §0.2).
_EXPORT = re.compile(r"CEB(?:21[3-6]|30[34]|40[34]|50[5-9]|510|60[3-8]|70[12]|792)Message")


def sign(
    xml: bytes | etree._Element, key: SigningKey, certificate: Certificate, algorithm: SignatureAlgorithm
) -> bytes:
    """The document in canonical form, UTF-8, with its signature in place; the input is not touched.

    The same input gives the same octets, but for the value of SM2, which is random. What is given back verifies: raises
    Malformed where it could not, also for the certificate of another key, or Conflict where the document is signed already.
    """
    root = _parse(xml) if isinstance(xml, bytes) else xml
    _refuse_unsignable(root)
    try:
        document = canonical_document(root)
    except Ambiguous as error:
        raise _malformed() from error
    body = _signed_info_body(algorithm, algorithm.digest.hash(document))
    signed_info = _signed_info_start(root) + body
    value = key.sign(algorithm, signed_info)
    refuse_key_of_another(certificate, algorithm, signed_info, value)
    place = _place(root, document)
    signature = _signature(_declaration(root), body, value, certificate)
    signed = b"".join((_DECLARATION, document[:place], signature, document[place:]))
    _refuse_unverifiable(signed, signed_info)
    return signed


def sign_canonical(
    document: bytes, key: SigningKey, certificate: Certificate, algorithm: SignatureAlgorithm
) -> bytes:
    """As `sign`, for an import message that is canonical already, as our own writers make it; nothing else is checked.

    Only the start tag is looked at, so that the cost is the digest and the value.
    """
    start, declaration = _inherited(_without_guid(document[: document.index(b">")]))
    body = _signed_info_body(algorithm, algorithm.digest.hash(document))
    value = key.sign(algorithm, start + body)
    place = document.rindex(b"</")
    signature = _signature(declaration, body, value, certificate)
    return b"".join((_DECLARATION, document[:place], signature, document[place:]))


def _without_guid(tag: bytes) -> bytes:
    """A canonical start tag without what differs from message to message; a quotation mark in a value is escaped there."""
    begin, named, rest = tag.partition(b' guid="')
    return begin + rest[rest.index(b'"') + 1 :] if named else tag


@lru_cache(maxsize=64)
def _inherited(tag: bytes) -> tuple[bytes, bytes]:
    """The start tag of SignedInfo under a root's, without its `>`, and what the signature declares; few tags are ever written."""
    root = _parse(tag + b"/>")
    return _signed_info_start(root), _declaration(root)


def _parse(xml: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise _malformed() from error


def _refuse_unsignable(root: etree._Element) -> None:
    """What could never verify is not signed."""
    if next(root.iter("{" + DS + "}*"), None) is not None:
        raise Conflict("signature.signed_already", "报文已经签名", "the message is signed already")
    if root.getroottree().getroot() is not root or has_dtd(root):
        raise _malformed()
    siblings = (*root.itersiblings(etree.PI, preceding=True), *root.itersiblings(etree.PI))
    if siblings or next(root.iter(etree.PI, etree.Entity), None) is not None:
        raise _malformed()


def _refuse_unverifiable(signed: bytes, signed_info: bytes) -> None:
    """Whoever verifies has to find one signature, in its place, over the octets that were signed."""
    parts = parts_of(_parse(signed))
    if isinstance(parts, Reason):
        raise Malformed(
            "signature.would_not_hold",
            f"加签后也不能通过验签：{parts.text.zh}",
            f"once signed it would not verify: {parts.text.en}",
        )
    assert parts is not None
    assert parts.signed_info_octets == signed_info, "we sign the octets that we verify"
    found = parts.signed_info
    assert found.digest.hash(*parts.document_octets) == found.digest_value, (
        "we hash the octets that we verify"
    )


def _place(root: etree._Element, document: bytes) -> int:
    """Where in the canonical octets the signature goes."""
    last = root[-1] if len(root) else None
    if last is not None and _EXPORT.fullmatch(etree.QName(root).localname):
        name = etree.QName(last)
        if name.localname == "ExtendMessage" and name.namespace == etree.QName(root).namespace:
            tag = (f"{last.prefix}:ExtendMessage" if last.prefix else "ExtendMessage").encode()
            places = [found.start() for found in re.finditer(b"<" + re.escape(tag) + b"[ >]", document)]
            if len(places) != 1:
                raise _malformed()
            return places[0]
    return document.rindex(b"</")


def _scope(root: etree._Element) -> dict[str | None, str]:
    """The namespaces in scope inside a signature under this root."""
    return {**root.nsmap, "ds": DS}


def _signed_info_start(root: etree._Element) -> bytes:
    """The start tag of SignedInfo as inclusive C14N has it on its own: every namespace in scope, in order.

    `xmlns=""` at the root says nothing, and canonical form leaves it out.
    """
    scope = sorted((prefix or "", uri) for prefix, uri in _scope(root).items() if uri and prefix != "xml")
    declared = "".join(f' xmlns{":" if prefix else ""}{prefix}="{uri}"' for prefix, uri in scope)
    return f"<ds:SignedInfo{declared}".encode() + inherited_attributes(root) + b">"


def _signed_info_body(algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
    """SignedInfo after its start tag, the end tag included."""
    return (
        f'<ds:CanonicalizationMethod Algorithm="{C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{algorithm.uri}"></ds:SignatureMethod>'
        '<ds:Reference URI=""><ds:Transforms>'
        f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>'
        "</ds:Transforms>"
        f'<ds:DigestMethod Algorithm="{algorithm.digest.uri}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    ).encode()


def _declaration(root: etree._Element) -> bytes:
    """What the start tag of a signature under this root declares."""
    return b"" if root.nsmap.get("ds") == DS else f' xmlns:ds="{DS}"'.encode()


def _signature(declaration: bytes, body: bytes, value: bytes, certificate: Certificate) -> bytes:
    return b"".join(
        (
            b"<ds:Signature" + declaration + b"><ds:SignedInfo>" + body,
            b"<ds:SignatureValue>" + base64.b64encode(value) + b"</ds:SignatureValue>",
            b"<ds:KeyInfo><ds:KeyName>" + certificate.key_name.encode() + b"</ds:KeyName>",
            b"<ds:X509Data><ds:X509Certificate>" + base64.b64encode(certificate.der),
            b"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        )
    )


def _malformed() -> Malformed:
    return Malformed(
        "signature.not_signable",
        "报文不能加签：不是完整的 XML 文档，或带有 DTD、处理指令、实体",
        "the message cannot be signed: not a whole XML document, or one with a DTD, an instruction or an entity",
    )
