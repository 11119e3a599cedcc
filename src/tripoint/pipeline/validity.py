"""What one paper can say about itself: amounts that add up, codes that exist, weights and numbers that can be true."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from tripoint.kernel.identifiers import resident_id
from tripoint.kernel.money import SCALE
from tripoint.pipeline.check import Check, check
from tripoint.regimes.codes import load_codes

YUAN = "142"
DAYS_BEFORE = 30
"""How many days before it arrives a list may have been declared, where the operator asks for it (MODE-12)."""

TOLERANCE_E5 = 1_000
"""Price times quantity may miss the total by one fen: the wire rounds both."""


def _unknown(path: str, table: str) -> pl.Expr:
    return ~pl.col(path).is_in(sorted(load_codes(table).codes))


def _not_positive(path: str) -> pl.Expr:
    return pl.col(path) <= 0


def _product_misses(price: str, quantity: str, total: str) -> pl.Expr:
    wide = pl.Int128()
    product = pl.col(price).cast(wide) * pl.col(quantity).cast(wide)
    return (product - pl.col(total).cast(wide) * SCALE).abs() > TOLERANCE_E5 * SCALE


def _each(code: str, rule: str, *paths: str, broken: Callable[[str], pl.Expr]) -> list[Check]:
    """The same rule on several fields, one check each."""

    def one(path: str) -> Check:
        return Check(code, path, None, rule, lambda: broken(path))

    return [one(path) for path in paths]


@check("AMOUNT-01", field="order.actual_paid", compares="facts.amount_due")
def paid_is_not_the_sum() -> pl.Expr:
    """What was paid is goods value plus freight plus tax less discount."""
    return pl.col("order.actual_paid") != pl.sum_horizontal(
        "order.goods_value", "order.freight", "order.tax_total", ignore_nulls=False
    ) - pl.col("order.discount")


@check("AMOUNT-03", field="order.goods_value", compares="order.lines_total")
def goods_value_is_not_the_sum() -> pl.Expr:
    """The goods value of an order is the sum of its lines."""
    return pl.col("order.goods_value") != pl.col("order.lines_total")


@check("AMOUNT-04", field="order_line.total", compares="order_line.price")
def order_line_does_not_multiply() -> pl.Expr:
    """The total of an order line is price times quantity, to the fen."""
    return _product_misses("order_line.price", "order_line.quantity", "order_line.total")


@check("AMOUNT-05", field="line.total", compares="line.price")
def list_line_does_not_multiply() -> pl.Expr:
    """The total of a list line is price times quantity, to the fen."""
    return _product_misses("line.price", "line.quantity", "line.total")


@check("AMOUNT-09", field="list.lines_total")
def goods_are_worth_nothing() -> pl.Expr:
    """The goods of a list are worth something."""
    return pl.col("list.lines_total") <= 0


@check("WEIGHT-01", field="list.net_weight", compares="list.gross_weight")
def net_is_above_gross() -> pl.Expr:
    """The net weight is at most the gross weight."""
    return pl.col("list.net_weight") > pl.col("list.gross_weight")


@check("IDENTITY-01", field="list.buyer_id_type")
def buyer_document_is_no_identity_card() -> pl.Expr:
    """A buyer of imports is named by identity card."""
    return pl.col("list.buyer_id_type") != "1"


@check("IDENTITY-01", field="order.buyer_id_type")
def ordering_buyer_document_is_no_identity_card() -> pl.Expr:
    """A buyer of imports is named by identity card in the order too."""
    return pl.col("order.buyer_id_type") != "1"


@check("IDENTITY-02", field="list.buyer_id")
def buyer_id_is_not_valid() -> pl.Expr:
    """The buyer's identity number has a true date and check digit."""
    return (pl.col("list.buyer_id_type") == "1") & ~resident_id.is_valid_expr(pl.col("list.buyer_id"))


@check("IDENTITY-03", field="payment.payer_id_type")
def payer_document_is_no_identity_card() -> pl.Expr:
    """A payer of imports is named by identity card."""
    return pl.col("payment.payer_id_type") != "1"


@check("IDENTITY-04", field="payment.payer_id")
def payer_id_is_not_valid() -> pl.Expr:
    """The payer's identity number has a true date and check digit."""
    return (pl.col("payment.payer_id_type") == "1") & ~resident_id.is_valid_expr(pl.col("payment.payer_id"))


@check("CODE-01", field="list.customs_code")
def customs_does_not_exist() -> pl.Expr:
    """The customs office of the declaration exists."""
    return _unknown("list.customs_code", "customs_districts")


@check("CODE-02", field="list.port_code")
def port_does_not_exist() -> pl.Expr:
    """The customs office of the port exists."""
    return _unknown("list.port_code", "customs_districts")


@check("CODE-03", field="list.country")
def country_does_not_exist() -> pl.Expr:
    """The country of dispatch exists."""
    return _unknown("list.country", "countries")


@check("CODE-05", field="list.transport_mode")
def transport_mode_does_not_exist() -> pl.Expr:
    """The mode of transport exists."""
    return _unknown("list.transport_mode", "transport_modes")


@check("CODE-06", field="list.wrap_type")
def wrap_type_does_not_exist() -> pl.Expr:
    """The kind of packing exists."""
    return _unknown("list.wrap_type", "wrap_types")


@check("MODE-08", field="list.direction")
def list_is_not_an_import() -> pl.Expr:
    """An import list says that it is one."""
    return pl.col("list.direction") != "I"


@check("MODE-09", field="order.order_type")
def order_is_not_an_import() -> pl.Expr:
    """An import order says that it is one."""
    return pl.col("order.order_type") != "I"


@check("MODE-11", field="list.declared_on", compares="facts.received_on")
def declared_in_the_future() -> pl.Expr:
    """A list is declared on the day it arrives, or before."""
    return pl.col("list.declared_on") > pl.col("facts.received_on")


@check("MODE-12", field="list.declared_on", compares="facts.received_on")
def declared_long_ago() -> pl.Expr:
    """A list is declared on the day it arrives, or not long before: its day decides law, rate and allowance."""
    return pl.col("facts.received_on") - pl.col("list.declared_on") > pl.duration(days=DAYS_BEFORE)


@check("GOODS-04", field="line.quantity_2", compares="line.unit_2")
def second_quantity_without_unit() -> pl.Expr:
    """Second quantity and second unit are both given or both absent, and the quantity is positive."""
    given = pl.col("line.quantity_2").is_not_null()
    return (given != pl.col("line.unit_2").is_not_null()) | (pl.col("line.quantity_2") <= 0).fill_null(
        value=False
    )


@check("GOODS-05", field="line.quantity_1", compares="line.quantity")
def same_unit_other_quantity() -> pl.Expr:
    """Where unit and statutory unit are the same, so are the quantities."""
    return (pl.col("line.unit") == pl.col("line.unit_1")) & (
        pl.col("line.quantity") != pl.col("line.quantity_1")
    )


@check("GOODS-06", field="line.goods_name")
def description_says_nothing() -> pl.Expr:
    """Goods are described so that one knows what they are."""
    vague = [
        "空",
        "无",
        "/",
        "-",
        "礼品",
        "赠品",
        "样品",
        "货物",
        "商品",
        "配件",
        "衣服",
        "gift",
        "gifts",
        "parts",
        "clothes",
        "sample",
    ]
    return pl.col("line.goods_name").str.strip_chars().str.to_lowercase().is_in(vague)


@check("GOODS-07", field="line.hs_code")
def goods_code_has_not_ten_digits() -> pl.Expr:
    """A goods code has ten digits."""
    return ~pl.col("line.hs_code").str.contains(r"^[0-9]{10}$")


CHECKS: tuple[Check, ...] = (
    *(value for value in list(globals().values()) if isinstance(value, Check)),
    *_each(
        "CODE-04",
        "Imports are stated in yuan.",
        "list.currency",
        "order.currency",
        "payment.currency",
        "waybill.currency",
        "line.currency",
        "order_line.currency",
        broken=lambda path: pl.col(path) != YUAN,
    ),
    *_each(
        "CODE-07",
        "One list, one waybill, one package.",
        "list.package_count",
        "waybill.package_count",
        broken=lambda path: pl.col(path) != 1,
    ),
    *_each(
        "CODE-08",
        "A unit exists.",
        "line.unit",
        "line.unit_1",
        "line.unit_2",
        "order_line.unit",
        broken=lambda path: _unknown(path, "units"),
    ),
    *_each(
        "CODE-09",
        "A country of origin exists.",
        "line.origin_country",
        "order_line.origin_country",
        broken=lambda path: _unknown(path, "countries"),
    ),
    *_each(
        "AMOUNT-08",
        "Quantities are positive.",
        "line.quantity",
        "line.quantity_1",
        "order_line.quantity",
        broken=_not_positive,
    ),
    *_each(
        "AMOUNT-10",
        "Amounts are not negative.",
        "order.goods_value",
        "order.freight",
        "order.discount",
        "order.tax_total",
        "order.actual_paid",
        "payment.amount",
        "waybill.freight",
        "waybill.insurance",
        "list.freight",
        "list.insurance",
        "line.price",
        "line.total",
        "order_line.price",
        "order_line.total",
        broken=lambda path: pl.col(path) < 0,
    ),
    *_each(
        "WEIGHT-02",
        "Weights are positive.",
        "list.gross_weight",
        "list.net_weight",
        "waybill.weight",
        broken=_not_positive,
    ),
)
"""Every check of a paper by itself."""
