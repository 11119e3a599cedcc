"""Real and official samples are read as their manifest says, and what is valid in them is written again unchanged."""

from __future__ import annotations

import re

import polars as pl
import pytest
from lxml import etree

from tests.messages.ceb.makings import SHARED, samples
from tripoint.messages.ceb.fields import MESSAGES, NAMESPACE, SIGNATURE_NAMESPACE
from tripoint.messages.ceb.parsing import Parsed, parse
from tripoint.messages.ceb.reading import Reader
from tripoint.messages.ceb.validating import ValidationReport, validate
from tripoint.messages.ceb.writing import write

SAMPLES = list(samples())
VALID = [(file, kind) for file, kind, verdict in SAMPLES if verdict == "ok"]
FAULTY = [(file, verdict) for file, _, verdict in SAMPLES if verdict not in ("", "ok")]

if not SAMPLES:
    pytest.skip("the shared samples are not beside this checkout", allow_module_level=True)

NOT_EXPECTED = re.compile(r"Element '(\w+)': This element is not expected\. Expected is \( (\w+) \)")
NAMED = re.compile(r"Element '(\w+)':")


def sample(file: str) -> bytes:
    return (SHARED / "samples" / file).read_bytes()


def read(parsed: Parsed) -> Reader:
    reader = Reader()
    reader.add(1, parsed)
    return reader


def without_signature(report: ValidationReport) -> list[str]:
    return [fault.code for fault in report.faults if fault.path != "ds:Signature"]


@pytest.mark.parametrize(("file", "kind"), VALID)
def test_a_valid_sample_has_no_fault(file: str, kind: str) -> None:
    report = validate(sample(file))
    assert report.message_type == kind
    assert without_signature(report) == []
    assert report.papers > 0


@pytest.mark.parametrize(("file", "verdict"), FAULTY)
def test_the_first_fault_names_the_element_of_the_official_schemas_first_error(
    file: str, verdict: str
) -> None:
    first = validate(sample(file)).faults[0]
    named = first.path.rpartition(".")[2]
    out_of_place = NOT_EXPECTED.match(verdict)
    if out_of_place:
        assert (first.found, named) == out_of_place.groups()
    else:
        found = NAMED.match(verdict)
        assert found is not None
        assert named == found[1]


@pytest.mark.parametrize(("file", "kind"), VALID)
def test_a_valid_sample_fills_one_row_for_each_paper_and_line(file: str, kind: str) -> None:
    parsed = parse(sample(file))
    frames = read(parsed).frames()
    message = MESSAGES[kind]
    count = len(parsed.root.findall(f"{{{NAMESPACE}}}{message.paper.name}"))
    assert frames[message.head.table].height == count == parsed.head.papers
    assert frames[message.head.table]["position"].to_list() == list(range(count))
    if message.line is not None:
        lines = len(parsed.root.findall(f".//{{{NAMESPACE}}}{message.line.name}"))
        assert frames[message.line.table].height == lines


@pytest.mark.parametrize(("file", "kind"), VALID)
def test_a_valid_sample_is_written_again_with_the_same_content(file: str, kind: str) -> None:
    """Equal canonical forms of both messages, where in theirs the signature, white space around values, empty optional
    elements and the ways of spelling a number and a prefix are taken out (`plain`) and guids are in upper case."""
    parsed = parse(sample(file))
    theirs = plain(parsed.root)
    head = parsed.head
    again = write(
        kind,
        read(parsed).frames(),
        guid=head.guid,
        transfer=head.transfer,
        subscribers=head.subscribers,
        version=head.version,
    )
    assert plain(etree.fromstring(again)) == theirs


def plain(root: etree._Element) -> str:
    """A message as canonical text of its own: what is left when all that may differ is taken out."""
    fields = {f.element: f for node in MESSAGES[etree.QName(root).localname[:6]].nodes for f in node.fields}
    out = []

    def put(element: etree._Element) -> None:
        name = etree.QName(element)
        if name.namespace == SIGNATURE_NAMESPACE:
            return
        text = (element.text or "").strip()
        field = fields.get(name.localname)
        if field is not None and not text and not len(element) and not field.is_mandatory:
            return
        if field is not None and field.type == "N19,5":
            text = number(text)
        if field is not None and field.type in ("N", "N9"):
            text = str(int(text))
        if name.localname == "guid":
            text = text.upper()
        if field is not None and field.type == "T17":
            text = text.ljust(17, "0")
        out.append(f"<{name.localname}>{text}")
        for child in element.iterchildren(etree.Element):
            put(child)
        out.append(f"</{name.localname}>")

    put(root)
    attributes = f"{(root.get('guid') or '').upper()} {root.get('version')}"
    return attributes + "\n" + "\n".join(out)


def number(text: str) -> str:
    whole, _, places = text.partition(".")
    places = places.rstrip("0")
    return f"{int(whole or 0)}.{places}" if places else str(int(whole or 0))


@pytest.mark.parametrize("file", ["signed/CEB311_rsa-sha1.xml", "szcport_CEB311_001_2023-09-27.xml"])
def test_the_amounts_and_times_of_a_real_order_are_read_exactly(file: str) -> None:
    order = read(parse(sample(file))).frames()["orders"].row(0, named=True)
    assert order["order_no"] == "276618161072"
    assert order["goods_value"] == 351_00000
    assert order["discount"] == 54_05000
    assert order["actual_paid"] == 296_95000
    assert order["app_time"].isoformat() == "2023-09-25T02:40:56+00:00"
    assert order["batch_numbers"] is None


def test_the_envelope_of_the_client_template_opens() -> None:
    parsed = parse(sample("envelope/DxpMsg_CEB311_client_template.xml"))
    envelope = parsed.head.envelope
    assert envelope is not None
    assert (envelope.sender_id, envelope.receiver_ids) == ("DXPENT0000500000", ("DXPEDCCEB0000002",))
    assert envelope.message_type == "CEB311Message"
    assert envelope.created_at.isoformat() == "2023-09-25T10:40:56+08:00"
    assert parsed.payload == sample("signed/CEB311_rsa-sha1.xml")
    assert read(parsed).faults().is_empty()


def test_a_receipt_declared_gb2312_is_read_as_gb18030() -> None:
    receipt = read(parse(sample("hz_CEB312_status2.xml"))).frames()["receipts"].row(0, named=True)
    assert "成功" in receipt["return_info"]
    assert receipt["return_status"] == "2"


def test_a_real_tax_bill_keeps_the_order_and_waybill_the_schema_does_not_know() -> None:
    reader = read(parse(sample("xaeport_CEB816.xml")))
    bill = reader.frames()["tax_bills"].row(0, named=True)
    assert (bill["order_no"], bill["waybill_no"]) == ("804431764811", "120279276296")
    assert reader.faults()["tolerated"].all()
    assert reader.frames()["tax_bill_lines"]["tax_price"].to_list() == [
        10_000_000,
        10_000_000,
        25_325_000,
        25_325_000,
    ]


def test_a_message_with_tolerated_faults_only_refuses_no_paper() -> None:
    reader = read(parse(sample("xaeport_CEB511.xml")))
    assert set(reader.faults()["code"]) == {"FIELD-21"}
    assert reader.refused().is_empty()
    assert reader.frames()["waybills"]["order_no"].null_count() == 10


def test_all_samples_in_one_reader_are_the_samples_one_by_one() -> None:
    together = Reader()
    apart: dict[str, list[pl.DataFrame]] = {}
    faults: list[pl.DataFrame] = []
    for number_, (file, _, _) in enumerate(SAMPLES):
        parsed = parse(sample(file))
        together.add(number_, parsed)
        alone = Reader()
        alone.add(number_, parsed)
        faults.append(alone.faults())
        for name, frame in alone.frames().items():
            apart.setdefault(name, []).append(frame)
    for name, frame in together.frames().items():
        keys = [key for key in ("message_id", "position", "line_no") if key in frame.columns]
        assert frame.sort(keys, maintain_order=True).equals(
            pl.concat(apart[name]).sort(keys, maintain_order=True)
        )
    assert together.faults().equals(pl.concat(faults))
