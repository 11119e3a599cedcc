"""Papers made up by the field tables, the official schema and the shared samples, for the tests of the CEB dialect."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import strategies as st
from lxml import etree

from tripoint.documents.columns import TABLES, Kind
from tripoint.messages.ceb.fields import MESSAGES, NAMESPACE, Field, Message, Node
from tripoint.messages.ceb.parsing import Subscriber, Transfer

SHARED = Path(__file__).parents[4] / "shared" / "data" / "ceb"
"""Beside the checkout; absent on other machines."""

HERE = Path(__file__).parent / "data"
GUID = "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"
TRANSFER = Transfer("4403961X7S", "测试企业", "DXP", "DXPENT0000500000")
SUBSCRIBER = Subscriber("ALL", "DXP", "DXPENT0000500001")

_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff")
_ANY_TEXT = st.text(
    st.one_of(st.sampled_from("aZ09 -_无订单<>&'\"]\t\n\r𠀀"), _CHARACTERS), min_size=1, max_size=12
)


def needs_shared() -> None:
    """Skip where the shared references are absent."""
    if not SHARED.exists():
        pytest.skip(f"the shared references are not beside this checkout ({SHARED.name})")


@cache
def official_schema() -> etree.XMLSchema:
    """The import schema of 2022-05."""
    needs_shared()
    return etree.XMLSchema(etree.parse(str(SHARED / "xsd" / "2022-05" / "import.xsd")))


def schema_errors(xml: bytes) -> list[str]:
    """What the official schema says of a message, but for the signature it may still lack."""
    schema = official_schema()
    schema.validate(etree.fromstring(xml))
    messages = str(schema.error_log).splitlines()
    return [message for message in messages if "Signature" not in message]


def samples() -> Iterator[tuple[str, str, str]]:
    """File, short type and verdict of the official schema for every shared sample of the import family."""
    if not SHARED.exists():
        return
    with (SHARED / "samples" / "manifest.csv").open(encoding="utf-8-sig", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["type"] in MESSAGES and row["file"].endswith(".xml"):
                yield row["file"], row["type"], row["xsd_2022_05"]


class Pool:
    """Wild values a test was given, dealt out at random where they fit: quicker than drawing each by itself."""

    def __init__(self, texts: list[str], numbers: list[int], moments: list[datetime], random: Random) -> None:
        self.texts, self.numbers, self.moments, self.random = texts, numbers, moments, random

    def value(self, field: Field) -> object:
        """A value the schema takes for a field."""
        least, most = field.characters
        match field.kind:
            case Kind.AMOUNT:
                return self.random.choice(self.numbers)
            case Kind.COUNT:
                return self.random.randint(1, 9_999)
            case Kind.DAY:
                return self.random.choice(self.moments).date()
            case Kind.TIME:
                moment = self.random.choice(self.moments)
                return moment.replace(microsecond=0) if field.type == "T14" else moment
        if field.fixed is not None:
            return field.fixed
        if field.element == "guid":
            return "".join(self.random.choices("0123456789ABCDEF-", k=36))
        if least > 1:
            return "".join(self.random.choices("0123456789ABC无", k=least))
        text = self.random.choice(self.texts)[: most or None].strip(" \t\r\n")
        return text or "0"

    def row(self, node: Node) -> dict[str, object]:
        """A row of a node."""
        return {
            field.column: self.value(field) if field.is_mandatory or self.random.random() < 0.7 else None
            for field in node.fields
            if field.obligation != "X"
        }


_MOMENTS = st.integers(946_684_800_000, 4_102_300_000_000).map(
    lambda ms: datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
)
"""From 2000 to 2099 in whole milliseconds, which is what the wire holds."""
_AMOUNTS = st.integers(-(10**17), 10**17) | st.integers(0, 10**7)


@st.composite
def frames_of(draw: st.DrawFn, message: Message, papers_max: int = 3) -> dict[str, pl.DataFrame]:
    """Any papers of one message type, as frames; message_id is 1."""
    pool = Pool(
        draw(st.lists(_ANY_TEXT, min_size=1, max_size=8)),
        draw(st.lists(_AMOUNTS, min_size=1, max_size=5)),
        draw(st.lists(_MOMENTS, min_size=1, max_size=3)),
        Random(draw(st.integers(0, 2**32))),
    )
    papers = pool.random.randint(1, min(papers_max, message.paper.most or papers_max))
    places = [{"message_id": 1, "position": at} for at in range(papers)]
    found = {message.head.table: [{**place, **pool.row(message.head)} for place in places]}
    if message.line is not None:
        lines = [
            {**place, **pool.row(message.line)} for place in places for _ in range(pool.random.randint(1, 3))
        ]
        # No number stands twice in a paper: that is a fault.
        found[message.line.table] = list({(row["position"], row["line_no"]): row for row in lines}.values())
    return {name: pl.DataFrame(rows, schema=TABLES[name].schema) for name, rows in found.items()}


def an_example(field: Field, at: int = 0) -> object:
    """One plain value for a field."""
    match field.kind:
        case Kind.AMOUNT:
            return 1_050_000 + at * 100_000
        case Kind.COUNT:
            return at + 1
        case Kind.DAY:
            return date(2024, 6, 1)
        case Kind.TIME:
            return datetime(2024, 6, 1, 4, 30, 15, tzinfo=UTC)
    if field.fixed is not None:
        return field.fixed
    if field.element == "guid":
        return f"{at:08d}{GUID[8:]}"
    least, most = field.characters
    text = f"{field.element}{at}"
    return text.ljust(least, "x")[: most or None]


def example_frames(message_type: str, papers: int = 2, lines: int = 2) -> dict[str, pl.DataFrame]:
    """Plain papers of one type: every field filled."""
    message = MESSAGES[message_type]

    def rows(node: Node, at: int, number: int) -> list[dict[str, object]]:
        wanted = [field for field in node.fields if field.obligation != "X"]
        place = {"message_id": 1, "position": at}
        return [
            {**place, **{field.column: an_example(field, at + i) for field in wanted}} for i in range(number)
        ]

    papers = 1 if message.paper.most == 1 else papers
    found = {message.head.table: [row for at in range(papers) for row in rows(message.head, at, 1)]}
    if message.line is not None:
        numbered = [rows(message.line, at, lines) for at in range(papers)]
        found[message.line.table] = [
            {**row, "line_no": i} for group in numbered for i, row in enumerate(group, 1)
        ]
    return {name: pl.DataFrame(made, schema=TABLES[name].schema) for name, made in found.items()}


def transfer_of(message: Message) -> Transfer | None:
    """The transfer a message type needs."""
    return TRANSFER if message.has("transfer") else None


def changed(xml: bytes, **texts: str | None) -> bytes:
    """A message with the first element of each name given another text, or taken out (None)."""
    root = etree.fromstring(xml)
    for name, text in texts.items():
        element = root.find(f".//{{{NAMESPACE}}}{name}")
        assert element is not None, name
        if text is None:
            parent = element.getparent()
            assert parent is not None
            parent.remove(element)
        else:
            element.text = text
    return etree.tostring(root)


def assert_same(left: Mapping[str, pl.DataFrame], right: Mapping[str, pl.DataFrame]) -> None:
    """Equal tables, row by row."""
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].schema == right[name].schema
        assert left[name].rows() == right[name].rows(), name
