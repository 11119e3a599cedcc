"""What is written passes the official schema, is canonical, and reads back as it was."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.messages.ceb.makings import (
    GUID,
    SUBSCRIBER,
    TRANSFER,
    assert_same,
    example_frames,
    frames_of,
    needs_shared,
    schema_errors,
    transfer_of,
)
from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.parsing import Transfer, parse
from tripoint.messages.ceb.reading import Reader
from tripoint.messages.ceb.writing import quote_original, write, write_each, write_many

Frames = dict[str, pl.DataFrame]
TYPES = sorted(MESSAGES)
HEALTH = [HealthCheck.too_slow]


def written(message_type: str, frames: Frames) -> bytes:
    """A message with all that its type takes around the papers."""
    message = MESSAGES[message_type]
    subscribers = (SUBSCRIBER,) if message.has("transfer") else ()
    return write(message_type, frames, guid=GUID, transfer=transfer_of(message), subscribers=subscribers)


def read(xml: bytes) -> Reader:
    """A reader that has seen one message."""
    reader = Reader()
    reader.add(1, parse(xml))
    return reader


@pytest.mark.parametrize("message_type", TYPES)
def test_what_is_written_passes_the_official_schema(message_type: str) -> None:
    needs_shared()

    @settings(max_examples=25, deadline=None, suppress_health_check=HEALTH)
    @given(frames_of(MESSAGES[message_type]))
    def check(frames: Frames) -> None:
        assert schema_errors(written(message_type, frames)) == []

    check()


@pytest.mark.parametrize("message_type", [name for name in TYPES if not MESSAGES[name].has("transfer")])
def test_many_messages_written_in_one_go_are_those_written_one_by_one(message_type: str) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=HEALTH)
    @given(st.lists(frames_of(MESSAGES[message_type]), min_size=1, max_size=4))
    def check(several: list[Frames]) -> None:
        guids = {number: str(uuid.UUID(int=number)).upper() for number in range(1, len(several) + 1)}
        numbered = [
            {
                name: frame.with_columns(pl.lit(number, pl.Int64()).alias("message_id"))
                for name, frame in frames.items()
            }
            for number, frames in zip(guids, several, strict=True)
        ]
        together = {name: pl.concat(frames[name] for frames in numbered) for name in numbered[0]}
        assert write_each(message_type, together, guids) == {
            number: write(message_type, frames, guid=guids[number])
            for number, frames in zip(guids, numbered, strict=True)
        }

    check()


@pytest.mark.parametrize("message_type", TYPES)
def test_what_is_written_is_read_back_unchanged_and_without_a_fault(message_type: str) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=HEALTH)
    @given(frames_of(MESSAGES[message_type]))
    def check(frames: Frames) -> None:
        reader = read(written(message_type, frames))
        assert reader.faults().rows() == []
        assert_same(reader.frames(), frames)

    check()


@pytest.mark.parametrize("message_type", sorted(set(TYPES) - {"CEB900"}))
def test_what_is_written_is_already_canonical(message_type: str) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=HEALTH)
    @given(frames_of(MESSAGES[message_type]))
    def check(frames: Frames) -> None:
        xml = written(message_type, frames)
        assert etree.tostring(etree.fromstring(xml), method="c14n") == xml

    check()


@pytest.mark.parametrize("message_type", TYPES)
def test_every_field_of_the_tables_is_written(message_type: str) -> None:
    message = MESSAGES[message_type]
    xml = written(message_type, example_frames(message_type))
    for node in (message.head, message.line):
        for field in node.fields if node else ():
            assert (f"<ceb:{field.element}>".encode() in xml) == (field.obligation != "X")


def test_times_are_written_in_china_time_with_milliseconds_where_the_schema_wants_17_digits() -> None:
    xml = written("CEB816", example_frames("CEB816", papers=1))
    assert b"<ceb:returnTime>20240601123015000</ceb:returnTime>" in xml


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (0, "0"),
        (50_000, "0.5"),
        (100_000, "1"),
        (-1, "-0.00001"),
        (12_345_000, "123.45"),
        (10**17, "1000000000000"),
    ],
)
def test_amounts_are_the_shortest_plain_decimals(units: int, text: str) -> None:
    frames = example_frames("CEB411", papers=1)
    frames["payments"] = frames["payments"].with_columns(pl.lit(units, pl.Int64).alias("amount"))
    assert f"<ceb:amountPaid>{text}</ceb:amountPaid>".encode() in written("CEB411", frames)


def changed_frames(message_type: str, table: str, column: str, value: object) -> Frames:
    frames = example_frames(message_type, papers=1, lines=1)
    kind = frames[table].schema[column]
    frames[table] = frames[table].with_columns(pl.lit(value, kind).alias(column))
    return frames


@pytest.mark.parametrize(
    ("message_type", "table", "column", "value", "named"),
    [
        ("CEB311", "orders", "buyer_name", None, "OrderHead.buyerName"),
        ("CEB311", "orders", "buyer_name", "  ", "OrderHead.buyerName"),
        ("CEB311", "orders", "order_no", "x" * 61, "OrderHead.orderNo"),
        ("CEB311", "orders", "currency", "CN", "OrderHead.currency"),
        ("CEB311", "orders", "note", "a\x01b", "OrderHead.note"),
        ("CEB311", "orders", "goods_value", None, "OrderHead.goodsValue"),
        ("CEB311", "order_lines", "line_no", None, "OrderList.gnum"),
        ("CEB511", "waybills", "package_count", 1_000_000_000, "LogisticsHead.packNo"),
        ("CEB622", "receipts", "pre_no", None, "InventoryReturn.preNo"),
        ("CEB900", "format_receipts", "return_info", "x" * 5001, "MessageReturn.returnInfo"),
    ],
)
def test_refuses_to_write_what_the_schema_refuses_and_names_the_field(
    message_type: str, table: str, column: str, value: object, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        written(message_type, changed_frames(message_type, table, column, value))


def test_a_refusal_does_not_quote_what_a_person_is_called() -> None:
    with pytest.raises(ValueError, match="buyerName") as refusal:
        written("CEB311", changed_frames("CEB311", "orders", "buyer_name", "某" * 61))
    assert "某" not in str(refusal.value)


def test_refuses_a_paper_without_lines_and_one_with_too_many() -> None:
    frames = example_frames("CEB621", papers=1, lines=1)
    with pytest.raises(ValueError, match="InventoryList"):
        written("CEB621", frames | {"list_lines": frames["list_lines"].clear()})
    with pytest.raises(ValueError, match="InventoryList"):
        written("CEB621", example_frames("CEB621", papers=1, lines=100))


def test_refuses_more_papers_than_a_message_may_hold_and_none() -> None:
    with pytest.raises(ValueError, match="Payment"):
        written("CEB411", example_frames("CEB411", papers=101))
    with pytest.raises(ValueError, match="Payment"):
        written("CEB411", {})


def test_refuses_a_missing_transfer_and_one_too_many() -> None:
    with pytest.raises(ValueError, match="BaseTransfer"):
        write("CEB411", example_frames("CEB411"), guid=GUID, transfer=None)
    with pytest.raises(ValueError, match="BaseTransfer"):
        write("CEB412", example_frames("CEB412"), guid=GUID, transfer=TRANSFER)
    with pytest.raises(ValueError, match=r"BaseTransfer\.dxpMode"):
        write("CEB411", example_frames("CEB411"), guid=GUID, transfer=Transfer("1", "2", "D", "4"))


def test_writes_guids_in_upper_case() -> None:
    xml = write("CEB411", example_frames("CEB411"), guid=GUID.lower(), transfer=TRANSFER)
    assert f'guid="{GUID}"'.encode() in xml
    with pytest.raises(ValueError, match="guid"):
        write("CEB411", example_frames("CEB411"), guid="short", transfer=TRANSFER)


def test_lines_follow_their_own_paper() -> None:
    frames = example_frames("CEB311", papers=3, lines=2)
    shuffled = frames | {"order_lines": frames["order_lines"].reverse()}
    back = read(written("CEB311", shuffled)).frames()
    assert back["order_lines"]["line_no"].to_list() == [2, 1] * 3
    assert back["order_lines"]["position"].to_list() == [0, 0, 1, 1, 2, 2]


def guids() -> Callable[[], str]:
    numbers = iter(range(1000))
    return lambda: str(uuid.UUID(int=next(numbers)))


def test_many_papers_become_as_many_messages_as_they_need() -> None:
    frames = example_frames("CEB621", papers=7, lines=2)
    found = write_many("CEB621", frames, new_guid=guids(), transfer=TRANSFER, papers_max=3)
    parsed = [parse(xml) for xml in found]
    assert [p.head.papers for p in parsed] == [3, 3, 1]
    assert len({p.head.guid for p in parsed}) == 3
    reader = Reader()
    for at, one in enumerate(parsed):
        reader.add(at, one)
    assert reader.frames()["lists"]["guid"].to_list() == frames["lists"]["guid"].to_list()
    assert reader.frames()["list_lines"].height == 14
    assert write_many("CEB621", {}, new_guid=guids(), transfer=TRANSFER) == []


def test_each_warehouse_in_list_is_a_message_of_its_own() -> None:
    frames = example_frames("CEB711", papers=1)
    twice = {
        name: pl.concat([frame, frame.with_columns(pl.lit(1, pl.Int32).alias("position"))])
        for name, frame in frames.items()
    }
    assert len(write_many("CEB711", twice, new_guid=guids(), transfer=TRANSFER)) == 2


@pytest.mark.parametrize("original", ["]]>", "<a>]]></a>\r\n", "a & b < c", "<![CDATA[x]]>", "]]]]>>"])
def test_a_format_receipt_quotes_its_original_in_cdata_to_the_letter(original: str) -> None:
    xml = written("CEB900", changed_frames("CEB900", "format_receipts", "original_message", original))
    assert b"<ceb:oriBizMessage><![CDATA[" in xml
    back = read(xml).frames()["format_receipts"]
    assert back["original_message"].to_list() == [original.strip()]


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_at_all_can_be_quoted_by_a_format_receipt(raw: bytes) -> None:
    quoted = quote_original(raw)
    xml = written("CEB900", changed_frames("CEB900", "format_receipts", "original_message", quoted))
    back = read(xml).frames()["format_receipts"]["original_message"][0]
    assert (back or "") == quoted.strip(" \t\r\n")
