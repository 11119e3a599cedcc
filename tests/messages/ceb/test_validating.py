"""A report tells every fault in the order of the document, with what to do, in both languages."""

from __future__ import annotations

from tests.messages.ceb.makings import GUID, TRANSFER, example_frames
from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.shapes import Shapes
from tripoint.messages.ceb.validating import FAULTS_TOLD, validate
from tripoint.messages.ceb.walking import FAULTS_KEPT
from tripoint.messages.ceb.writing import write


def declaration(lines: int = 2, papers: int = 2) -> bytes:
    return write("CEB621", example_frames("CEB621", papers=papers, lines=lines), guid=GUID, transfer=TRANSFER)


def test_an_unsigned_declaration_is_told_to_lack_its_signature_last() -> None:
    report = validate(declaration())
    assert (report.message_type, report.papers) == ("CEB621", 2)
    assert [(f.code, f.path) for f in report.faults] == [("FIELD-11", "ds:Signature")]
    assert not report.is_readable


def test_a_faultless_payment_has_nothing_to_mend() -> None:
    report = validate(write("CEB411", example_frames("CEB411"), guid=GUID, transfer=TRANSFER))
    assert report.is_faultless
    assert report.is_readable


def test_faults_stand_in_the_order_of_the_document() -> None:
    xml = declaration().replace(b"<ceb:netWeight>", b"<ceb:netWeight>x").replace(b"<ceb:qty>", b"<ceb:qty>y")
    xml = xml.replace(b"<ceb:buyerName>buyerName0</ceb:buyerName>", b"", 1)
    paths = [(f.position, f.line_no, f.path) for f in validate(xml).faults]
    assert paths[:-1] == [
        (0, None, "InventoryHead.buyerName"),
        (0, None, "InventoryHead.netWeight"),
        (0, 1, "InventoryList.qty"),
        (0, 2, "InventoryList.qty"),
        (1, None, "InventoryHead.netWeight"),
        (1, 1, "InventoryList.qty"),
        (1, 2, "InventoryList.qty"),
    ]


def test_a_missing_element_is_told_with_what_stands_in_its_place() -> None:
    xml = declaration().replace(b"<ceb:price>", b"<ceb:was>").replace(b"</ceb:price>", b"</ceb:was>")
    missing = next(f for f in validate(xml).faults if f.code == "FIELD-01")
    assert (missing.path, missing.found) == ("InventoryList.price", "totalPrice")


def put_into_the_first_head(text: bytes) -> bytes:
    return declaration().replace(b"</ceb:InventoryHead>", text + b"</ceb:InventoryHead>", 1)


def test_a_flood_of_notes_is_counted_told_in_part_and_hides_no_fault_that_refuses() -> None:
    report = validate(put_into_the_first_head(b"<odd/>" * 20_000 + b"<ceb:netWeight>1</ceb:netWeight>"))
    assert report.faults_in_all == 20_002
    assert [fault.code for fault in report.faults].count("FIELD-24") == FAULTS_KEPT
    assert [fault.code for fault in report.faults if not fault.tolerated] == ["FIELD-10", "FIELD-11"]
    assert not report.is_readable


def test_faults_that_refuse_are_told_before_notes_where_not_all_are_told() -> None:
    many = declaration(papers=40).replace(b"<ceb:buyerName>", b"<odd/>" * 30 + b"<ceb:buyerName>")
    report = validate(many.replace(b"<ceb:netWeight>", b"<ceb:netWeight>x"))
    assert (len(report.faults), report.faults_in_all) == (FAULTS_TOLD + 1, 40 * 31 + 1)
    assert [fault.position for fault in report.faults if fault.path == "InventoryHead.netWeight"] == [
        *range(40)
    ]
    assert [fault.position or 0 for fault in report.faults[:-1]] == sorted(
        f.position or 0 for f in report.faults[:-1]
    )


def test_a_flood_of_lines_is_refused_without_looking_at_each() -> None:
    flood = declaration(lines=1).replace(
        b"</ceb:Inventory>", b"<ceb:InventoryList/>" * 20_000 + b"</ceb:Inventory>", 1
    )
    report = validate(flood)
    assert "FIELD-12" in [fault.code for fault in report.faults]
    assert report.faults_in_all < 20_000


def test_no_shape_of_a_flood_is_remembered() -> None:
    shapes = Shapes(MESSAGES["CEB621"].head)
    assert len(shapes.of(("odd",) * 5_000).oddities) == 5_000
    assert len(shapes.of(("o" * 20_000,)).oddities) == 1
    assert not shapes._known
    shapes.of(("odd",))
    assert len(shapes._known) == 1


def test_every_fault_says_what_is_wrong_and_how_to_mend_it_in_both_languages() -> None:
    xml = declaration().replace(b"<ceb:qty>", b"<ceb:qty>y")
    first = validate(xml).faults[0]
    assert "InventoryList.qty" in first.text.zh
    assert "y10.5" in first.text.en
    assert first.repair.zh
    assert first.repair.en


def test_a_message_that_cannot_be_read_has_one_fault() -> None:
    report = validate(b"<CEB303Message/>")
    assert (report.message_type, report.papers, len(report.faults)) == ("CEB303", 0, 1)
    assert report.faults[0].code == "WIRE-10"
    assert report.faults[0].path == "CEB303Message"
