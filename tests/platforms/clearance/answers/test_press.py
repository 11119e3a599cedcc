"""The press writes to the byte what the plain writer writes, and leaves to it whatever that would mend or refuse."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tripoint.messages.ceb import press
from tripoint.pipeline.receipts import MESSAGE_OF
from tripoint.platforms.clearance.answers import desk, pressing
from tripoint.platforms.clearance.answers.blocks import STORED

pytestmark = pytest.mark.skipif(
    not press.IS_BUILT, reason="no C compiler or no headers of this Python: no press"
)

AT = datetime(2026, 6, 1, 23, 59, 59, 999999, tzinfo=UTC)
ODD = st.text(
    st.sampled_from("aZ9 \t\n\r&<>]-_中，　\u00a0\u2003\u0085\x00\x1f\x7f\ufffd\ufffe\uffff\U0001f600"),
    max_size=20,
)
AMOUNT = st.one_of(st.none(), st.integers(-(10**12), 10**12), st.sampled_from([0, 1, 10, 99999, 100000, -1]))
LINE = st.fixed_dictionaries(
    {
        "line_no": st.sampled_from([1, 2, 3]),
        "hs_code": st.sampled_from(["0101210010", "12&4567890", "1", None]),
        **dict.fromkeys(("dutiable_value", "duty", "consumption_tax", "vat"), AMOUNT),
    }
)
ORDINARY: dict[str, object] = {
    "order_no": "A1",
    "recipient_code": "B",
    "answers": 1,
    "position": 0,
    "guid": "4CDE1CFD-EDED-46B1-946C-b8022e42fc94",
    "marketplace_code": "M1",
    "merchant_code": "M2",
    "provider_code": "P1",
    "payment_no": "pay&1",
    "carrier_code": "C1",
    "waybill_no": "W<1>",
    "waybill_status": "S",
    "declarant_code": "D1",
    "customs_code": "0100",
    "operator_code": "O1",
    "cop_no": "cop",
    "pre_no": "B20260601000000001",
    "list_no": "010020260000000001",
    "tax_no": "010020260000000001_0",
    "return_status": "2",
    "return_info": "新增申报成功，[4CDE]",
    "bill_duty": 0,
    "bill_vat": 1170500,
    "bill_consumption_tax": 7,
    "bill_lines": [
        {
            "line_no": 1,
            "hs_code": "0101210010",
            "dutiable_value": 5,
            "duty": 0,
            "consumption_tax": 0,
            "vat": 1,
        }
    ],
}


def changed(name: str) -> st.SearchStrategy[object]:
    """Another value of a column: anything a paper might bring."""
    dtype = STORED[name]
    if name == "bill_lines":
        return st.none() | st.lists(LINE, max_size=3)
    if isinstance(dtype, pl.Int64):
        return AMOUNT
    longest = {"return_info": 1000}.get(name, 60)
    return st.one_of(
        st.none(), ODD, st.sampled_from(["", "x" * longest, "字" * longest, "x" * (longest + 1)])
    )


CHANGEABLE = sorted(
    set(ORDINARY) - {"recipient_code", "answers", "position"} | {"warehouse_in_no", "bill_payment_no"}
)
CHANGES = st.sampled_from(CHANGEABLE).flatmap(lambda name: st.tuples(st.just(name), changed(name)))
RECEIPT = st.lists(CHANGES, max_size=2).map(lambda changes: ORDINARY | dict(changes))
MESSAGE = st.tuples(
    st.sampled_from([*MESSAGE_OF.values(), "CEB816", "CEB818"]), st.lists(RECEIPT, min_size=1, max_size=3)
)


def sent(
    messages: Sequence[tuple[str, Sequence[dict[str, object]]]],
) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """Outgoing messages and the receipts they carry."""
    rows, told = [], []
    for number, (message_type, receipts) in enumerate(messages, 7):
        guid = str(uuid.UUID(int=number))
        rows.append({"outbox_id": number, "message_type": message_type, "message_guid": guid})
        told += [
            dict.fromkeys(STORED)
            | receipt
            | {"outbox_id": number, "message_type": message_type, "return_time": AT}
            for receipt in receipts
        ]
    return rows, pl.DataFrame(told, schema=STORED, orient="row")


@given(st.lists(MESSAGE, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_what_the_press_writes_is_what_the_writer_writes(
    messages: list[tuple[str, list[dict[str, object]]]],
) -> None:
    rows, told = sent(messages)
    pressed = pressing.write(rows, told)
    for row in rows:
        if row["outbox_id"] in pressed:
            mine = told.filter(pl.col("outbox_id") == row["outbox_id"])
            assert pressed[row["outbox_id"]] == desk.write_plainly([row], mine)[row["outbox_id"]]


@pytest.mark.parametrize("message_type", [*MESSAGE_OF.values(), "CEB816"])
def test_ordinary_receipts_are_pressed(message_type: str) -> None:
    rows, told = sent([(message_type, [ORDINARY] * 3)])
    assert list(pressing.write(rows, told)) == [7]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("marketplace_code", " M"),
        ("marketplace_code", "M\u3000"),
        ("marketplace_code", "M\x01"),
        ("return_info", "a\uffff"),
        ("return_info", ""),
        ("order_no", "x" * 61),
        ("order_no", None),
    ],
)
def test_a_message_with_anything_odd_is_left_and_the_others_are_not(column: str, value: str | None) -> None:
    rows, told = sent([("CEB312", [ORDINARY, ORDINARY | {column: value}]), ("CEB312", [ORDINARY])])
    assert list(pressing.write(rows, told)) == [8]


def test_a_slice_of_a_set_is_pressed_as_the_set_is() -> None:
    rows, told = sent([("CEB816", [ORDINARY] * 2), ("CEB816", [ORDINARY | {"list_no": "2" * 18}] * 2)])
    assert pressing.write(rows[1:], told[2:])[8] == pressing.write(rows, told)[8]


def test_a_message_with_more_receipts_than_it_may_have_is_left() -> None:
    rows, told = sent([("CEB312", [ORDINARY] * 101)])
    assert pressing.write(rows, told) == {}


def test_a_set_whose_columns_are_of_other_types_is_not_read() -> None:
    rows, told = sent([("CEB312", [ORDINARY])])
    for column in ("order_no", "bill_vat"):
        other = pl.Int32() if told.schema[column] == pl.Int64() else pl.Int64()
        with pytest.raises(TypeError):
            pressing.write(rows, told.with_columns(pl.lit(None, other).alias(column)))
