"""The octets that are hashed and signed: inclusive C14N 1.0 by libxml2, made sure of where libxml2 is not exact."""

from __future__ import annotations

import re

from lxml import etree

_IN_XML = "{http://www.w3.org/XML/1998/namespace}"
_START_TAG = re.compile(rb'(<[^ >]+(?: [^ =>]+="[^"]*")*)>')
_UNSAFE = re.compile(r"[\s&<>\"']")


class Ambiguous(Exception):
    """Another document could have the same octets, or there is no canonical form."""


def canonical_document(root: etree._Element) -> bytes:
    """The canonical octets of the document a root belongs to, without comments; raises Ambiguous."""
    octets = _c14n(root.getroottree())
    _refuse_unsafe_namespaces(root, octets)
    return octets


def canonical_signed_info(root: etree._Element, element: etree._Element) -> bytes:
    """SignedInfo as C14N has it on its own: with every namespace in scope and the root's xml: attributes.

    libxml2 gives the namespaces but not the attributes. The caller has held that SignedInfo itself, and the
    signature around it, have no attribute but Id, which sorts before them.
    """
    octets = _c14n(element)
    inherited = inherited_attributes(root)
    if not inherited:
        return octets
    tag = _START_TAG.match(octets)
    assert tag is not None, "canonical octets begin with a start tag"
    return octets[: tag.end(1)] + inherited + octets[tag.end(1) :]


def inherited_attributes(root: etree._Element) -> bytes:
    """The root's xml: attributes as they are written into the start tag of a part that stands on its own."""
    names = sorted(str(name) for name in root.attrib if str(name).startswith(_IN_XML))
    if not names:
        return b""
    bearer = etree.Element("bearer")
    for name in names:
        bearer.set(name, root.get(name, ""))
    return etree.tostring(bearer, method="c14n")[len(b"<bearer") : -len(b"></bearer>")]


def start_tag_end(octets: bytes) -> int:
    """Where the first start tag of canonical octets ends."""
    tag = _START_TAG.match(octets)
    assert tag is not None, "canonical octets begin with a start tag"
    return tag.end()


def has_dtd(root: etree._Element) -> bool:
    """Whether the document came with a document type declaration."""
    return root.getroottree().docinfo.internalDTD is not None


def _c14n(what: etree._Element | etree._ElementTree) -> bytes:
    try:
        return etree.tostring(what, method="c14n", with_comments=False)
    except etree.C14NError as error:  # a relative namespace address has no canonical form
        raise Ambiguous from error


def _refuse_unsafe_namespaces(root: etree._Element, octets: bytes) -> None:
    """Hold that no namespace address has a character that C14N must escape: libxml2 writes addresses as they are.

    Only where something else than the root and its children declares namespaces must every element be asked.
    """
    scopes = [root.nsmap, *(child.nsmap for child in root.iterchildren(reversed=True, tag="{*}Signature"))]
    declared = len(set().union(*(scope.items() for scope in scopes)))
    if octets.count(b"xmlns") != declared:
        scopes = [element.nsmap for element in root.iter("*")]
    if any(_UNSAFE.search(address) for scope in scopes for address in scope.values()):
        raise Ambiguous
