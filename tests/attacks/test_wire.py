"""Hostile papers that are well-formed: refused with what is wrong, answered in a form that can be written."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks.scene import PAPERS, Scene, paper, rewired, trade
from tripoint.pipeline.receipts import MESSAGE_OF, RECEIPTS
from tripoint.platforms.clearance.answers import writing
from tripoint.platforms.clearance.answers.store import STORED

LONG = "\U00020000" * 1000
HEADS = {"order": "OrderHead", "payment": "PaymentHead", "waybill": "LogisticsHead", "list": "InventoryHead"}


def hostile() -> list[tuple[str, bytes]]:
    """What is sent, by name."""
    found: list[tuple[str, bytes]] = []
    for kind, line in (("order", "OrderList"), ("list", "InventoryList")):
        two = paper(trade(100, goods=[{}, {}]), kind).decode()
        found.append(
            (f"{kind}: two lines of one number", two.replace("<ceb:gnum>2<", "<ceb:gnum>1<").encode())
        )
        found.append((f"{kind}: no lines", re.sub(rf"<ceb:{line}>.*</ceb:{line}>", "", two).encode()))
    for kind in PAPERS:
        raw = paper(trade(110), kind)
        text = raw.decode()
        head = re.search(rf"<ceb:{HEADS[kind]}>.*?</ceb:{HEADS[kind]}>", text)
        assert head is not None
        found.append((f"{kind}: no head", text.replace(head[0], "").encode()))
        empty = f"<ceb:{HEADS[kind]}></ceb:{HEADS[kind]}>"
        found.append((f"{kind}: an empty head", text.replace(head[0], empty).encode()))
        for element in re.findall(r"<ceb:(\w*(?:Code|No|Id|Name|Type))>", head[0]):
            if element not in ("copCode", "copName"):
                found.append((f"{kind}: long {element}", rewired(raw, {element: LONG})))
                found.append((f"{kind}: no {element}", rewired(raw, {element: "-"})))
    order = paper(trade(120), "order").decode()
    for guid in ("", " " * 36, "x" * 5000, " " * 36 + "y" * 300):
        found.append(("guid", re.sub('guid="[^"]*"', f'guid="{guid}"', order, count=1).encode()))
    one = re.search(r"<ceb:Order>.*?</ceb:Order>", order)
    assert one is not None
    found.append(("a hundred times the same", order.replace(one[0], one[0] * 100).encode()))
    found += [
        ("bytes", raw) for raw in (b"\xef\xbb\xbf", b"x", b"\x00", b"<", b"]]>", "<a>\ufffe</a>".encode())
    ]
    return found


def test_whatever_comes_is_worked_on_and_every_answer_can_be_written(scene: Scene) -> None:
    sent = hostile()
    for _, raw in sent:
        scene.post(raw)
    scene.engine.work_all()
    given_up = scene.rows("select message_id from messages where refusal_code = 'WIRE-00'")
    assert [sent[row["message_id"] - 1][0] for row in given_up] == []
    told = scene.told()
    assert {row["outbox_id"] for row in told} == {out.outbox_id for out in scene.outgoing() if out.body}
    answered = {row["answers"] for row in told}
    everybody = {row["message_id"] for row in scene.rows("select message_id from messages")}
    assert everybody - answered == set()


def test_two_lines_of_one_number_are_told(scene: Scene) -> None:
    scene.bring(paper(trade(100, goods=[{}, {}]), "list").replace(b"<ceb:gnum>2<", b"<ceb:gnum>1<"))
    faults = scene.rows(
        "select code, path, line_no from paper_faults where severity = 'refuse' order by ordinal"
    )
    assert faults == [{"code": "FIELD-30", "path": "InventoryList.gnum", "line_no": 1}] * 2


def stored(text: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, object]]:
    """A receipt as it might be kept: any text where texts come from papers."""
    kept = {name: st.none() | text for name, kind in RECEIPTS.items() if kind == pl.String()}
    sure = {
        "order_no": text,
        "guid": text,
        "return_info": text,
        "return_status": st.sampled_from(["2", "-621001"]),
    }
    return st.fixed_dictionaries(kept | sure | {"message_type": st.sampled_from(sorted(MESSAGE_OF.values()))})


TEXT = st.one_of(
    st.sampled_from(
        ["", " ", "\u3000", "无", "A" * 18, "x" * 61, LONG, "]]>", "\r\n\t", "B20260601000000001"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=70),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(stored(TEXT), min_size=1, max_size=4))
def test_no_kept_receipt_is_unwritable(kept: list[dict[str, object]]) -> None:
    fixed = {
        "receipt_id": 1,
        "outbox_id": 1,
        "answers": 1,
        "position": 0,
        "return_time": datetime(2026, 6, 1, tzinfo=UTC),
    }
    frame = pl.DataFrame([row | fixed for row in kept], schema=STORED)
    frame = frame.with_columns(
        pl.when(writing.is_pre_no()).then("pre_no").otherwise(pl.lit("B20260601000000001")).alias("pre_no")
    )
    for (message_type,), mine in (
        writing.written_as(frame).filter(pl.col("message_type") != "CEB900").group_by("message_type")
    ):
        assert writing.write_receipts(str(message_type), {1: "0" * 36}, mine)


@given(st.none() | TEXT, st.none() | TEXT, st.binary(min_size=1, max_size=50), st.lists(TEXT, max_size=2))
@settings(max_examples=80, deadline=None)
def test_no_unreadable_message_is_unanswerable(
    envelope_no: str | None, guid: str | None, raw: bytes, told: list[str]
) -> None:
    original = {
        "message_id": 1,
        "envelope_no": envelope_no,
        "message_guid": guid,
        "message_type": None,
        "raw": raw,
    }
    at = datetime(2026, 6, 1, tzinfo=UTC)
    assert writing.write_format_receipt("0" * 36, at, original, [("-999999", text) for text in told])


@pytest.mark.parametrize("size", [19 * 1024 * 1024])
def test_a_large_message_that_cannot_be_read_is_answered_in_bounded_size(scene: Scene, size: int) -> None:
    scene.bring(b"<a>" + "文".encode() * (size // 3))
    (answer,) = scene.outgoing()
    assert answer.message_type == "CEB900"
    assert len(answer.body) < 8 * 1024 * 1024
