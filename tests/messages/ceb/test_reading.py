"""What is read from messages that are right, nearly right and wrong: columns, faults, and which papers they refuse."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.messages.ceb.makings import GUID, HERE, example_frames, transfer_of
from tripoint.documents.columns import TABLES, Kind
from tripoint.kernel.money import parse_e5
from tripoint.messages.ceb.converting import is_taken, typed, why
from tripoint.messages.ceb.fields import MESSAGES, Field
from tripoint.messages.ceb.findings import Unreadable, wordings
from tripoint.messages.ceb.parsing import parse
from tripoint.messages.ceb.reading import FAULTS_SCHEMA, Reader
from tripoint.messages.ceb.writing import write


def message(message_type: str, papers: int = 2, lines: int = 2) -> bytes:
    """An honest message with papers told apart by their position."""
    of = transfer_of(MESSAGES[message_type])
    return write(message_type, example_frames(message_type, papers, lines), guid=GUID, transfer=of)


def read(*messages: bytes) -> Reader:
    reader = Reader()
    for number, xml in enumerate(messages, 1):
        reader.add(number, parse(xml))
    return reader


def told(reader: Reader) -> list[tuple[int | None, int | None, str, str]]:
    """Position, line, code and path of every fault."""
    columns = reader.faults().select("position", "line_no", "code", "path")
    return columns.rows()


def put(xml: bytes, element: str, text: str, at: int = 0) -> bytes:
    """The message with the text of the n-th element of a name replaced."""
    found = list(re.finditer(rf"(<ceb:{element}>)(.*?)(</ceb:{element}>)".encode(), xml, re.S))[at]
    return xml[: found.start(2)] + text.encode() + xml[found.end(2) :]


def cut(xml: bytes, element: str, at: int = 0) -> bytes:
    """The message without the n-th element of a name."""
    found = list(re.finditer(rf"<ceb:{element}>.*?</ceb:{element}>".encode(), xml, re.S))[at]
    return xml[: found.start()] + xml[found.end() :]


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_the_message_kept_here_is_read_and_is_what_is_written_today(message_type: str) -> None:
    kept = (HERE / f"{message_type}.xml").read_bytes()
    assert kept == message(message_type)
    reader = read(kept)
    assert reader.faults().is_empty()
    for name, frame in reader.frames().items():
        assert dict(frame.schema) == TABLES[name].schema


def test_an_empty_reader_gives_nothing() -> None:
    reader = Reader()
    assert reader.frames() == {}
    assert dict(reader.faults().schema) == FAULTS_SCHEMA
    assert reader.refused().is_empty()


def test_messages_of_all_types_go_through_one_reader() -> None:
    reader = read(*(message(kind) for kind in MESSAGES))
    assert set(reader.frames()) == set(TABLES)
    assert reader.frames()["receipts"]["message_id"].n_unique() == 8
    assert reader.faults().is_empty()


def test_a_reader_may_be_added_to_after_it_was_asked() -> None:
    reader = read(message("CEB411"))
    assert reader.frames()["payments"].height == 2
    reader.add(2, parse(message("CEB411")))
    assert reader.frames()["payments"]["message_id"].to_list() == [1, 1, 2, 2]


def test_a_fault_refuses_its_own_paper_and_the_others_go_on() -> None:
    reader = read(put(message("CEB311", papers=3), "goodsValue", "1e3", at=1))
    assert told(reader) == [(1, None, "FIELD-05", "OrderHead.goodsValue")]
    assert reader.refused().rows() == [(1, 1)]
    assert reader.frames()["orders"]["goods_value"].null_count() == 1
    fault = reader.faults().row(0, named=True)
    assert (fault["table"], fault["column"], fault["value"], fault["tolerated"]) == (
        "orders",
        "goods_value",
        "1e3",
        False,
    )


def test_a_fault_of_a_line_tells_its_number_on_the_wire() -> None:
    xml = put(put(message("CEB625", papers=1), "gnum", "7", at=1), "qty", "x", at=1)
    fault = read(xml).faults().row(0, named=True)
    assert (fault["line_no"], fault["path"], fault["table"]) == (
        7,
        "InvtRefundList.qty",
        "return_request_lines",
    )


def test_a_fault_of_a_line_whose_number_cannot_be_read_has_none() -> None:
    assert told(read(put(message("CEB621", papers=1), "gnum", "one", at=1))) == [
        (0, None, "FIELD-07", "InventoryList.gnum")
    ]


@pytest.mark.parametrize(
    ("message_type", "element", "text", "code"),
    [
        ("CEB311", "buyerName", "", "FIELD-02"),
        ("CEB311", "buyerName", " \n ", "FIELD-02"),
        ("CEB311", "orderNo", "x" * 61, "FIELD-03"),
        ("CEB311", "orderNo", "订" * 61, "FIELD-03"),
        ("CEB311", "guid", GUID[:-1], "FIELD-04"),
        ("CEB311", "unit", "无", "FIELD-04"),
        ("CEB311", "currency", "502", "FIELD-14"),
        ("CEB411", "amountPaid", "１２", "FIELD-05"),
        ("CEB411", "amountPaid", "1,000", "FIELD-05"),
        ("CEB411", "amountPaid", "NaN", "FIELD-05"),
        ("CEB411", "amountPaid", "", "FIELD-02"),
        ("CEB411", "amountPaid", "1.000001", "FIELD-06"),
        ("CEB411", "amountPaid", "10000000000000", "FIELD-06"),
        ("CEB511", "packNo", "1.0", "FIELD-07"),
        ("CEB511", "packNo", "1000000000", "FIELD-07"),
        ("CEB511", "packNo", "一", "FIELD-07"),
        ("CEB411", "payTime", "20240231000000", "FIELD-08"),
        ("CEB411", "payTime", "2024-02-01 00:00:00", "FIELD-08"),
        ("CEB411", "payTime", "2024020100000", "FIELD-08"),
        ("CEB411", "payTime", "20240201000000123", "FIELD-08"),
        ("CEB411", "payTime", "20240201246000", "FIELD-08"),
        ("CEB621", "declTime", "20240230", "FIELD-09"),
        ("CEB621", "declTime", "2024021", "FIELD-09"),
        ("CEB621", "itemNo", "x" * 31, "FIELD-03"),
    ],
)
def test_refuses_a_value_that_cannot_be_taken(message_type: str, element: str, text: str, code: str) -> None:
    reader = read(put(message(message_type, papers=1, lines=1), element, text))
    assert [(found, path.rpartition(".")[2]) for _, _, found, path in told(reader)] == [(code, element)]
    assert reader.refused().rows() == [(1, 0)]
    column = reader.faults()["column"][0]
    if code not in ("FIELD-03", "FIELD-04", "FIELD-14"):
        assert reader.frames()[reader.faults()["table"][0]][column].to_list() == [None]


@pytest.mark.parametrize(
    ("message_type", "element", "text", "code", "value"),
    [
        ("CEB621", "declTime", "20240601120000", "FIELD-26", date(2024, 6, 1)),
        ("CEB621", "ieDate", "20240601235959", "FIELD-26", date(2024, 6, 1)),
        ("CEB621", "itemNo", "x" * 30, "FIELD-27", "x" * 30),
        ("CEB621", "unit2", "", "FIELD-22", None),
        ("CEB621", "qty2", "", "FIELD-22", None),
        ("CEB621", "wrapType", " ", "FIELD-22", None),
        ("CEB311", "buyerTelephone", "", "FIELD-21", None),
        ("CEB311", "appType", " 1\n", "FIELD-28", "1"),
        ("CEB622", "returnTime", "20240601120000", "FIELD-26", datetime(2024, 6, 1, 4, tzinfo=UTC)),
        ("CEB622", "returnTime", "202406011200005", "FIELD-26", datetime(2024, 6, 1, 4, 0, 0, 500_000, UTC)),
        ("CEB622", "preNo", "", "FIELD-21", None),
        ("CEB626", "copNo", "", "FIELD-21", None),
    ],
)
def test_tolerates_what_real_senders_write(
    message_type: str, element: str, text: str, code: str, value: object
) -> None:
    reader = read(put(message(message_type, papers=1, lines=1), element, text))
    fault = reader.faults().row(0, named=True)
    assert (reader.faults().height, fault["code"], fault["tolerated"]) == (1, code, True)
    assert reader.frames()[fault["table"]][fault["column"]].to_list() == [value]
    assert reader.refused().is_empty()


@pytest.mark.parametrize(
    ("message_type", "element"),
    [
        ("CEB311", "buyerTelephone"),
        ("CEB311", "gmodel"),
        ("CEB511", "orderNo"),
        ("CEB622", "preNo"),
        ("CEB624", "copNo"),
    ],
)
def test_tolerates_the_absence_of_what_the_specification_itself_forgot(
    message_type: str, element: str
) -> None:
    reader = read(cut(message(message_type, papers=1, lines=1), element))
    assert [(code, path.rpartition(".")[2]) for _, _, code, path in told(reader)] == [("FIELD-21", element)]
    assert reader.refused().is_empty()


def test_refuses_the_absence_of_anything_else_that_is_mandatory() -> None:
    for kind, known in MESSAGES.items():
        if kind == "CEB900":
            continue
        for field in known.head.fields:
            if field.is_mandatory and not field.may_be_missing:
                reader = read(cut(message(kind, papers=1, lines=1), field.element, at=0))
                assert told(reader)[0][2:] == ("FIELD-01", f"{known.head.name}.{field.element}")
                assert not reader.refused().is_empty()


def test_an_absent_optional_element_is_nothing_to_speak_of() -> None:
    reader = read(cut(message("CEB311", papers=1), "note"))
    assert reader.faults().is_empty()
    assert reader.frames()["orders"]["note"].to_list() == [None]


def test_refuses_an_element_that_stands_twice_and_keeps_the_first() -> None:
    xml = message("CEB411", papers=1).replace(
        b"<ceb:orderNo>", b"<ceb:orderNo>first</ceb:orderNo><ceb:orderNo>"
    )
    reader = read(xml)
    assert told(reader) == [(0, None, "FIELD-10", "PaymentHead.orderNo")]
    assert reader.refused().height == 1
    assert reader.frames()["payments"]["order_no"].to_list() == ["first"]


def test_refuses_a_value_that_holds_elements() -> None:
    reader = read(put(message("CEB411", papers=1), "payerName", "a<b/>c"))
    assert told(reader) == [(0, None, "FIELD-13", "PaymentHead.payerName")]
    line = read(put(message("CEB621", papers=1), "gname", "a<b/>", at=1))
    assert [found[2:] for found in told(line)] == [("FIELD-13", "InventoryList.gname")]


def test_tolerates_elements_out_of_order() -> None:
    xml = message("CEB411", papers=1)
    note = b"<ceb:note>note0</ceb:note>"
    moved = xml.replace(note, b"").replace(b"<ceb:guid>", note + b"<ceb:guid>")
    reader = read(moved)
    assert {code for _, _, code, _ in told(reader)} == {"FIELD-23"}
    assert reader.frames()["payments"].equals(read(xml).frames()["payments"])


def test_tolerates_unknown_elements_and_text_between() -> None:
    xml = message("CEB311", papers=1).replace(b"<ceb:appType>", b"loose<ceb:extra>x</ceb:extra><ceb:appType>")
    faults = read(xml).faults()
    assert set(faults["code"]) == {"FIELD-24", "FIELD-25"}
    assert faults["tolerated"].all()
    assert set(faults["path"]) == {"OrderHead", "OrderHead.extra"}


def test_notes_what_stands_beside_the_papers_without_a_position() -> None:
    xml = message("CEB411").replace(b"<ceb:BaseTransfer>", b"loose<ceb:Strange/><ceb:BaseTransfer>")
    reader = read(xml)
    assert {(position, code) for position, _, code, _ in told(reader)} == {
        (None, "FIELD-24"),
        (None, "FIELD-25"),
    }
    assert reader.refused().is_empty()


def test_refuses_a_paper_without_a_head_or_without_lines() -> None:
    xml = message("CEB311")
    reader = read(cut(xml, "OrderHead"))
    assert told(reader) == [(0, None, "FIELD-11", "OrderHead")]
    assert reader.frames()["orders"]["position"].to_list() == [1]
    bare = read(cut(cut(xml, "OrderList"), "OrderList"))
    assert told(bare) == [(0, None, "FIELD-11", "OrderList")]


def test_refuses_a_paper_with_two_heads_or_too_many_lines() -> None:
    xml = message("CEB311", papers=1)
    head = re.search(rb"<ceb:OrderHead>.*?</ceb:OrderHead>", xml)
    assert head is not None
    assert told(read(xml.replace(head[0], head[0] * 2))) == [(0, None, "FIELD-10", "OrderHead")]
    line = re.search(rb"<ceb:OrderList>.*?</ceb:OrderList>", xml)
    assert line is not None
    number = re.compile(rb"<ceb:gnum>\d+<")
    many = b"".join(number.sub(b"<ceb:gnum>%d<" % n, line[0]) for n in range(101, 201))
    assert told(read(xml.replace(line[0], many))) == [(0, None, "FIELD-12", "OrderList")]


def test_a_hundred_and_more_lines_are_no_fault_where_the_specification_sets_no_limit() -> None:
    reader = read(message("CEB711", papers=1, lines=500))
    assert reader.faults().is_empty()
    assert reader.frames()["warehouse_in_lines"].height == 500


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace(b"<ceb:", b"<").replace(b"</ceb:", b"</").replace(b"xmlns:ceb=", b"xmlns="),
        lambda xml: xml.replace(b"ceb:", b"x:").replace(b"xmlns:ceb=", b"xmlns:x="),
        lambda xml: b"\xef\xbb\xbf" + xml,
        lambda xml: b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n' + xml,
        lambda xml: b"<?xml version='1.0' encoding='gb2312'?>\n" + xml.decode().encode("gb18030"),
        lambda xml: b'<?xml version="1.0" encoding="GBK"?>' + xml.decode().encode("gbk"),
        lambda xml: xml.replace(b"><ceb:", b">\n\t<ceb:"),
        lambda xml: xml.replace("测试企业".encode(), b" \t<![CDATA[" + "测试企业".encode() + b"]]>\n"),
        lambda xml: xml.replace(b"CEB411Message", b"CEB411"),
        lambda xml: etree.tostring(etree.fromstring(xml), pretty_print=True, encoding="UTF-8"),
    ],
    ids=["default", "prefix", "bom", "declared", "gb2312", "gbk", "pretty", "cdata", "root", "reprinted"],
)
def test_ways_of_writing_the_same_make_no_difference(change: object) -> None:
    assert callable(change)
    honest = parse(message("CEB411"))
    other = parse(change(message("CEB411")))
    assert other.head == honest.head
    left, right = Reader(), Reader()
    left.add(1, honest)
    right.add(1, other)
    assert right.faults().is_empty()
    assert right.frames()["payments"].equals(left.frames()["payments"])


@pytest.mark.parametrize("guid", [GUID.lower(), "CEB621_HNZB_FXJK_20220209104827_0055", "1" * 36])
def test_takes_any_guid_of_36_characters(guid: str) -> None:
    assert parse(message("CEB411").replace(GUID.encode(), guid.encode(), 1)).head.guid == guid


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (f' guid="{GUID}"', "", "WIRE-12"),
        (f' guid="{GUID}"', ' guid="1"', "WIRE-12"),
        (' version="1.0"', "", "WIRE-12"),
        ("CEB411Message", "CEB999Message", "WIRE-10"),
        ("CEB411Message", "Envelope", "WIRE-10"),
        ("<ceb:dxpMode>DXP</ceb:dxpMode>", "", "WIRE-15"),
        ("<ceb:dxpMode>DXP</ceb:dxpMode>", "<ceb:dxpMode>LONG</ceb:dxpMode>", "WIRE-15"),
        ("BaseTransfer>", "BaseTransport>", "WIRE-15"),
        ("ceb:Payment>", "ceb:Order>", "WIRE-13"),
    ],
)
def test_refuses_a_message_whose_frame_is_wrong(old: str, new: str, code: str) -> None:
    xml = message("CEB411")
    assert old.encode() in xml
    with pytest.raises(Unreadable) as refusal:
        parse(xml.replace(old.encode(), new.encode()))
    assert refusal.value.code == code
    assert refusal.value.text.zh
    assert refusal.value.wire_type in ("Unknown", f"{refusal.value.message_type}Message")


def test_the_head_tells_who_transmits_and_who_subscribes() -> None:
    subscriber = "<ceb:BaseSubscribe><ceb:status>RET</ceb:status><ceb:dxpMode>DXP</ceb:dxpMode><ceb:dxpAddress>A</ceb:dxpAddress></ceb:BaseSubscribe>"
    xml = message("CEB411").replace(b"</ceb:BaseTransfer>", b"</ceb:BaseTransfer>" + subscriber.encode() * 2)
    head = parse(xml).head
    assert (head.message_type, head.guid, head.version, head.papers) == ("CEB411", GUID, "1.0", 2)
    assert (head.cop_code, head.cop_name, head.dxp_mode, head.dxp_id) == (
        "4403961X7S",
        "测试企业",
        "DXP",
        "DXPENT0000500000",
    )
    assert [(s.status, s.dxp_mode, s.dxp_address) for s in head.subscribers] == [("RET", "DXP", "A")] * 2
    assert head.envelope is None
    assert not head.is_signed
    with pytest.raises(Unreadable) as refusal:
        parse(
            message("CEB411").replace(
                b"</ceb:BaseTransfer>", b"</ceb:BaseTransfer>" + subscriber.encode() * 6
            )
        )
    assert refusal.value.code == "WIRE-14"


def test_what_a_person_is_called_is_not_quoted_in_a_fault() -> None:
    xml = put(message("CEB311", papers=1), "buyerIdNumber", "440103196512076791" * 4)
    value = read(xml).faults()["value"][0]
    assert value.startswith("4*")
    assert "4401" not in value


_AMOUNT = next(field for field in MESSAGES["CEB411"].head.fields if field.column == "amount")
_ALL_FIELDS = [f for m in MESSAGES.values() for n in (m.head, m.line) if n for f in n.fields]


def converted(field: Field, text: str) -> object:
    values, _ = typed([field], [[text]])
    return values[field.element][0]


@given(
    st.text(st.sampled_from("0123456789.+-e １,_ "), max_size=22)
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
)
@settings(max_examples=400, deadline=None)
def test_amounts_are_converted_as_the_kernel_converts_them(text: str) -> None:
    try:
        wanted = parse_e5(text.strip(" "))
    except ValueError:
        wanted = None
    if not text.isascii():
        wanted = None
    assert converted(_AMOUNT, text) == wanted


@given(st.sampled_from(_ALL_FIELDS), st.none() | st.text(max_size=40) | st.text("0123456789.-", max_size=18))
@settings(max_examples=400, deadline=None)
def test_columns_and_single_values_agree_on_what_is_odd(field: Field, raw: str | None) -> None:
    values, odd = typed([field], [[raw]])
    reasons = [code for code, _ in why(field, raw)]
    assert bool(reasons) == (odd.width == 1 and bool(odd[field.element][0]))
    assert all(code in wordings() for code in reasons)
    refused = any(wordings()[code].severity == "refuse" for code in reasons)
    if raw is not None and raw.strip(" \t\r\n") and field.kind is not Kind.TEXT:
        assert refused == (values[field.element][0] is None)
        assert is_taken(field, raw.strip(" \t\r\n")) != refused


@given(st.datetimes(datetime(1992, 1, 1), datetime(2099, 1, 1)))  # noqa: DTZ001
@settings(max_examples=50, deadline=None)
def test_times_are_china_time(moment: datetime) -> None:
    field = next(f for f in MESSAGES["CEB411"].head.fields if f.column == "paid_at")
    read_as = converted(field, moment.strftime("%Y%m%d%H%M%S"))
    assert isinstance(read_as, datetime)
    assert (read_as.replace(tzinfo=None) - moment.replace(microsecond=0)).total_seconds() == -8 * 3600


def test_a_thousand_papers_are_read_as_ten_messages_of_a_hundred() -> None:
    hundred = message("CEB621", papers=100, lines=3)
    reader = read(*[hundred] * 10)
    assert reader.frames()["lists"].height == 1000
    assert reader.frames()["list_lines"].height == 3000
    counted = reader.frames()["list_lines"].group_by("message_id", "position").len()["len"]
    assert counted.to_list() == [3] * 1000
    assert isinstance(reader.faults(), pl.DataFrame)
