"""Which bytes may reach the XML parser, and how they are parsed: hostile input ends here.

Bounds on size, elements, attributes, names and nesting are ours; the encodings are those seen in real messages.
Everything that can be counted in the bytes is refused before a tree is built, so that memory stays bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from tripoint.messages.ceb.findings import Unreadable

_UTF8_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"<\x00", b"\x00<", b"\x00\x00\x00<")
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x78\x01": "deflate",
    b"\x78\x5e": "deflate",
    b"\x78\x9c": "deflate",
    b"\x78\xda": "deflate",
}
_DECLARATION = re.compile(rb"<\?xml[ \t\r\n][^>]*>")
_ENCODING = re.compile(rb"encoding[ \t\r\n]*=[ \t\r\n]*[\"']([^\"']*)[\"']")
_UTF8_NAMES = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_CHINESE_NAMES = frozenset({"gb2312", "gbk", "gb18030", "cp936"})
_SHORTEST_ELEMENT = len(b"<a/>")
_SHORTEST_ATTRIBUTE = len(b' a=""')
_NAME = re.compile(rb"<([^\s/>!?][^\s/>]*)")
ROOM_FOR_NAMES = 512 * 1024
"""The parser never forgets a name it has seen, so long messages are asked how many they make up."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one message may hold; sizes in bytes, counts in pieces."""

    bytes_max: int = 20 * 1024 * 1024
    depth_max: int = 12
    text_max: int = 64 * 1024
    papers_max: int | None = None
    """None: as many as the specification allows for the message type."""
    elements_max: int = 400_000
    attributes_max: int = 20_000
    element_attributes_max: int = 32
    namespaces_max: int = 1_000
    names_max: int = 2_000


DEFAULT = Limits()

_PARSER = etree.XMLParser(
    encoding="utf-8",  # whatever a declaration says: what is parsed is what was counted
    resolve_entities=False,
    no_network=True,
    huge_tree=False,
    load_dtd=False,
    dtd_validation=False,
    collect_ids=False,
)
_COMMENTS = etree.XPath("//comment() | //processing-instruction()")


def admit(raw: bytes, limits: Limits = DEFAULT) -> bytes:
    """The message as UTF-8 without byte order mark, its declaration as it stood. Raises `Unreadable`."""
    if len(raw) > limits.bytes_max:
        raise Unreadable("WIRE-01", value=str(len(raw)), limit=str(limits.bytes_max))
    if raw.startswith(tuple(_COMPRESSED)):
        raise Unreadable(
            "WIRE-19", value=next(said for mark, said in _COMPRESSED.items() if raw.startswith(mark))
        )
    if raw.startswith(_WIDE_MARKS):
        raise Unreadable("WIRE-02", value="UTF-16/UTF-32")
    if b"\x00" in raw:
        raise Unreadable("WIRE-04")
    text = _as_utf8(raw)
    _refuse_document_type(text)
    refuse_floods(text, limits)
    refuse_many_names(text, limits)
    return text


def _as_utf8(raw: bytes) -> bytes:
    marked = raw.startswith(_UTF8_MARK)
    text = raw[len(_UTF8_MARK) :] if marked else raw
    declaration = _DECLARATION.match(text)
    named = _ENCODING.search(declaration[0]) if declaration else None
    name = named[1].decode("ascii", "replace").lower() if named else "utf-8"
    if name in _UTF8_NAMES:
        return text
    if marked or name not in _CHINESE_NAMES:
        raise Unreadable("WIRE-02", value=name)
    try:
        return text.decode("gb18030").encode()
    except UnicodeDecodeError:
        raise Unreadable("WIRE-03", value=name) from None


def _refuse_document_type(text: bytes) -> None:
    """A DOCTYPE can only stand before the root, so only the prolog is looked at: a CDATA may quote one."""
    at = 0
    while True:
        while text[at : at + 1] in (b" ", b"\t", b"\r", b"\n"):
            at += 1
        if text.startswith(b"<?", at):
            end = text.find(b"?>", at)
        elif text.startswith(b"<!--", at):
            end = text.find(b"-->", at)
        elif text.startswith(b"<!", at):
            raise Unreadable("WIRE-05")
        else:
            return
        if end < 0:
            return
        at = end + 2


def refuse_floods(text: bytes, limits: Limits) -> None:
    """Counts are taken only where the size leaves room for a flood: ordinary messages pay nothing."""
    size = len(text)
    if (
        size > limits.elements_max * _SHORTEST_ELEMENT
        and text.count(b"<") - text.count(b"</") > limits.elements_max
    ):
        raise Unreadable("WIRE-07", value="elements", limit=str(limits.elements_max))
    # Texts hold equals signs too, so the bytes only bound what the tree is then asked for.
    most = 20 * limits.attributes_max
    if size > most and text.count(b"=") > most:
        raise Unreadable("WIRE-07", value="attributes", limit=str(limits.attributes_max))
    if size > limits.namespaces_max * len(b"xmlns") and namespaces_in(text) > limits.namespaces_max:
        raise Unreadable("WIRE-07", value="xmlns", limit=str(limits.namespaces_max))


try:
    from tripoint.messages.ceb.lane.scanner import namespaces_in
except ImportError:  # not compiled here, or from an older source

    def namespaces_in(raw: bytes) -> int:
        """How often a message says `xmlns`, wherever that stands; the scanner counts several times as fast."""
        return raw.count(b"xmlns")


def names_in(text: bytes) -> int:
    """How many different names of elements the bytes make up."""
    return len({match[1] for match in _NAME.finditer(text)})


def refuse_many_names(text: bytes, limits: Limits) -> None:
    """Hold that a long message makes up no more names than one may; raises `Unreadable`."""
    if len(text) > ROOM_FOR_NAMES and names_in(text) > limits.names_max:
        raise Unreadable("WIRE-07", value="element names", limit=str(limits.names_max))


def tree(text: bytes, limits: Limits = DEFAULT) -> etree._Element:
    """The root of an admitted message; raises `Unreadable` for what is not well-formed, too deep or too long."""
    try:
        root = etree.fromstring(text, _PARSER)
    except etree.XMLSyntaxError as fault:
        raise _why(text, fault, limits) from None
    except ValueError as fault:
        raise Unreadable("WIRE-06", value=str(fault)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("WIRE-05")
    if _deeper_than(limits.depth_max)(root):
        raise Unreadable("WIRE-08", limit=str(limits.depth_max))
    _refuse_attributes(root, text, limits)
    if _may_hold_comments(text):
        _refuse_comments_in_values(root)
    return root


def _may_hold_comments(text: bytes) -> bool:
    """One byte is sought before two: in a long message it is ten times quicker."""
    if b"!" in text and b"<!--" in text:
        return True
    return b"?" in text and text.count(b"<?") > int(text.startswith(b"<?xml"))


def _why(text: bytes, fault: etree.XMLSyntaxError, limits: Limits) -> Unreadable:
    try:
        text.decode()
    except UnicodeDecodeError:
        return Unreadable("WIRE-03", value="UTF-8")
    reason = str(fault.msg)
    if "depth" in reason.lower():
        return Unreadable("WIRE-08", limit=str(limits.depth_max))
    if "huge text" in reason.lower() or "too long" in reason.lower():
        return Unreadable("WIRE-09", path="?", limit=str(limits.text_max))
    return Unreadable("WIRE-06", value=reason)


def name_of(element: etree._Element) -> tuple[str, str]:
    """Namespace (empty for none) and local name of an element.

    A prefix that nothing declares stays in the name: libxml2 lets it pass where a warning follows, and `etree.QName`
    refuses such a name.
    """
    namespace, _, name = str(element.tag).rpartition("}")
    return namespace.removeprefix("{"), name


_DEEPER: dict[int, etree.XPath] = {}


def _deeper_than(depth: int) -> etree.XPath:
    if depth not in _DEEPER:
        _DEEPER[depth] = etree.XPath("boolean(" + "/*" * (depth + 1) + ")")
    return _DEEPER[depth]


def _refuse_attributes(root: etree._Element, text: bytes, limits: Limits) -> None:
    most = limits.element_attributes_max
    if len(root.attrib) > most:
        raise Unreadable("WIRE-07", value="attributes", limit=str(most))
    # The signature of an ordinary message has a handful; more are counted one by one.
    if len(text) < limits.attributes_max * _SHORTEST_ATTRIBUTE or text.count(b"=") < most:
        return
    found = 0
    for element in root.iter(etree.Element):
        found += len(element.attrib)
        if len(element.attrib) > most or found > limits.attributes_max:
            raise Unreadable("WIRE-07", value="attributes", limit=str(most))


def _refuse_comments_in_values(root: etree._Element) -> None:
    """A comment splits the text of a value: what is signed (without it) and what a reader takes could differ."""
    found = _COMMENTS(root)
    assert isinstance(found, list)
    for node in found:
        assert isinstance(node, etree._Element)
        parent = node.getparent()
        if parent is not None and not any(isinstance(child.tag, str) for child in parent):
            raise Unreadable("WIRE-16", path=name_of(parent)[1])
