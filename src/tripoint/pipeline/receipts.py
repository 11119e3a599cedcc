"""What each sender is told: the statuses and texts of the real receipts (ceb.md §3), every finding, both values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from tripoint.regimes.findings import FindingText

TEXT_MAX = 1000
"""Characters a returnInfo may have."""

ACCEPTED, STORED, REJECTED, REVIEW, RELEASED, DRAFTED, CLOSED = "2", "120", "100", "300", "800", "1", "399"
FORMAT_STATUS = "-999999"
"""The status of what cannot be read at all (ceb.md §3.1)."""

LOGIC_PASSED = "[Code:1800;Desc:逻辑校验通过]"
RELEASE = "[Code:2600;Desc:放行]"

KEYS = (
    "marketplace_code",
    "merchant_code",
    "provider_code",
    "payment_no",
    "carrier_code",
    "waybill_no",
    "waybill_status",
    "declarant_code",
    "customs_code",
    "operator_code",
    "cop_no",
    "pre_no",
    "list_no",
    "warehouse_in_no",
    "tax_no",
)
"""The numbers a receipt may carry; each message type writes those its form has."""

BILL = {
    "bill_duty": pl.Int64(),
    "bill_vat": pl.Int64(),
    "bill_consumption_tax": pl.Int64(),
    "bill_guarantor_code": pl.String(),
    "bill_payment_no": pl.String(),
    "bill_lines": pl.List(
        pl.Struct(
            {
                "line_no": pl.Int32(),
                "hs_code": pl.String(),
                "dutiable_value": pl.Int64(),
                "duty": pl.Int64(),
                "consumption_tax": pl.Int64(),
                "vat": pl.Int64(),
            }
        )
    ),
}
"""What a receipt about a tax bill (816, 818) carries beside its numbers: the bill as it was made; amounts e5."""

RECEIPTS = {
    "order_no": pl.String(),
    "recipient_code": pl.String(),
    "message_type": pl.String(),
    "answers": pl.Int64(),
    "position": pl.Int32(),
    "guid": pl.String(),
    **{key: pl.String() for key in KEYS},
    "return_status": pl.String(),
    "return_info": pl.String(),
    **BILL,
}
"""The columns of a set of receipts before they are numbered and timed."""

PHASED = RECEIPTS | {"phase": pl.Int8()}
"""Receipts with the phase that orders them: 0 sent again, 1 taken, 2 judged by itself, 3 ruled on, 4 taxed."""

NOTHING_TOLD = pl.DataFrame(schema=PHASED)

MESSAGE_OF = {
    "orders": "CEB312",
    "payments": "CEB412",
    "waybills": "CEB512",
    "waybill_statuses": "CEB514",
    "lists": "CEB622",
    "cancellations": "CEB624",
    "return_requests": "CEB626",
    "warehouse_ins": "CEB712",
}
"""The message each kind of paper is answered with."""

_RENAMED = {"waybill_statuses": {"status": "waybill_status"}}
"""Columns of papers whose name in a receipt is another."""


def answer(table: str, papers: pl.DataFrame, phase: int) -> pl.DataFrame:
    """Receipts for papers of one table, with those columns of PHASED that say something: `together` fills in the others.

    `papers` has their columns, recipient_code, return_status and return_info; what it has beside them is left out.
    """
    frame = papers.rename(_RENAMED[table]) if table in _RENAMED else papers
    said = [name for name in frame.columns if name in RECEIPTS and name not in _FILLED]
    order_no = pl.col("order_no").fill_null("") if "order_no" in frame.columns else pl.lit("")
    return frame.select_seq(
        order_no.alias("order_no"),
        pl.lit(MESSAGE_OF[table]).alias("message_type"),
        pl.col("message_id").alias("answers"),
        pl.col("guid").fill_null(""),
        *said,
        pl.lit(phase, pl.Int8()).alias("phase"),
    )


_FILLED = frozenset({"order_no", "message_type", "answers", "guid"})

TOLD = frozenset({"message_id", "position", "order_no", "recipient_code", "guid", *KEYS})
"""The columns of a paper that its receipts may say something of."""


def together(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Parts of receipts as one set (shape PHASED); what a part does not say is null."""
    full = [part for part in parts if part.height]
    found = pl.concat(full, how="diagonal") if full else NOTHING_TOLD
    have = found.columns
    return found.select_seq(
        name if name in have else pl.lit(None, dtype).alias(name) for name, dtype in PHASED.items()
    )


def accepted_text(table: str) -> pl.Expr:
    """The text of status 2, as real receipts have it; for a list with the papers it still waits for."""
    if table != "lists":
        return pl.format("新增申报成功[{}]", pl.col("guid").fill_null(""))
    done = pl.format(
        "清单新增申报成功[电商企业编码：{}订单编号：{}]",
        pl.col("merchant_code").fill_null(""),
        pl.col("order_no").fill_null(""),
    )
    return done + _waiting_text()


def _waiting_text() -> pl.Expr:
    """`对应电商平台为[X]订单号为[Y]支付信息不存在` for each paper that has not arrived."""
    names = {"order": "订单", "payment": "支付", "waybill": "运单"}
    parts = [
        pl.when(pl.col("waits_for").str.split(",").list.contains(paper)).then(
            pl.format(
                "；对应电商平台为[{}]订单号为[{}]" + name + "信息不存在",
                pl.col("marketplace_code").fill_null(""),
                pl.col("order_no").fill_null(""),
            )
        )
        for paper, name in names.items()
    ]
    return pl.concat_str(parts, ignore_nulls=True)


def finding_texts(
    judged: pl.DataFrame, texts: Mapping[str, FindingText], labels: Mapping[str, str]
) -> pl.DataFrame:
    """One text per row, each finding in order: `[Code:…;Desc:…],[Field:value,Field:value],[改正:…]`; columns row, text.

    `labels` gives the wire's name of a field, `OrderHead.acturalPaid` for `order.actual_paid`.
    """
    lines: dict[int, list[str]] = {}
    columns = ("row", "code", "field", "line_no", "value", "compares", "other")
    for row, code, field, line_no, value, compares, other in judged.select_seq(columns).iter_rows():
        known = texts[code]
        text = f"[Code:{known.wire_code or code};Desc:{known.wire_text or known.text.zh}]"
        pairs = [f"{labels.get(field, field)}:{value if value is not None else ''}"]
        if compares:
            pairs.append(f"{labels.get(compares, compares)}:{other if other is not None else ''}")
        where = f"第{line_no}项," if line_no is not None else ""
        lines.setdefault(row, []).append(f"{text},[{where}{','.join(pairs)}],[改正:{known.repair.zh}]")
    return pl.DataFrame(
        {"row": list(lines), "text": [fit(parts) for parts in lines.values()]},
        schema={"row": pl.Int64(), "text": pl.String()},
    )


def fit(parts: Sequence[str]) -> str:
    """As many findings as the form holds; how many more there are is said, and all stand in the register."""
    kept: list[str] = []
    for place, part in enumerate(parts):
        rest = f"…另有{len(parts) - place}项"
        if len(";".join([*kept, part])) + len(rest) + 1 > TEXT_MAX:
            return ";".join([*kept, rest])[:TEXT_MAX]
        kept.append(part)
    return ";".join(kept)
