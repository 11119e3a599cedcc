"""Changes of a message: some only another way of writing the same, some small faults of senders, some plain harm."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

Change = Callable[[bytes, Random], bytes]

_LEAF = re.compile(rb"<((?:[\w.-]+:)?[\w.-]+)>([^<]*)</\1>")
_TAG = re.compile(rb"</?(?:[\w.-]+:)?[\w.-]+>")
_ELEMENT = re.compile(rb"<((?:[\w.-]+:)?[\w.-]+)(?: [^<>]*)?>.*?</\1>", re.S)
_MOMENT = re.compile(rb"\d{8,17}")
_NUMBER = re.compile(rb"[+-]?[\d.,]+")
_PREFIX = re.compile(rb"xmlns:(\w+)=\"http://www\.chinaport\.gov\.cn/ceb\"")

VALUES: tuple[bytes, ...] = (
    *(text.encode() for text in (
        "", " ", "\n", "0", "-0", "00.10", "1.", ".5", "+1", "1e3", "-12.5", "1.00001", "1.000010", "1.000001", " 1.5 ",
        "9999999999999", "99999999999999", "9999999999999.99999", "-9999999999999.99999", "10000000000000", "1,000", "１２",
        "1", "99", "-1", "2147483647", "2147483648", "999999999", "1000000000", "0x1", "007", "142", " 142", "156", "20240229",
        "20230229", "20240601", "18991231", "19000101", "29991231", "30000101", "20241301", "20240601123015", "20240601240000",
        "20240601123060", "19860504003000", "19910914233000", "19911231235959", "19920101000000", "20240601123015123",
        "2024060112301512", "202406011230151", " 20240601123015", "19000101000000", "29991231235959", "30000101000000",
        "00000101000000", "a" * 18, "订" * 60, "订" * 61, "x" * 12, "x" * 13, "订单号码", "订单号码x", "x" * 511, "ab cd",
        "é\u0301", "\U0001f600" * 3, "\ufeffx", "\u00a0x\u00a0", "\u2028", "\x7f", "xmlns=", "]]", "=" * 40, "Signature",
    )),
    b"&amp;", b"&lt;&gt;", b"&quot;", b"&apos;x", b"&#65;", b"&#x41;", b"&#10;", b"&#9;x", b"&#13;", b"&#xD;x", b"&#xd;x",
    b"&#32;1", b"&#160;", b"&#xFFFF;", b"&#0;", b"&#x110000;", b"&#xD800;", b"&nbsp;", b"&amp", b"&#38;", b"&#60;b", b"&#x1F600;",
    b"&#00000000000065;", b">", b"a>b", b"]]>", b"]]&gt;", b"a\r\nb", b"\r\n1\r\n", b"a\rb", b"a\r", b"\xff", b"\xc0\x80",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe8\xae", b"\xef\xbf\xbe", b"\x00", b"\x0b", b"<![CDATA[a<b]]>", b"<!-- c -->1",
    b"1<!-- c -->", b"<?p i?>", b"<ceb:guid>x</ceb:guid>", b"<ceb:odd/>", b"x<ceb:odd>y</ceb:odd>z", b"<odd xmlns=\"u\"/>",
)  # fmt: skip

TOKENS: tuple[bytes, ...] = (
    b"<", b">", b"&", b"/", b"\"", b" ", b"\n", b"\r\n", b"\r", b"\t", b"x", b"\xe8\xae\xa2", b"<!---->", b"<!-- x -->",
    b"<?p i?>", b"<![CDATA[]]>", b"]]>", b"<a/>", b"<ceb:a/>", b"<ceb:a></ceb:a>", b"</ceb:Order>", b"<ceb:Order>",
    b"<ceb:Signature/>", b"<ds:Signature/>", b"<ds:a/>", b" a=\"b\"", b" xmlns:ceb=\"u\"", b" xml:space=\"preserve\"", b"xmlns",
    b"\xef\xbb\xbf", b"\x00", b"\x1f", b"<!DOCTYPE a>", b"&amp;", b"&#x3C;", b"&x;", b"text",
)  # fmt: skip


def _pick(found: Sequence[re.Match[bytes]], random: Random) -> re.Match[bytes] | None:
    return random.choice(found) if found else None


def _put(raw: bytes, begin: int, end: int, by: bytes) -> bytes:
    return raw[:begin] + by + raw[end:]


def _leaf(raw: bytes, random: Random) -> re.Match[bytes] | None:
    return _pick([*_LEAF.finditer(raw)], random)


def another_value(raw: bytes, random: Random) -> bytes:
    """One value replaced, half the time by one that looks like it."""
    leaf = _leaf(raw, random)
    if leaf is None:
        return raw
    alike = [like for like in (_MOMENT, _NUMBER) if like.fullmatch(leaf[2]) and random.random() < 0.5]
    choice = [value for value in VALUES if not alike or alike[0].match(value)]
    return _put(raw, leaf.start(2), leaf.end(2), random.choice(choice))


def longer_value(raw: bytes, random: Random) -> bytes:
    """One value much longer."""
    leaf = _leaf(raw, random)
    by = random.choice([b"x", b" ", "订".encode(), b"&amp;"]) * random.choice([37, 61, 500, 70_000])
    return _put(raw, leaf.start(2), leaf.end(2), by) if leaf else raw


def without_element(raw: bytes, random: Random) -> bytes:
    """One element gone."""
    leaf = _leaf(raw, random)
    return _put(raw, leaf.start(), leaf.end(), b"") if leaf else raw


def element_twice(raw: bytes, random: Random) -> bytes:
    """One element, small or large, stands twice, or somewhere else as well."""
    tags = [tag for tag in _TAG.finditer(raw) if raw[tag.start() + 1] != ord("/")]
    element = _ELEMENT.match(raw, random.choice(tags).start()) if tags else None
    if element is None:
        return raw
    where = element.end() if random.random() < 0.6 else random.choice(tags).start()
    return _put(raw, where, where, element[0])


def swapped(raw: bytes, random: Random) -> bytes:
    """Two elements in each other's place."""
    leaves = [*_LEAF.finditer(raw)]
    if len(leaves) < 2:
        return raw
    at = random.randrange(len(leaves) - 1)
    one, other = leaves[at], leaves[at + 1]
    return raw[: one.start()] + other[0] + raw[one.end() : other.start()] + one[0] + raw[other.end() :]


def renamed(raw: bytes, random: Random) -> bytes:
    """One element of another name."""
    leaf = _leaf(raw, random)
    if leaf is None:
        return raw
    name = random.choice(
        [b"ceb:odd", b"odd", b"ceb:Signature", b"ds:Signature", leaf[1] + b"x", leaf[1].upper(), b"ceb:xml"]
    )
    return _put(raw, leaf.start(), leaf.end(), b"<" + name + b">" + leaf[2] + b"</" + name + b">")  # fmt: skip


def self_closed(raw: bytes, random: Random) -> bytes:
    """Empty elements written short, or one made empty."""
    if random.random() < 0.5:
        return re.sub(rb"<([\w:.-]+)></\1>", rb"<\1/>", raw)
    leaf = _leaf(raw, random)
    space = random.choice([b"", b" ", b"\n", b"\r\n"])
    return _put(raw, leaf.start(), leaf.end(), b"<" + leaf[1] + space + b"/>") if leaf else raw


def spaced_tag(raw: bytes, random: Random) -> bytes:
    """White space, or what is none, inside one tag."""
    tag = _pick([*_TAG.finditer(raw)], random)
    space = random.choice([b" ", b"\t", b"\n", b"\r\n", b"  ", b"\r", b"\x0c", b"/", b" a='b'"])
    return _put(raw, tag.end() - 1, tag.end() - 1, space) if tag else raw


def indented(raw: bytes, random: Random) -> bytes:
    """White space between all elements, or between some."""
    space = random.choice([b"\n", b"\r\n", b"\n  ", b"\r\n\t", b" ", b"\r"])
    share = random.choice([1, 1, 0.05])
    return re.sub(rb"><(?!/?ds:)", lambda _: b">" + (space if random.random() < share else b"") + b"<", raw)


def reference_for_character(raw: bytes, random: Random) -> bytes:
    """One character of a value written by its number."""
    leaf = _leaf(raw, random)
    if leaf is None or not leaf[2]:
        return raw
    try:
        text = leaf[2].decode()
    except UnicodeDecodeError:
        return raw
    at = random.randrange(len(text))
    number = random.choice(["&#{};", "&#x{:x};", "&#x{:X};", "&#0{};"]).format(ord(text[at]))
    return _put(raw, leaf.start(2), leaf.end(2), (text[:at] + number + text[at + 1 :]).encode())


def another_prefix(raw: bytes, random: Random) -> bytes:
    """The message's namespace under another prefix, or under none."""
    found = _PREFIX.search(raw)
    if found is None:
        return raw
    prefix = random.choice([b"", b"c", b"CEB", b"a.b-c_1", b"ds", b"xsi", "订".encode(), b"x" * 40])
    declared = b"xmlns:" + prefix if prefix else b"xmlns"
    text = raw.replace(b"xmlns:" + found[1] + b"=", declared + b"=", 1)
    joined = prefix + b":" if prefix else b""
    return re.sub(rb"(</?)" + re.escape(found[1]) + b":", lambda tag: tag[1] + joined, text)


def another_beginning(raw: bytes, random: Random) -> bytes:
    """Another declaration, a byte order mark, or something before the root."""
    body = raw[raw.find(b"?>") + 2 :] if raw.startswith(b"<?xml") else raw
    return random.choice([
        b"", b"<?xml version=\"1.0\"?>", b"<?xml version='1.0' encoding='utf-8'?>\r\n", b"<?xml version=\"1.0\" encoding=\"GBK\"?>",
        b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>", b"\xef\xbb\xbf", b"\xef\xbb\xbf<?xml version=\"1.0\"?>",
        b"\n", b"<!-- c -->", b"<?p i?>", b"<?xml version=\"1.1\"?>", b"<?xml version=\"1.0\" encoding=\"ascii\"?>", b" <?xml version=\"1.0\"?>",
        b"<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n", b"<!DOCTYPE a>",
    ]) + body  # fmt: skip


def another_root(raw: bytes, random: Random) -> bytes:
    """Something in the root's start tag."""
    start = re.search(rb"<(?:[\w.-]+:)?CEB\d{3}Message", raw)
    if start is None:
        return raw
    addition = random.choice([
        b" xml:lang=\"zh\"", b" xml:space=\"preserve\"", b" xmlns=\"u\"", b" xmlns:b=\"v\"", b" a=\"&amp;\"", b" a=\"x>y\"", b"\n",
        b" a='x'", b" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"", b" b = \"c\"", b" xsi:schemaLocation=\"a b\"", b" a=\"1\" a=\"2\"",
        b" xmlns:b=\"relative\"", b" xmlns:b=\"a&amp;b\"", b" a=\" x  y \"", b" a=\"\t\"",
    ])  # fmt: skip
    return _put(raw, start.end(), start.end(), addition)


def many_papers(raw: bytes, random: Random) -> bytes:
    """The first paper again and again."""
    name = re.search(rb"<(?:[\w.-]+:)?CEB\d{3}Message[^>]*>\s*<([\w:.-]+)>", raw)
    paper = (
        re.search(rb"<" + re.escape(name[1]) + rb">.*?</" + re.escape(name[1]) + b">", raw, re.S)
        if name
        else None
    )
    if paper is None:
        return raw
    return _put(raw, paper.end(), paper.end(), paper[0] * random.choice([1, 2, 3, 98, 99, 100]))  # fmt: skip


def many_names(raw: bytes, random: Random) -> bytes:
    """Elements of many names that nobody knows, about as many as a message may make up."""
    tag = _pick([*_TAG.finditer(raw)], random)
    count = random.choice([5, 600, 1_590, 1_980, 2_000, 2_500])
    return _put(raw, tag.end(), tag.end(), b"".join(b"<ceb:n%d/>" % n for n in range(count))) if tag else raw


def spread_out(raw: bytes, random: Random) -> bytes:
    """White space between all elements until the message is longer than the half megabyte from which names are counted."""
    gaps = raw.count(b"><")
    space = random.choice([b" ", b"\n"]) * ((540_000 - len(raw)) // gaps + 1) if gaps else b""
    return raw.replace(b"><", b">" + space + b"<")


def byte_changed(raw: bytes, random: Random) -> bytes:
    """One byte another."""
    at = random.randrange(len(raw) or 1)
    return _put(raw, at, at + 1, bytes([random.randrange(256)]))


def piece_gone(raw: bytes, random: Random) -> bytes:
    """Some bytes gone."""
    at = random.randrange(len(raw) or 1)
    return _put(raw, at, at + random.choice([1, 2, 5, 40, 400]), b"")


def piece_moved(raw: bytes, random: Random) -> bytes:
    """Some bytes stand once more somewhere else."""
    at, to = random.randrange(len(raw) or 1), random.randrange(len(raw) or 1)
    return _put(raw, to, to, raw[at : at + random.choice([1, 5, 30, 300])])


def token_put(raw: bytes, random: Random) -> bytes:
    """Something of XML's own, anywhere or before or behind a tag."""
    tag = _pick([*_TAG.finditer(raw)], random)
    places = [random.randrange(len(raw) + 1), *((tag.start(), tag.end()) if tag else ())]
    at = random.choice(places)
    return _put(raw, at, at, random.choice(TOKENS))


def cut_short(raw: bytes, random: Random) -> bytes:
    """The end is missing."""
    return raw[: random.randrange(len(raw) or 1)]


GENTLE: tuple[Change, ...] = (
    another_value, another_value, another_value, without_element, element_twice, swapped, self_closed, indented,
    reference_for_character, another_prefix, another_beginning, another_root, many_papers, spaced_tag,
)  # fmt: skip
ROUGH: tuple[Change, ...] = (
    *GENTLE, longer_value, renamed, byte_changed, byte_changed, piece_gone, piece_moved, token_put, token_put, cut_short,
)  # fmt: skip


def flooded(raw: bytes, random: Random) -> bytes:
    """A message of more than half a megabyte that may make up many names."""
    return spread_out(many_names(raw, random), random)


def mutated(raw: bytes, random: Random) -> bytes:
    """A message changed once to five times."""
    changes = GENTLE if random.random() < 0.6 else ROUGH
    for _ in range(random.choice([1, 1, 1, 2, 2, 3, 5])):
        raw = random.choice(changes)(raw, random)
    return raw
