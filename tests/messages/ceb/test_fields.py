"""The field tables say what the official schema says, element by element."""

from __future__ import annotations

import csv
import re

import pytest
from lxml import etree

from tests.messages.ceb.makings import SHARED, needs_shared
from tripoint.documents.columns import TABLES, Kind
from tripoint.messages.ceb.fields import MESSAGES, Field, Message, fields_of

_XS = {"xs": "http://www.w3.org/2001/XMLSchema"}


def schema() -> etree._Element:
    needs_shared()
    return etree.parse(str(SHARED / "xsd" / "2022-05" / "import.xsd")).getroot()


def element_of(root: etree._Element, name: str) -> etree._Element:
    """The declaration of an element, by its name or by what a reference points to."""
    found = root.find(f"xs:element[@name='{name.removeprefix('ceb:')}']", _XS)
    assert found is not None, name
    return found


def children_of(
    root: etree._Element, element: etree._Element
) -> list[tuple[str, int, int | None, etree._Element]]:
    """Name, least, most and declaration of each child, in order."""
    found = []
    for child in element.findall("xs:complexType/xs:sequence/xs:element", _XS):
        name = child.get("name") or (child.get("ref") or "").removeprefix("ceb:")
        most = child.get("maxOccurs", "1")
        declared = child if child.get("name") or name.startswith("ds:") else element_of(root, name)
        found.append(
            (name, int(child.get("minOccurs", "1")), None if most == "unbounded" else int(most), declared)
        )
    return found


def characters_in(element: etree._Element) -> tuple[int, int | None]:
    """The least and the most characters a declaration allows."""
    facets = {
        etree.QName(f).localname: f.get("value", "") for f in element.findall(".//xs:restriction/*", _XS)
    }
    if "length" in facets:
        return int(facets["length"]), int(facets["length"])
    return int(facets.get("minLength", "0")), int(facets["maxLength"]) if "maxLength" in facets else None


def assert_declared(field: Field, declared: etree._Element) -> None:
    """One row of the table against one declaration."""
    restriction = declared.find(".//xs:restriction", _XS)
    base = declared.get("type") or (restriction.get("base") if restriction is not None else None)
    assert field.fixed == declared.get("fixed"), field.element
    if field.kind is Kind.AMOUNT:
        assert base == "xs:decimal"
    elif field.kind is Kind.COUNT:
        assert base == "xs:int"
    else:
        assert base == "xs:string"
        assert field.characters == characters_in(declared), field.element


@pytest.mark.parametrize("message", MESSAGES.values(), ids=str)
def test_nodes_and_fields_are_those_of_the_official_schema(message: Message) -> None:
    root = schema()
    below = {"": element_of(root, message.root)}
    below |= {name: declared for name, _, _, declared in children_of(root, below[""])}
    top = [(n.name, n.least, n.most) for n in message.top]
    assert top == [(name, least, most) for name, least, most, _ in children_of(root, below[""])]
    if not message.is_flat:
        parts = children_of(root, below[message.paper.name])
        wanted = [(n.name, n.least, n.most) for n in message.nodes if n.parent == message.paper.name]
        assert wanted == [(name, least, most) for name, least, most, _ in parts]
        below |= {name: declared for name, _, _, declared in parts}
    for node in (message.head, message.line):
        if node is None:
            continue
        leaves = children_of(root, below[node.name])
        fields = [f for f in node.fields if f.obligation != "X"]
        assert [f.element for f in fields] == [name for name, _, _, _ in leaves]
        for field, (_, least, most, declared) in zip(fields, leaves, strict=True):
            assert (field.is_mandatory, most) == (least == 1, 1), field.element
            assert_declared(field, declared)


@pytest.mark.parametrize("node", ["BaseTransfer", "BaseSubscribe"])
def test_what_all_messages_share_is_that_of_the_official_schema(node: str) -> None:
    root = schema()
    leaves = children_of(root, element_of(root, node))
    fields = fields_of("*", node)
    assert [(f.element, f.is_mandatory) for f in fields] == [
        (name, least == 1) for name, least, _, _ in leaves
    ]
    for field, (_, _, _, declared) in zip(fields, leaves, strict=True):
        assert_declared(field, declared)


def test_chinese_names_are_those_of_the_specification() -> None:
    needs_shared()
    with (SHARED / "fields" / "ceb_fields_202205.csv").open(encoding="utf-8-sig", newline="") as rows:
        names = {
            (row["message"], row["node"].rpartition("/")[2], row["element"]): re.sub(
                r"\s+", " ", row["name_zh"]
            )
            for row in csv.DictReader(rows)
        }
    for message in MESSAGES.values():
        for node in (message.head, message.line):
            for field in node.fields if node else ():
                if field.obligation != "X":
                    assert field.name_zh == names[message.root, node.name, field.element].strip()  # type: ignore[union-attr]


def test_every_column_of_the_paper_tables_is_filled_by_some_message() -> None:
    filled = {
        (field.table, field.column)
        for message in MESSAGES.values()
        for node in (message.head, message.line)
        for field in (node.fields if node else ())
    }
    tables = {name for name, _ in filled}
    wanted = {
        (name, column)
        for name in tables
        for column in TABLES[name].columns
        if column not in ("message_id", "position")
    }
    assert filled == wanted


def test_a_message_fills_each_column_once() -> None:
    for message in MESSAGES.values():
        for node in (message.head, message.line):
            columns = [field.column for field in node.fields] if node else []
            assert len(columns) == len(set(columns)), message.type


def test_every_receipt_is_a_known_message_that_customs_sends() -> None:
    for message in MESSAGES.values():
        if message.answered_by is not None:
            assert message.direction == "in"
            assert MESSAGES[message.answered_by].direction == "out"
