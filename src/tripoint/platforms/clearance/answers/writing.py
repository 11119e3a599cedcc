"""Kept receipts into the messages that carry them: strictly the official form, whatever the paper lacked (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from tripoint.documents.columns import FORMAT_RECEIPTS, RECEIPTS, TAX_BILL_LINES, TAX_BILL_STATUSES, TAX_BILLS
from tripoint.messages.ceb.fields import MESSAGES, Field
from tripoint.messages.ceb.writing import quote_original, write, write_each
from tripoint.pipeline.receipts import FORMAT_STATUS, MESSAGE_OF, TEXT_MAX

NO_NUMBER = "无"

ORIGINAL_NO_MAX = 255
"""Characters that a CEB900 has room for in the number of the message it answers."""

FORMAT_RECEIPT = "CEB900"
"""The message that answers what cannot be answered in its own form; it quotes its original."""

PRE_NO_LETTER = {"CEB622": "B", "CEB624": "B", "CEB626": "T", "CEB712": "R"}
"""The message types whose form demands a pre-entry number, and the letter it begins with (ceb.md §2)."""

PRE_NO_LENGTH = 18

_GUID = r"^[0-9A-Za-z_-]{36}$"


_ALWAYS = frozenset({"guid", "return_status", "return_time", "return_info", "pre_no", "cop_no"})
"""What every receipt is given, whatever its paper lacks."""


@cache
def _form(message_type: str) -> list[Field]:
    """The fields of a receipt's form that come from its paper."""
    return [
        field for field in MESSAGES[message_type].head.fields if field.column and field.column not in _ALWAYS
    ]


def _fits(field: Field) -> pl.Expr:
    """Whether the form takes what the paper said; papers are read more tolerantly than receipts are written."""
    least, most = field.characters
    length = pl.col(field.column).str.strip_chars().str.len_chars()
    return (length >= max(least, 1)) & (length <= (most if most is not None else 10_000))


def written_as(receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts, each with the message type it can be written as.

    Where a form demands a number that the paper did not give so, the answer becomes a CEB900.
    """
    lacking = [
        mine.filter(lacks)["place"]
        for message_type, lacks, columns in _demands()
        for mine in _of_type(receipts, message_type, columns)
    ]
    places = [part for part in lacking if part.len()]
    if not places:
        return receipts
    at = pl.int_range(pl.len(), dtype=pl.UInt32())
    lost = at.is_in(pl.concat(places).implode())
    return receipts.with_columns_seq(
        pl.when(lost).then(pl.lit(FORMAT_RECEIPT)).otherwise("message_type").alias("message_type")
    )


def _of_type(receipts: pl.DataFrame, message_type: str, columns: list[str]) -> Iterator[pl.DataFrame]:
    """The receipts of a type with their places; none where there are none."""
    places = (receipts["message_type"] == message_type).arg_true()
    if places.len():
        yield receipts.select_seq(columns)[places].with_columns_seq(places.cast(pl.UInt32()).alias("place"))


@cache
def _demands() -> tuple[tuple[str, pl.Expr, list[str]], ...]:
    """For each type what is true of a receipt that lacks what its form demands, and the columns that shows in."""
    found = []
    for message_type in MESSAGE_OF.values():
        fields = [field for field in _form(message_type) if field.is_mandatory]
        if fields:
            fits = pl.all_horizontal(_fits(field).fill_null(value=False) for field in fields)
            found.append((message_type, ~fits, [field.column for field in fields]))
    return tuple(found)


def _fitted(message_type: str) -> list[pl.Expr]:
    """What the form does not demand and would not take is left out."""
    return [
        pl.when(_fits(field)).then(pl.col(field.column)).alias(field.column)
        for field in _form(message_type)
        if not field.is_mandatory
    ]


def _told() -> pl.Expr:
    """The text of a receipt: never empty, never longer than the form."""
    text = pl.col("return_info").str.strip_chars().str.slice(0, TEXT_MAX)
    return pl.when(text == "").then(pl.lit(NO_NUMBER)).otherwise(text).alias("return_info")


def is_pre_no() -> pl.Expr:
    """Whether the pre-entry number has the length the form wants; a paper may bring any."""
    return pl.col("pre_no").str.len_chars() == PRE_NO_LENGTH


def write_receipts(message_type: str, guids: Mapping[int, str], receipts: pl.DataFrame) -> dict[int, bytes]:
    """Messages of the receipts of one type (312, 412, …), by outbox_id, each with its guid, in their order."""
    placed = _placed(guids, receipts).with_columns_seq(
        pl.when(pl.col("cop_no").str.strip_chars() != "")
        .then(pl.col("cop_no").str.strip_chars().str.slice(0, 20))
        .otherwise("pre_no")
        .alias("cop_no"),
        *_fitted(message_type),
        _told(),
    )
    return write_each(message_type, {"receipts": placed.select_seq(list(RECEIPTS.columns))}, guids)


def write_bills(guids: Mapping[int, str], receipts: pl.DataFrame) -> dict[int, bytes]:
    """Messages of tax bills (816) with their lines, by outbox_id."""
    placed = _placed(guids, receipts).with_columns_seq(
        pl.col("bill_duty").alias("customs_tax"),
        pl.col("bill_vat").alias("value_added_tax"),
        pl.col("bill_consumption_tax").alias("consumption_tax"),
        pl.lit(None, pl.String()).alias("note"),
        *_BILL,
    )
    lines = (
        placed.select_seq("message_id", "position", "bill_lines")
        .explode("bill_lines")
        .unnest("bill_lines")
        .select_seq(
            *("message_id", "position", "line_no", "hs_code"),
            pl.col("dutiable_value").alias("tax_price"),
            pl.col("duty").alias("customs_tax"),
            pl.col("vat").alias("value_added_tax"),
            "consumption_tax",
        )
        .sort("message_id", "position", "line_no")
    )
    frames = {
        "tax_bills": placed.select_seq(list(TAX_BILLS.columns)),
        "tax_bill_lines": lines.select_seq(list(TAX_BILL_LINES.columns)),
    }
    return write_each("CEB816", frames, guids)


def write_bill_statuses(guids: Mapping[int, str], receipts: pl.DataFrame) -> dict[int, bytes]:
    """Messages of what became of tax bills (818), by outbox_id: summarised or void."""
    placed = _placed(guids, receipts).with_columns_seq(_BILL)
    return write_each(
        "CEB818", {"tax_bill_statuses": placed.select_seq(list(TAX_BILL_STATUSES.columns))}, guids
    )


_BILL = (
    pl.col("return_status").alias("status"),
    pl.col("bill_guarantor_code").alias("guarantor_code"),
    pl.col("bill_payment_no").alias("duty_payment_no"),
)


def _placed(guids: Mapping[int, str], receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts with their place in their message, and with its guid where their paper has none that the form takes."""
    own = pl.col("guid").str.to_uppercase()
    others = pl.col("outbox_id").replace_strict(dict(guids), return_dtype=pl.String())
    return receipts.with_columns_seq(
        pl.col("outbox_id").alias("message_id"),
        pl.int_range(pl.len(), dtype=pl.Int32()).over("outbox_id").alias("position"),
        pl.when(pl.col("guid").str.contains(_GUID)).then(own).otherwise(others).alias("guid"),
    )


def write_format_receipt(
    guid: str, at: object, original: Mapping[str, Any], told: Sequence[tuple[str, str]]
) -> bytes:
    """A CEB900 about one message: why it, or papers of it, cannot be answered in their own form.

    `original` has message_type, envelope_no, message_guid, message_id and raw; `told` status and text of each reason.
    """
    status = told[0][0] if told else FORMAT_STATUS
    frame = pl.DataFrame(
        {
            "message_id": [original["message_id"]],
            "position": [0],
            "guid": [guid],
            "return_status": [status],
            "return_info": ["；".join(text for _, text in told)[:5000] or NO_NUMBER],
            "return_time": [at],
            "original_message_no": [
                _said(original["envelope_no"])
                or _said(original["message_guid"])
                or str(original["message_id"])
            ],
            "original_message_type": [_wire_type(original["message_type"])],
            "original_message": [quote_original(bytes(original["raw"]))],
        },
        schema=FORMAT_RECEIPTS.schema,
    )
    return write("CEB900", {"format_receipts": frame}, guid=guid)


def _said(number: str | None) -> str:
    """A number of a message that could not be read, as far as the form has room for it."""
    return (number or "").strip()[:ORIGINAL_NO_MAX]


def _wire_type(message_type: str | None) -> str:
    if not message_type or message_type == "Unknown":
        return "Unknown"
    return message_type if message_type.endswith("Message") else f"{message_type}Message"
