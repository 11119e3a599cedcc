"""A lawful trade of one buyer, one pound of coffee and four papers, and how a case differs from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from tripoint.documents.columns import TABLES, Kind
from tripoint.kernel.clock import CHINA
from tripoint.kernel.identifiers import resident_id
from tripoint.kernel.money import FEN, SCALE, parse_e5

Row = dict[str, Any]

TABLE_OF = {"order": "orders", "payment": "payments", "waybill": "waybills", "list": "lists"}
LINES_OF = {"order": "order_lines", "list": "list_lines"}
MESSAGE_OF = {"order": "CEB311", "payment": "CEB411", "waybill": "CEB511", "list": "CEB621"}
PAPERS = tuple(TABLE_OF)

CODES = {
    "marketplace": "0000A00001",
    "merchant": "0000A00002",
    "provider": "0000A00003",
    "carrier": "0000A00004",
    "declarant": "0000A00005",
    "warehouse": "0000A00006",
}
"""The enterprises of the lawful trade; an office 0000 does not exist, so nobody real is among them."""

ROLES = {
    "marketplace": ("marketplace", "guarantor"),
    "merchant": ("merchant", "guarantor"),
    "provider": ("payment_provider",),
    "carrier": ("carrier", "guarantor"),
    "declarant": ("declarant",),
    "warehouse": ("warehouse",),
}
COFFEE = "0901210000"
YUAN = "142"


@dataclass(slots=True)
class Trade:
    """The four papers of one order: heads by kind of paper, lines by `order` and `list`."""

    heads: dict[str, Row]
    lines: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """The business key of the list."""
        return self.heads["list"]["order_no"], self.heads["list"]["marketplace_code"]

    def frames(self, kind: str, message_id: int, position: int) -> dict[str, pl.DataFrame]:
        """One paper as the tables of `documents.columns`, at a place in a message."""
        place = {"message_id": message_id, "position": position}
        table = TABLES[TABLE_OF[kind]]
        frames = {table.name: pl.DataFrame([self.heads[kind] | place], schema=table.schema, orient="row")}
        if kind in LINES_OF:
            lines = TABLES[LINES_OF[kind]]
            rows = [line | place for line in self.lines[kind]]
            frames[lines.name] = pl.DataFrame(rows, schema=lines.schema, orient="row")
        return frames


def person_id(number: int) -> str:
    """An identity number with a true day and check digit, of a place that does not exist."""
    first = f"91{number // 1000:04d}19900228{number % 1000:03d}"
    return first + resident_id.check_digit(first)


def person_name(number: int) -> str:
    """A name for a number."""
    return "王李张刘陈杨黄赵吴周"[number % 10] + "".join("甲乙丙丁戊己庚辛壬癸"[int(d)] for d in str(number))


def standard(number: int, day: date, codes: dict[str, str] | None = None) -> Trade:
    """The lawful trade of a number, declared on a day."""
    by = CODES | (codes or {})
    told = datetime.combine(day, time(9), CHINA).astimezone(UTC)
    head = {"app_type": "1", "app_status": "2"}
    said = {"order_no": f"A{number:07d}", "currency": YUAN}
    for role in ("marketplace", "merchant"):
        said |= {f"{role}_code": by[role], f"{role}_name": f"示例{role}"}
    buyer = {
        "buyer_id_type": "1",
        "buyer_id": person_id(number),
        "buyer_name": person_name(number),
        "buyer_telephone": f"1300000{number % 10_000:04d}",
    }
    paid = {"provider_code": by["provider"], "provider_name": "示例支付", "payment_no": f"P{number:07d}"}
    carried = {"carrier_code": by["carrier"], "carrier_name": "示例快递", "waybill_no": f"W{number:07d}"}
    consignee = {
        "consignee": buyer["buyer_name"],
        "consignee_telephone": buyer["buyer_telephone"],
        "consignee_address": "浙江省杭州市西湖区文三路1号",
    }
    line = _line()
    trade = Trade(
        heads={
            "order": _blank("orders", number, 1, told - timedelta(hours=3))
            | head
            | said
            | buyer
            | paid
            | consignee
            | {"order_type": "I", "buyer_reg_no": f"u{number}", "freight": 0, "discount": 0, "tax_total": 0},
            "payment": _blank("payments", number, 2, told - timedelta(hours=2))
            | head
            | paid
            | {name: said[name] for name in ("order_no", "marketplace_code", "marketplace_name", "currency")}
            | {
                "payer_id_type": "1",
                "payer_id": buyer["buyer_id"],
                "payer_name": buyer["buyer_name"],
                "telephone": buyer["buyer_telephone"],
                "paid_at": told - timedelta(hours=2),
            },
            "waybill": _blank("waybills", number, 3, told - timedelta(hours=1))
            | head
            | carried
            | consignee
            | {
                "order_no": said["order_no"],
                "bill_no": "784-00000001",
                "freight": 0,
                "insurance": 0,
                "currency": YUAN,
                "weight": SCALE,
                "package_count": 1,
                "goods_info": "咖啡",
            },
            "list": _blank("lists", number, 4, told)
            | head
            | said
            | buyer
            | carried
            | {
                "cop_no": f"C{number:07d}",
                "guarantor_code": by["merchant"],
                "direction": "I",
                "declared_on": day,
                "customs_code": "2991",
                "port_code": "2991",
                "consignee_address": consignee["consignee_address"],
                "declarant_code": by["declarant"],
                "declarant_name": "示例报关",
                "supervision_mode": "9610",
                "transport_mode": "5",
                "transport_no": "CA981",
                "voyage_no": "CA981",
                "bill_no": "784-00000001",
                "country": "502",
                "freight": 0,
                "insurance": 0,
                "wrap_type": "2",
                "package_count": 1,
                "gross_weight": SCALE,
                "net_weight": 90 * FEN,
            },
        },
        lines={"order": [_order_line(line)], "list": [line]},
    )
    add_up(trade)
    return trade


def bonded(trade: Trade, warehouse: str) -> None:
    """Make it the bonded import of goods that lie in a zone (1210)."""
    trade.heads["list"] |= {
        "supervision_mode": "1210",
        "country": "142",
        "transport_mode": "Y",
        "transport_no": None,
        "voyage_no": None,
        "bill_no": None,
        "book_no": "T2991W000001",
        "warehouse_code": warehouse,
        "warehouse_name": "示例保税仓",
    }
    trade.heads["waybill"]["bill_no"] = None
    for line in trade.lines["list"]:
        line["item_record_no"] = "1"


def add_up(trade: Trade) -> None:
    """Put the sums where they belong: goods value, what is to be paid, what was paid."""
    order = trade.heads["order"]
    order["goods_value"] = sum(line["total"] for line in trade.lines["order"])
    order["actual_paid"] = order["goods_value"] + order["freight"] + order["tax_total"] - order["discount"]
    trade.heads["payment"]["amount"] = order["actual_paid"]


def set_goods(trade: Trade, given: list[Row]) -> None:
    """The lines of order and list; each is the pound of coffee but for what it says. Totals and weights follow."""
    bonded_line = {"item_record_no": trade.lines["list"][0]["item_record_no"]}
    lines = []
    for number, said in enumerate(given, 1):
        line = _line() | bonded_line | {"line_no": number} | typed("list_lines", said)
        line.setdefault("quantity", SCALE)
        if "quantity" in said and "quantity_1" not in said and line["unit"] == line["unit_1"]:
            line["quantity_1"] = line["quantity"]
        if "total" not in said:
            line["total"] = line["price"] * line["quantity"] // SCALE
        lines.append(line)
    trade.lines = {"order": [_order_line(line) for line in lines], "list": lines}
    add_up(trade)


def differ(trade: Trade, kind: str, said: Row) -> None:
    """Let one paper say something else; `lines` holds what its lines say, in order, `absent` that a line is not there."""
    said = dict(said)
    lines = said.pop("lines", [])
    trade.heads[kind] |= typed(TABLE_OF[kind], said)
    if not lines:
        return
    own = trade.lines[kind]
    for at, change in enumerate(lines):
        if at == len(own):
            line = _line() | {"line_no": at + 1}
            own.append(line if kind == "list" else _order_line(line))
        own[at] |= typed(LINES_OF[kind], {k: v for k, v in change.items() if k != "absent"})
    trade.lines[kind] = [
        line for at, line in enumerate(own) if not (at < len(lines) and lines[at].get("absent"))
    ]


def typed(table: str, said: Row) -> Row:
    """What a case says, in the types of the columns: "120.00" is an amount, "" says nothing."""
    return {name: _typed(table, name, value) for name, value in said.items()}


def _typed(table: str, name: str, value: Any) -> Any:
    kind = TABLES[table].columns[name]
    if value == "":
        return None
    if kind is Kind.AMOUNT:
        return parse_e5(value.removesuffix(" CNY").removesuffix(" kg"))
    if kind is Kind.TIME:
        return value.replace(tzinfo=CHINA).astimezone(UTC)
    expected = {Kind.COUNT: int, Kind.DAY: date, Kind.TEXT: str}[kind]
    assert isinstance(value, expected), f"{table}.{name} is {kind.value}, not {value!r}"
    return value


def _blank(table: str, number: int, paper: int, at: datetime) -> Row:
    guid = f"{number:08X}-0000-4000-8000-{paper:012X}"
    return dict.fromkeys(TABLES[table].columns) | {"guid": guid, "app_time": at}


def _line() -> Row:
    return dict.fromkeys(TABLES["list_lines"].columns) | {
        "line_no": 1,
        "item_no": "SKU1",
        "item_name": "哥伦比亚咖啡豆",
        "hs_code": COFFEE,
        "goods_name": "哥伦比亚咖啡豆",
        "model": "咖啡豆|示例牌|1千克|零售包装",
        "barcode": "无",
        "origin_country": "502",
        "currency": YUAN,
        "quantity": SCALE,
        "unit": "035",
        "quantity_1": SCALE,
        "unit_1": "035",
        "price": 100 * SCALE,
        "total": 100 * SCALE,
    }


def _order_line(line: Row) -> Row:
    same = ("line_no", "item_no", "model", "barcode", "unit", "quantity", "price", "total", "currency")
    return (
        dict.fromkeys(TABLES["order_lines"].columns)
        | {name: line[name] for name in same}
        | {
            "item_name": line["goods_name"],
            "origin_country": line["origin_country"],
        }
    )
