"""Order, payment, waybill and list: which belong together, and do they tell the same story? (三单比对, ceb.md §4)"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tripoint.documents.columns import LIST_LINES, LISTS, ORDER_LINES, ORDERS, PAYMENTS, WAYBILLS
from tripoint.kernel.identifiers import resident_id
from tripoint.kernel.money import summed
from tripoint.pipeline.check import Check, check

_LIST, _ORDER, _PAYMENT, _WAYBILL = (
    pl.col(f"{paper}.present") for paper in ("list", "order", "payment", "waybill")
)


_NO_LIST_LINES, _NO_ORDER_LINES = (
    table.empty().with_columns_seq(order_no=pl.lit(None, pl.String())) for table in (LIST_LINES, ORDER_LINES)
)


def current(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """The version of each paper that counts (the newest appTime), without those withdrawn and drafts.

    Every key has the order number: where no number comes twice, no paper has another version.
    """
    if frame["order_no"].n_unique() < frame.height:
        newest = (
            frame.select_seq(*key, "app_time")
            .with_row_index("at")
            .sort("app_time", maintain_order=True)
            .unique(subset=list(key), keep="last", maintain_order=True)
        )
        frame = frame[newest["at"]]
    return frame.filter((pl.col("app_type") != "3") & ~((pl.col("app_status") == "1").fill_null(value=False)))


def _gathered(frame: pl.DataFrame, at: pl.Series, prefix: str) -> pl.DataFrame:
    """The rows at places, null where there is none, with prefixed names and `x.present`."""
    if frame.is_empty():
        rows = frame.clear(at.len())
    elif at.null_count():
        rows = frame.select_seq(pl.all().gather(at))
    else:
        rows = frame[at]
    return rows.select_seq(pl.all().name.prefix(f"{prefix}.")).with_columns_seq(
        at.is_not_null().alias(f"{prefix}.present")
    )


def join_papers(papers: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per list with its order, payment and waybill; what has not arrived is null and `x.present` false.

    `papers` holds every version of `lists`, `orders`, `payments`, `waybills` of the order numbers concerned.
    Of several payments for one order the one the order names is taken, else the latest. Only keys are joined; the
    papers are then gathered by their places.
    """
    place = ("order_no", "marketplace_code")
    carried = ("order_no", "carrier_code", "waybill_no")
    # A number that was moved to another order has left a withdrawal behind, told at the same time: each order by itself.
    frames = {
        "list": current(papers.get("lists", LISTS.empty()), place),
        "order": current(papers.get("orders", ORDERS.empty()), place),
        "waybill": current(papers.get("waybills", WAYBILLS.empty()), carried),
        "payment": current(
            papers.get("payments", PAYMENTS.empty()), ("order_no", "provider_code", "payment_no")
        ),
    }
    joined = (
        frames["list"]
        .select_seq(*place, "carrier_code", "waybill_no", "message_id", "position")
        .with_row_index("list")
        .join(
            frames["order"].select_seq(*place, "provider_code", "payment_no").with_row_index("order"),
            on=place,
            how="left",
        )
        .join(frames["waybill"].select_seq(carried).with_row_index("waybill"), on=carried, how="left")
    )
    at = joined.join(_choose_payment(joined, frames["payment"]), on="list", how="left").sort(
        "message_id", "position"
    )
    parts = [_gathered(frame, at[paper], paper) for paper, frame in frames.items()]
    return (
        pl.concat(parts, how="horizontal")
        .with_row_index("row")
        .with_columns_seq(pl.col("row").cast(pl.Int64()))
    )


def _choose_payment(joined: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """The place of the payment of each list, one at most: the one named by the order first, then the latest."""
    place = ["order_no", "marketplace_code"]
    found = joined.select_seq("list", *place, "provider_code", "payment_no").join(
        payments.select_seq(*place, "provider_code", "payment_no", "app_time").with_row_index("payment"),
        on=place,
        how="inner",
        suffix="_paid",
    )
    if found["list"].n_unique() < found.height:
        named = (pl.col("provider_code_paid") == pl.col("provider_code")) & (
            pl.col("payment_no_paid") == pl.col("payment_no")
        )
        found = (
            found.with_columns_seq(named.fill_null(value=False).alias("named"))
            .sort(
                "named",
                "app_time",
                "payment_no_paid",
                "provider_code_paid",
                descending=[True, True, False, False],
            )
            .unique(subset=["list"], keep="first", maintain_order=True)
        )
    return found.select_seq("list", "payment")


def join_lines(sets: pl.DataFrame, papers: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row per line of the lists of `sets` (columns `line.x`), with the order's line of the same number beside it."""
    lines = papers.get("list_lines", _NO_LIST_LINES)
    order_lines = papers.get("order_lines", _NO_ORDER_LINES)
    at = (
        _line_places(sets, "list", lines, "line")
        .join(
            _line_places(sets.filter(_ORDER), "order", order_lines, "order_line"),
            on=["row", "line_no"],
            how="left",
        )
        .sort("row", "line_no")
    )
    place = ("message_id", "position")
    return pl.concat(
        [
            at.select_seq("row"),
            _gathered(lines.drop(place), at["line"], "line"),
            _gathered(order_lines.drop(place), at["order_line"], "order_line"),
            at.select_seq("line_no"),
        ],
        how="horizontal",
    )


def _line_places(sets: pl.DataFrame, paper: str, lines: pl.DataFrame, name: str) -> pl.DataFrame:
    """Where the lines of each set's paper are: row, line_no, and the place under `name`."""
    place = ["message_id", "position"]
    return (
        sets.select_seq("row", *(pl.col(f"{paper}.{column}").alias(column) for column in place))
        .join(lines.select_seq(*place, "line_no").with_row_index(name), on=place, how="inner")
        .select_seq("row", "line_no", name)
    )


def count_lines(sets: pl.DataFrame, papers: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The sets with `list.lines` and `order.lines`, how many lines either has, and the sums of their totals."""
    counted = sets
    for paper, table in (("list", "list_lines"), ("order", "order_lines")):
        lines = papers.get(table)
        if lines is None or lines.is_empty():
            counted = counted.with_columns_seq(
                pl.lit(None, pl.Int64()).alias(f"{paper}.lines"),
                pl.lit(None, pl.Int64()).alias(f"{paper}.lines_total"),
            )
            continue
        sums = lines.group_by("message_id", "position").agg(
            pl.len().cast(pl.Int64()).alias(f"{paper}.lines"),
            summed("total").alias(f"{paper}.lines_total"),
        )
        found = sets.select_seq(f"{paper}.message_id", f"{paper}.position").join(
            sums,
            left_on=[f"{paper}.message_id", f"{paper}.position"],
            right_on=["message_id", "position"],
            how="left",
            maintain_order="left",
        )
        counted = counted.hstack(found.select_seq(f"{paper}.lines", f"{paper}.lines_total"))
    return counted


def waits_for() -> pl.Expr:
    """The papers a list waits for, in words: `order,payment`; empty where the set is whole."""
    missing = [
        pl.when(~present).then(pl.lit(paper))
        for paper, present in (("order", _ORDER), ("payment", _PAYMENT), ("waybill", _WAYBILL))
    ]
    return pl.concat_str(missing, separator=",", ignore_nulls=True)


def _differ(left: str, right: str) -> pl.Expr:
    return pl.col(left) != pl.col(right)


def persons_differ(left: str, right: str) -> pl.Expr:
    """Whether two identity numbers name two persons."""
    return resident_id.compact_expr(pl.col(left)) != resident_id.compact_expr(pl.col(right))


@check("MATCH-01", field="list.merchant_code", compares="order.merchant_code")
def merchant_differs() -> pl.Expr:
    """List and order name one merchant."""
    return _differ("list.merchant_code", "order.merchant_code")


@check("MATCH-02", field="order.provider_code", compares="payment.provider_code")
def provider_differs() -> pl.Expr:
    """Where the order names its payment provider, the payment is by that provider."""
    return _differ("order.provider_code", "payment.provider_code")


@check("MATCH-03", field="order.payment_no", compares="facts.payment_order_no")
def payment_is_for_another_order() -> pl.Expr:
    """The payment that the order names was made for this order."""
    return _differ("facts.payment_order_no", "list.order_no") & ~_PAYMENT


@check("MATCH-04", field="list.waybill_no", compares="facts.waybill_order_no")
def waybill_is_for_another_order() -> pl.Expr:
    """The waybill that the list names carries this order."""
    return _differ("facts.waybill_order_no", "list.order_no") & ~_WAYBILL


@check("MATCH-05", field="list.lines", compares="order.lines")
def line_count_differs() -> pl.Expr:
    """List and order have the same number of lines."""
    return _ORDER & _differ("list.lines", "order.lines")


@check("MATCH-06", field="line.line_no", compares="order_line.line_no")
def line_is_not_in_the_order() -> pl.Expr:
    """Each line of the list has a line of its number in the order."""
    return pl.col("order.present") & ~pl.col("order_line.present")


@check("MATCH-07", field="line.goods_name", compares="order_line.item_name")
def goods_name_differs() -> pl.Expr:
    """The goods are named as in the order."""
    return _differ("line.goods_name", "order_line.item_name")


@check("MATCH-08", field="line.quantity", compares="order_line.quantity")
def quantity_differs() -> pl.Expr:
    """The quantity is that of the order."""
    return _differ("line.quantity", "order_line.quantity")


@check("MATCH-09", field="line.total", compares="order_line.total")
def total_differs() -> pl.Expr:
    """The total is that of the order."""
    return _differ("line.total", "order_line.total")


@check("MATCH-10", field="line.unit", compares="order_line.unit")
def unit_differs() -> pl.Expr:
    """The unit is that of the order."""
    return _differ("line.unit", "order_line.unit")


@check("MATCH-11", field="line.origin_country", compares="order_line.origin_country")
def origin_differs() -> pl.Expr:
    """The country of origin is that of the order."""
    return _differ("line.origin_country", "order_line.origin_country")


@check("MATCH-12", field="line.price", compares="order_line.price")
def price_differs() -> pl.Expr:
    """The price is that of the order."""
    return _differ("line.price", "order_line.price")


@check("MATCH-13", field="order.payment_no", compares="payment.payment_no")
def another_payment_came() -> pl.Expr:
    """Where the order names its payment, the payment is that one."""
    return _differ("order.payment_no", "payment.payment_no")


@check("PARTY-01", field="list.buyer_name", compares="order.buyer_name")
def buyer_name_differs() -> pl.Expr:
    """List and order name one buyer."""
    return _differ("list.buyer_name", "order.buyer_name")


@check("PARTY-02", field="list.buyer_id", compares="order.buyer_id")
def buyer_id_differs() -> pl.Expr:
    """List and order give the buyer one identity number, however it is written."""
    return persons_differ("list.buyer_id", "order.buyer_id")


@check("PARTY-03", field="list.buyer_telephone", compares="order.buyer_telephone")
def buyer_telephone_differs() -> pl.Expr:
    """List and order give the buyer one telephone."""
    return _differ("list.buyer_telephone", "order.buyer_telephone")


@check("PARTY-05", field="waybill.consignee", compares="order.consignee")
def consignee_differs() -> pl.Expr:
    """The waybill goes to the consignee of the order."""
    return _differ("waybill.consignee", "order.consignee")


@check("PARTY-06", field="waybill.consignee_telephone", compares="order.consignee_telephone")
def consignee_telephone_differs() -> pl.Expr:
    """The waybill has the consignee's telephone of the order."""
    return _differ("waybill.consignee_telephone", "order.consignee_telephone")


@check("PARTY-07", field="waybill.consignee_address", compares="order.consignee_address")
def consignee_address_differs() -> pl.Expr:
    """The waybill goes to the address of the order."""
    return _differ("waybill.consignee_address", "order.consignee_address")


@check("PARTY-08", field="list.consignee_address", compares="waybill.consignee_address")
def list_address_differs() -> pl.Expr:
    """The list has the address of the waybill."""
    return _differ("list.consignee_address", "waybill.consignee_address")


@check("AMOUNT-02", field="payment.amount", compares="order.actual_paid")
def payment_differs_from_order() -> pl.Expr:
    """What was paid is what the order says was paid."""
    return _differ("payment.amount", "order.actual_paid")


@check("AMOUNT-06", field="list.freight", compares="waybill.freight")
def freight_differs() -> pl.Expr:
    """List and waybill state one freight."""
    return _differ("list.freight", "waybill.freight")


@check("AMOUNT-07", field="list.insurance", compares="waybill.insurance")
def insurance_differs() -> pl.Expr:
    """List and waybill state one insurance."""
    return _differ("list.insurance", "waybill.insurance")


@check("WEIGHT-03", field="list.gross_weight", compares="waybill.weight")
def weight_differs() -> pl.Expr:
    """List and waybill state one gross weight."""
    return _differ("list.gross_weight", "waybill.weight")


@check("MODE-10", field="list.bill_no", compares="waybill.bill_no")
def bill_differs() -> pl.Expr:
    """List and waybill name one bill."""
    return _differ("list.bill_no", "waybill.bill_no")


CHECKS: tuple[Check, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Check))
"""Every check between papers, in the order it stands here."""
