"""Envelopes are opened and made as the terminal and transport schemas want."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from tests.messages.ceb.makings import GUID, SHARED, TRANSFER, example_frames, needs_shared
from tripoint.messages.ceb.envelope import wrap, wrap_for_node
from tripoint.messages.ceb.findings import Unreadable
from tripoint.messages.ceb.parsing import parse
from tripoint.messages.ceb.writing import write

AT = datetime(2024, 6, 1, 4, 30, 15, tzinfo=UTC)


def payload() -> bytes:
    return write("CEB411", example_frames("CEB411"), guid=GUID, transfer=TRANSFER)


def wrapped(**changes: Any) -> bytes:
    said: dict[str, Any] = {
        "sender_id": "DXPENT0000500000",
        "receiver_ids": ["DXPEDCCEB0000002"],
        "message_no": "M-1",
        "created_at": AT,
        "message_type": "CEB411Message",
    }
    return wrap(payload(), **(said | changes))


def passed_on(envelope: bytes, **changes: Any) -> bytes:
    said: dict[str, Any] = {
        "node_message_no": "NODE000120240601123015",
        "sent_at": AT,
        "start": "STA00001",
        "end": "END00001",
    }
    return wrap_for_node(envelope, **(said | changes))


def assert_official(xml: bytes) -> None:
    needs_shared()
    schema = etree.XMLSchema(etree.parse(str(SHARED / "xsd" / "2022-05" / "transport.xsd")))
    schema.assertValid(etree.fromstring(xml))


EXTRA = {
    "file_name": "a.xml",
    "ic_card": "1234567890123",
    "business_keys": [("SignFlag", "1"), ("DealFlag", "订单")],
}


@pytest.mark.parametrize("extra", [{}, EXTRA, {"receiver_ids": ["A", "B", "C", "D", "E"]}])
def test_an_envelope_passes_the_official_schema(extra: dict[str, Any]) -> None:
    assert_official(wrapped(**extra))
    assert_official(passed_on(wrapped(**extra)))
    assert_official(passed_on(wrapped(**extra), part="1"))


def test_what_was_wrapped_is_unwrapped_to_the_byte() -> None:
    parsed = parse(wrapped(**EXTRA))
    envelope = parsed.head.envelope
    assert envelope is not None
    assert parsed.payload == payload()
    assert (envelope.message_no, envelope.sender_id, envelope.message_type) == (
        "M-1",
        "DXPENT0000500000",
        "CEB411Message",
    )
    assert envelope.receiver_ids == ("DXPEDCCEB0000002",)
    assert envelope.created_at == AT
    assert (envelope.file_name, envelope.ic_card) == ("a.xml", "1234567890123")
    assert envelope.business_keys == (("SignFlag", "1"), ("DealFlag", "订单"))
    assert envelope.node_message_no is None


def test_a_transport_node_tells_where_a_message_came_in_and_goes_out() -> None:
    envelope = parse(passed_on(wrapped(), part="2")).head.envelope
    assert envelope is not None
    assert (envelope.node_message_no, envelope.node_part) == ("NODE000120240601123015", "2")
    assert (envelope.node_start, envelope.node_end, envelope.node_sent_at) == ("STA00001", "END00001", AT)
    assert envelope.message_no == "M-1"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"message_no": ""}, "CopMsgId"),
        ({"message_no": "x" * 256}, "CopMsgId"),
        ({"sender_id": "x" * 17}, "SenderId"),
        ({"receiver_ids": []}, "ReceiverIds"),
        ({"receiver_ids": ["x"] * 6}, "ReceiverIds"),
        ({"receiver_ids": ["x" * 17]}, "ReceiverId"),
        ({"message_type": "x" * 31}, "MsgType"),
        ({"ic_card": "x" * 14}, "IcCard"),
        ({"business_keys": [("a", "b")] * 6}, "BizKey"),
        ({"business_keys": [("a", "")]}, "BizKey"),
        ({"created_at": datetime(2024, 1, 1)}, "zone"),  # noqa: DTZ001
    ],
)
def test_refuses_to_make_an_envelope_the_schema_refuses(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        wrapped(**changes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<CopMsgId>M-1</CopMsgId>", b""),
        (b"<CopMsgId>M-1</CopMsgId>", b"<CopMsgId>1</CopMsgId><CopMsgId>2</CopMsgId>"),
        (b"<SenderId>DXPENT0000500000</SenderId>", b"<SenderId/>"),
        (b"<ReceiverId>DXPEDCCEB0000002</ReceiverId>", b""),
        (b"2024-06-01T12:30:15", b"yesterday"),
        (b"TransInfo>", b"Trans>"),
        (b"Data>", b"Date>"),
    ],
)
def test_refuses_an_envelope_that_does_not_say_what_it_must(old: bytes, new: bytes) -> None:
    assert old in wrapped()
    with pytest.raises(Unreadable) as refusal:
        parse(wrapped().replace(old, new))
    assert refusal.value.code == "WIRE-17"
    assert refusal.value.message_type == "Unknown"


def test_a_refusal_inside_an_envelope_knows_the_number_and_the_type() -> None:
    broken = payload().replace(b"<ceb:dxpMode>DXP</ceb:dxpMode>", b"")
    with pytest.raises(Unreadable) as refusal:
        parse(
            wrap(
                broken,
                sender_id="S",
                receiver_ids=["R"],
                message_no="M-9",
                created_at=AT,
                message_type="CEB411Message",
            )
        )
    assert (refusal.value.message_no, refusal.value.message_type) == ("M-9", "CEB411")
    assert refusal.value.wire_type == "CEB411Message"
