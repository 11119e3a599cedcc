"""The shape of every set of papers: table by table, the columns and their types; a row is one paper (or one of its lines).

Frames, SQL tables and readers all take their columns from here. Amounts, quantities and weights are whole counts
of 0.00001 (`kernel.money`); times are UTC moments; `None` means that the paper does not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache

import polars as pl


class Kind(Enum):
    """What a column holds, and the type it has in a frame and in PostgreSQL."""

    TEXT = "text"
    AMOUNT = "amount"
    COUNT = "count"
    ID = "id"
    TIME = "time"
    DAY = "day"

    @property
    def frame_type(self) -> pl.DataType:
        """The polars type."""
        return _TYPES[self][0]

    @property
    def sql_type(self) -> str:
        """The PostgreSQL type."""
        return _TYPES[self][1]


_TYPES: dict[Kind, tuple[pl.DataType, str]] = {
    Kind.TEXT: (pl.String(), "text"),
    Kind.AMOUNT: (pl.Int64(), "bigint"),
    Kind.COUNT: (pl.Int32(), "integer"),
    Kind.ID: (pl.Int64(), "bigint"),
    Kind.TIME: (pl.Datetime("us", "UTC"), "timestamptz"),
    Kind.DAY: (pl.Date(), "date"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A set of papers: its name, its columns in order, and which of them name the paper (its business key)."""

    name: str
    columns: dict[str, Kind]
    key: tuple[str, ...] = ()
    lines_of: str | None = None

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The polars schema of a frame of this table."""
        return dict(_schema(self.name))

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows; always the same one, for making one of forty columns takes half a millisecond."""
        return _empty(self.name)


def _kinds(text: str) -> dict[str, Kind]:
    """Columns from one line each: `kind: name name …`."""
    columns: dict[str, Kind] = {}
    for line in text.strip().splitlines():
        kind, _, names = line.strip().partition(":")
        for name in names.split():
            assert name not in columns, f"column {name} stands twice"
            columns[name] = Kind[kind.upper()]
    return columns


PLACE = _kinds(
    """
    id: message_id
    count: position
    """
)
"""Where a paper was read: which message, and the how-manieth paper in it, from 0."""

HEAD = PLACE | _kinds(
    """
    text: guid app_type
    time: app_time
    text: app_status
    """
)
"""What every paper of an enterprise begins with."""

ORDERS = Table(
    "orders",
    HEAD
    | _kinds(
        """
        text: order_type order_no marketplace_code marketplace_name merchant_code merchant_name
        amount: goods_value freight discount tax_total actual_paid
        text: currency buyer_reg_no buyer_name buyer_telephone buyer_id_type buyer_id
        text: provider_code provider_name payment_no batch_numbers
        text: consignee consignee_telephone consignee_address consignee_district note
        """
    ),
    key=("order_no", "marketplace_code"),
)

ORDER_LINES = Table(
    "order_lines",
    PLACE
    | _kinds(
        """
        count: line_no
        text: item_no item_name model description barcode unit
        amount: quantity price total
        text: currency origin_country note
        """
    ),
    lines_of="orders",
)

PAYMENTS = Table(
    "payments",
    HEAD
    | _kinds(
        """
        text: provider_code provider_name payment_no order_no marketplace_code marketplace_name
        text: payer_id_type payer_id payer_name telephone
        amount: amount
        text: currency
        time: paid_at
        text: note
        """
    ),
    key=("provider_code", "payment_no"),
)

WAYBILLS = Table(
    "waybills",
    HEAD
    | _kinds(
        """
        text: carrier_code carrier_name waybill_no bill_no order_no
        amount: freight insurance
        text: currency
        amount: weight
        count: package_count
        text: goods_info consignee consignee_address consignee_telephone note
        """
    ),
    key=("carrier_code", "waybill_no"),
)

WAYBILL_STATUSES = Table(
    "waybill_statuses",
    HEAD
    | _kinds(
        """
        text: carrier_code carrier_name waybill_no status
        time: status_at
        text: note
        """
    ),
    key=("carrier_code", "waybill_no"),
)

LISTS = Table(
    "lists",
    HEAD
    | _kinds(
        """
        text: order_no marketplace_code marketplace_name merchant_code merchant_name
        text: waybill_no carrier_code carrier_name cop_no pre_no guarantor_code book_no list_no
        text: direction
        day: declared_on
        text: customs_code port_code
        day: moved_on
        text: buyer_id_type buyer_id buyer_name buyer_telephone consignee_address
        text: declarant_code declarant_name warehouse_code warehouse_name
        text: supervision_mode transport_mode transport_no voyage_no bill_no place_code licence_no country
        amount: freight insurance
        text: currency wrap_type
        count: package_count
        amount: gross_weight net_weight
        text: note
        """
    ),
    key=("order_no", "marketplace_code"),
)

LIST_LINES = Table(
    "list_lines",
    PLACE
    | _kinds(
        """
        count: line_no
        text: item_record_no item_no item_name hs_code goods_name model barcode origin_country trade_country currency
        amount: quantity
        text: unit
        amount: quantity_1
        text: unit_1
        amount: quantity_2
        text: unit_2
        amount: price total
        text: note
        """
    ),
    lines_of="lists",
)

_ABOUT_A_LIST = _kinds(
    """
    text: customs_code order_no marketplace_code marketplace_name merchant_code merchant_name
    text: waybill_no carrier_code carrier_name cop_no pre_no list_no
    text: buyer_id_type buyer_id buyer_name buyer_telephone declarant_code declarant_name reason note
    """
)

CANCELLATIONS = Table("cancellations", HEAD | _ABOUT_A_LIST, key=("order_no", "list_no"))

RETURN_REQUESTS = Table("return_requests", HEAD | _ABOUT_A_LIST, key=("order_no", "list_no", "cop_no"))

RETURN_REQUEST_LINES = Table(
    "return_request_lines",
    PLACE
    | _kinds(
        """
        count: line_no
        text: hs_code goods_name
        amount: quantity
        text: unit note
        """
    ),
    lines_of="return_requests",
)

WAREHOUSE_INS = Table(
    "warehouse_ins",
    HEAD
    | _kinds(
        """
        text: customs_code cop_no pre_no warehouse_in_no operator_code operator_name direction
        text: transport_mode transport_no voyage_no bill_no carrier_code carrier_name unload_location note
        """
    ),
    key=("operator_code", "cop_no"),
)

WAREHOUSE_IN_LINES = Table(
    "warehouse_in_lines",
    PLACE
    | _kinds(
        """
        count: line_no
        text: waybill_no note
        """
    ),
    lines_of="warehouse_ins",
)

RECEIPTS = Table(
    "receipts",
    PLACE
    | _kinds(
        """
        text: guid customs_code operator_code marketplace_code merchant_code declarant_code
        text: order_no provider_code payment_no carrier_code waybill_no waybill_status
        text: cop_no pre_no list_no warehouse_in_no return_status
        time: return_time
        text: return_info
        """
    ),
)
"""Every receipt of the import family in one shape (312, 412, 512, 514, 622, 624, 626, 712)."""

TAX_BILLS = Table(
    "tax_bills",
    PLACE
    | _kinds(
        """
        text: guid
        time: return_time
        text: list_no tax_no
        amount: customs_tax value_added_tax consumption_tax
        text: status duty_payment_no note guarantor_code merchant_code carrier_code declarant_code customs_code
        text: order_no waybill_no
        """
    ),
    key=("tax_no",),
)

TAX_BILL_LINES = Table(
    "tax_bill_lines",
    PLACE
    | _kinds(
        """
        count: line_no
        text: hs_code
        amount: tax_price customs_tax value_added_tax consumption_tax
        """
    ),
    lines_of="tax_bills",
)

TAX_BILL_STATUSES = Table(
    "tax_bill_statuses",
    PLACE
    | _kinds(
        """
        text: guid
        time: return_time
        text: list_no tax_no status duty_payment_no guarantor_code
        """
    ),
    key=("tax_no",),
)

FORMAT_RECEIPTS = Table(
    "format_receipts",
    PLACE
    | _kinds(
        """
        text: guid return_status return_info
        time: return_time
        text: original_message_no original_message_type original_message
        """
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ORDERS,
        ORDER_LINES,
        PAYMENTS,
        WAYBILLS,
        WAYBILL_STATUSES,
        LISTS,
        LIST_LINES,
        CANCELLATIONS,
        RETURN_REQUESTS,
        RETURN_REQUEST_LINES,
        WAREHOUSE_INS,
        WAREHOUSE_IN_LINES,
        RECEIPTS,
        TAX_BILLS,
        TAX_BILL_LINES,
        TAX_BILL_STATUSES,
        FORMAT_RECEIPTS,
    )
}


@cache
def _schema(table: str) -> dict[str, pl.DataType]:
    return {name: kind.frame_type for name, kind in TABLES[table].columns.items()}


@cache
def _empty(table: str) -> pl.DataFrame:
    return pl.DataFrame(schema=TABLES[table].schema)
