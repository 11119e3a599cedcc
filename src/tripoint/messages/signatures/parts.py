"""What a message's signature consists of, read strictly: anything a signature here need not hold is refused."""

from __future__ import annotations

import binascii
from collections.abc import Container
from dataclasses import dataclass

from lxml import etree

from tripoint.messages.signatures.algorithms import (
    C14N,
    DS,
    ENVELOPED,
    DigestAlgorithm,
    SignatureAlgorithm,
    may_go_together,
    read_digest_algorithm,
    read_signature_algorithm,
)
from tripoint.messages.signatures.canonical import (
    Ambiguous,
    canonical_document,
    canonical_signed_info,
    has_dtd,
    start_tag_end,
)
from tripoint.messages.signatures.certificates import fingerprint_of
from tripoint.messages.signatures.verdicts import Reason

_IN_DS = "{" + DS + "}"
_XML_SPACE = " \t\r\n"
_NO_SPACE = dict.fromkeys(map(ord, _XML_SPACE))
_ALGORITHM = frozenset({"Algorithm"})
_ID = frozenset({"Id"})
_NONE: frozenset[str] = frozenset()


Octets = bytes | memoryview


class Flaw(Exception):
    """The signature cannot hold, whoever made it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInfo:
    """What the signature value covers, understood."""

    algorithm: SignatureAlgorithm
    digest: DigestAlgorithm
    digest_value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureParts:
    """A signature and the octets it covers; a reader of canonical bytes may fill this without a tree."""

    signed_info: SignedInfo
    signed_info_octets: bytes
    document_octets: tuple[Octets, ...]  # the canonical document with the signature cut out
    value: bytes
    key_name: str | None
    fingerprint: str | None  # of the certificate that the message carries


def read_parts(root: etree._Element, cut_out: Octets = b"") -> SignatureParts | None:
    """Take apart the one signature of a document, or None where it has none; raises Flaw; leaves the tree alone.

    `cut_out` are the canonical octets of what the tree is spared of and the document has right behind the root's start
    tag; the caller answers for it that they hold elements and text only, and nothing of a signature's namespace.
    """
    signature = _find(root)
    if signature is None:
        return None
    _refuse_hidden_content(root)
    children = _children(signature, _ID)
    names = [_name(child) for child in children]
    if "Object" in names:
        raise Flaw(Reason.OBJECT_ELEMENT)
    if names[:2] != ["SignedInfo", "SignatureValue"] or names[2:] not in ([], ["KeyInfo"]):
        raise Flaw(Reason.MALFORMED)
    signed_info = _read_signed_info(children[0])
    key_name, fingerprint = _read_key_info(children[2]) if len(children) == 3 else (None, None)
    try:
        return SignatureParts(
            signed_info=signed_info,
            signed_info_octets=canonical_signed_info(root, children[0]),
            document_octets=_cut(root, signature, cut_out),
            value=octets_of(_text(children[1], _ID)),
            key_name=key_name,
            fingerprint=fingerprint,
        )
    except Ambiguous as error:
        raise Flaw(Reason.MALFORMED) from error


def _find(root: etree._Element) -> etree._Element | None:
    """The only signature, a child of the document's root; nothing of its namespace stands elsewhere."""
    everything = [*root.iter(_IN_DS + "*")]
    signatures = [element for element in everything if element.tag == _IN_DS + "Signature"]
    if not everything:
        return None
    if len(signatures) > 1:
        raise Flaw(Reason.SECOND_SIGNATURE)
    if (
        not signatures
        or signatures[0].getparent() is not root
        or root.getparent() is not None
        or root.getroottree().getroot() is not root
        or sum(1 for _ in signatures[0].iter(_IN_DS + "*")) != len(everything)
    ):
        raise Flaw(Reason.MISPLACED)
    return signatures[0]


def _refuse_hidden_content(root: etree._Element) -> None:
    """Hold that the text a reader takes from an element is the text that was signed.

    C14N drops comments, so `1<!-- -->00` is signed as 100, while an element's text ends at the comment. A comment
    between elements hides nothing and is let through; an instruction or an unexpanded entity is never needed.
    """
    if has_dtd(root):
        raise Flaw(Reason.HIDDEN_CONTENT)
    for node in root.iter(etree.Comment, etree.PI, etree.Entity):
        parent = node.getparent()
        if not isinstance(node, etree._Comment) or parent is None or not _holds_only_elements(parent):
            raise Flaw(Reason.HIDDEN_CONTENT)
    for direction in (True, False):
        for node in root.itersiblings(preceding=direction):
            if isinstance(node, etree._ProcessingInstruction):
                raise Flaw(Reason.HIDDEN_CONTENT)


def _holds_only_elements(parent: etree._Element) -> bool:
    texts = [parent.text, *(child.tail for child in parent)]
    return any(not isinstance(child, etree._Comment) for child in parent) and all(map(_is_blank, texts))


def _cut(root: etree._Element, signature: etree._Element, cut_out: Octets) -> tuple[Octets, ...]:
    """The canonical document before and after the signature: what the enveloped-signature transform leaves.

    Cutting octets is exact where the name occurs once, as canonical XML escapes every `<` that is not markup. The
    white space after the signature stays in, as the standard has it.
    """
    octets = canonical_document(root)
    name = (f"{signature.prefix}:Signature" if signature.prefix else "Signature").encode()
    end = b"</" + name + b">"
    starts = [b"<" + name + b" ", b"<" + name + b">"]
    if octets.count(end) != 1 or sum(map(octets.count, starts)) != 1:
        raise Flaw(Reason.SECOND_SIGNATURE)
    start = max(map(octets.rfind, starts))  # as a rule it stands at the end
    view = memoryview(octets)
    rest = view[octets.find(end, start) + len(end) :]
    if not cut_out:
        return view[:start], rest
    inside = start_tag_end(octets)
    return view[:inside], cut_out, view[inside:start], rest


def _read_signed_info(element: etree._Element) -> SignedInfo:
    children = _children(element, _ID)
    names = [_name(child) for child in children]
    if names[:2] != ["CanonicalizationMethod", "SignatureMethod"] or set(names[2:]) != {"Reference"}:
        raise Flaw(Reason.MALFORMED)
    if len(children) > 3:
        raise Flaw(Reason.EXTRA_REFERENCE)
    if children[0].get("Algorithm") != C14N or len(children[0]):
        raise Flaw(Reason.UNSUPPORTED_CANONICALISATION)
    _address(children[0])
    algorithm = read_signature_algorithm(_address(children[1]))
    digest, digest_value = _read_reference(children[2])
    if algorithm is None or digest is None:
        raise Flaw(Reason.UNKNOWN_ALGORITHM)
    if not may_go_together(algorithm, digest):
        raise Flaw(Reason.ALGORITHM_MISMATCH)
    return SignedInfo(algorithm=algorithm, digest=digest, digest_value=digest_value)


def _read_reference(element: etree._Element) -> tuple[DigestAlgorithm | None, bytes]:
    if element.get("URI") != "":
        raise Flaw(Reason.FOREIGN_REFERENCE)
    children = _children(element, {"Id", "URI"})
    names = [_name(child) for child in children]
    if names == ["DigestMethod", "DigestValue"]:
        raise Flaw(Reason.UNSUPPORTED_TRANSFORM)
    if names != ["Transforms", "DigestMethod", "DigestValue"]:
        raise Flaw(Reason.MALFORMED)
    transforms = _children(children[0], _NONE)
    if len(transforms) != 1 or transforms[0].get("Algorithm") != ENVELOPED or len(transforms[0]):
        raise Flaw(Reason.UNSUPPORTED_TRANSFORM)
    if _name(transforms[0]) != "Transform":
        raise Flaw(Reason.MALFORMED)
    _address(transforms[0])
    return read_digest_algorithm(_address(children[1])), octets_of(_text(children[2], _NONE))


def _read_key_info(element: etree._Element) -> tuple[str | None, str | None]:
    """KeyName and the fingerprint of the certificate, each at most once; neither is a proof of anything."""
    children = _children(element, _ID)
    names = [_name(child) for child in children]
    if not set(names) <= {"KeyName", "X509Data"} or len(set(names)) != len(names):
        raise Flaw(Reason.UNSUPPORTED_KEY_INFO)
    key_name = fingerprint = None
    for name, child in zip(names, children, strict=True):
        if name == "KeyName":
            key_name = _text(child, _NONE).strip(_XML_SPACE)
            continue
        certificates = [one for one in _children(child, _NONE) if _name(one) == "X509Certificate"]
        if len(certificates) > 1:
            raise Flaw(Reason.UNSUPPORTED_KEY_INFO)
        for one in certificates:
            fingerprint = fingerprint_of(octets_of(_text(one, _NONE)))
    return key_name, fingerprint


def _children(element: etree._Element, attributes: Container[str]) -> list[etree._Element]:
    """The children of an element that holds signature elements only, with white space between."""
    children = [*element]
    if not all(name in attributes for name in element.attrib):
        raise Flaw(Reason.MALFORMED)
    if not _is_blank(element.text) or not all(_name(child) and _is_blank(child.tail) for child in children):
        raise Flaw(Reason.MALFORMED)
    return children


def _text(element: etree._Element, attributes: Container[str]) -> str:
    """The text of an element that holds nothing else, so that no part of it can be overlooked."""
    if len(element) or not all(name in attributes for name in element.attrib):
        raise Flaw(Reason.MALFORMED)
    return element.text or ""


def _address(element: etree._Element) -> str:
    """The algorithm an otherwise empty element names."""
    if not _is_blank(_text(element, _ALGORITHM)):
        raise Flaw(Reason.MALFORMED)
    return element.get("Algorithm") or ""


def octets_of(text: str) -> bytes:
    """Octets of Base64 written the one possible way; only white space may stand in between. Raises Flaw."""
    has_space = " " in text or "\n" in text or "\t" in text or "\r" in text
    try:
        compact = (text.translate(_NO_SPACE) if has_space else text).encode("ascii")
        octets = binascii.a2b_base64(compact, strict_mode=True)
    except ValueError as error:
        raise Flaw(Reason.MALFORMED) from error
    if not octets or binascii.b2a_base64(octets, newline=False) != compact:
        raise Flaw(Reason.MALFORMED)
    return octets


def _name(element: etree._Element) -> str | None:
    """The local name of a signature element, or None for anything else."""
    tag = str(element.tag)  # a comment's tag is a function
    return tag[len(_IN_DS) :] if tag.startswith(_IN_DS) else None


def _is_blank(text: str | None) -> bool:
    return not text or not text.strip(_XML_SPACE)
