"""A report tells every fault in the order of the document, with what to do, in both languages."""

from __future__ import annotations

from tests.messages.ceb.makings import GUID, TRANSFER, example_frames
from tripoint.messages.ceb.validating import validate
from tripoint.messages.ceb.writing import write


def declaration(lines: int = 2) -> bytes:
    return write("CEB621", example_frames("CEB621", papers=2, lines=lines), guid=GUID, transfer=TRANSFER)


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
