"""Receipts into blocks and messages: nothing is lost on the way, and everything is where its number says."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tripoint.platforms.clearance.answers import blocks, packing
from tripoint.platforms.clearance.answers.composing import PHASED

AT = datetime(2026, 6, 1, 12, 30, 15, 123456, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
MAYBE = st.none() | TEXT


def values(dtype: pl.DataType) -> st.SearchStrategy[object]:
    """Any value a column of receipts may have."""
    return MAYBE if dtype == pl.String() else st.integers(0, 2**31 - 1)


KEPT = st.fixed_dictionaries({name: values(dtype) for name, dtype in blocks.KEPT.items()})


@given(st.lists(KEPT, min_size=1, max_size=8), st.sampled_from([1, 60]))
@settings(max_examples=60, deadline=None)
def test_a_block_gives_back_what_was_put_in(rows: list[dict[str, object]], times: int) -> None:
    frame = pl.DataFrame(rows * times, schema=blocks.KEPT, orient="row")
    found = blocks.unpack(blocks.pack(frame), AT)
    assert found.drop("return_time").equals(frame)
    assert found.schema == pl.Schema(blocks.STORED)
    assert set(found["return_time"]) == {AT}


def test_bytes_that_are_not_compressed_are_given_back_as_they_are() -> None:
    assert blocks.decompress(b"<a></a>") == b"<a></a>"
    assert blocks.decompress(blocks.compress(b"<a></a>" * 50)) == b"<a></a>" * 50


GIVEN = st.fixed_dictionaries(
    {
        "phase": st.integers(0, 4),
        "recipient_code": st.sampled_from(["A", "B", "C"]),
        "message_type": st.sampled_from(["CEB312", "CEB622", "CEB816", "CEB900"]),
        "answers": st.integers(1, 4),
        "position": st.integers(0, 2),
        "return_status": st.sampled_from(["2", "120", "800"]),
    }
)


@given(st.lists(GIVEN, min_size=1, max_size=40), st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_messages_hold_what_belongs_together_and_no_more_than_they_may(
    rows: list[dict[str, object]], times: int
) -> None:
    told = pl.DataFrame(
        [dict.fromkeys(PHASED, None) | row | {"guid": str(at)} for at, row in enumerate(rows * times)],
        schema=PHASED,
        orient="row",
    )
    packed = packing.pack(told)
    assert sorted(packed.receipts["guid"]) == sorted(told["guid"])
    given_blocks = packing.number(packed, 100, 1000)
    everything = pl.concat([pl.DataFrame(schema=blocks.KEPT), *given_blocks])
    assert everything["receipt_id"].to_list() == list(range(1000, 1000 + told.height))
    assert everything["outbox_id"].is_sorted()
    assert everything["outbox_id"].n_unique() == packed.packs
    outgoing = packing.messages(given_blocks, AT)
    assert outgoing["outbox_id"].to_list() == everything["outbox_id"].unique().sort().to_list()
    for row in outgoing.iter_rows(named=True):
        mine = everything.filter(pl.col("outbox_id") == row["outbox_id"])
        assert row["receipts"] == mine.height
        assert (row["first_receipt"], row["last_receipt"]) == (mine["receipt_id"][0], mine["receipt_id"][-1])
        assert row["statuses"].split(",") == sorted(set(mine["return_status"]))
        assert row["answers"] == (mine["answers"][0] if mine["answers"].n_unique() == 1 else None)
    for block in given_blocks:
        ours = outgoing.filter(pl.col("outbox_id").is_in(block["outbox_id"].implode()))
        assert set(ours["block"]) == {block["outbox_id"][0]}
    phases = dict(zip(told["guid"], told["phase"], strict=True))
    for _, mine in everything.group_by("outbox_id"):
        assert mine.select("recipient_code", "message_type").n_unique() == 1
        assert len({phases[guid] for guid in mine["guid"]}) == 1
        most = packing.BILLS_PER_MESSAGE if mine["message_type"][0] == "CEB816" else packing.PER_MESSAGE
        assert mine.height <= most
        assert mine["message_type"][0] != "CEB900" or mine["answers"].n_unique() == 1
        assert mine.select("answers", "position").rows() == sorted(mine.select("answers", "position").rows())
    for (_,), mine in everything.group_by("recipient_code"):
        ordered = mine.sort("receipt_id")
        assert [phases[guid] for guid in ordered["guid"]] == sorted(phases[guid] for guid in ordered["guid"])


@pytest.mark.parametrize("number", [3999, 4000, 4001, 12345])
def test_blocks_part_no_message(number: int) -> None:
    told = pl.DataFrame(
        {"phase": [1] * number, "recipient_code": ["A"] * number, "message_type": ["CEB312"] * number}
        | {"answers": list(range(number)), "position": [0] * number}
    )
    full = told.select(
        pl.col(name).cast(dtype) if name in told.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in PHASED.items()
    )
    given_blocks = packing.number(packing.pack(full), 1, 1)
    assert sum(block.height for block in given_blocks) == number
    ends = [(block["outbox_id"][0], block["outbox_id"][-1]) for block in given_blocks]
    assert all(one[1] < other[0] for one, other in itertools.pairwise(ends))
    assert all(block.height <= packing.PER_BLOCK + packing.PER_MESSAGE for block in given_blocks)
