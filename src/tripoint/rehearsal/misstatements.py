"""Anomalies of what papers state: sums, quantities, weights, codes, modes, goods, limits and guarantees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tripoint.kernel.money import FEN, SCALE
from tripoint.rehearsal.anomaly import SMALL, Anomaly, Change, Stage, buy_as, set_head, set_lines
from tripoint.rehearsal.goods import Article, unlisted
from tripoint.rehearsal.mismatches import add
from tripoint.rehearsal.trades import BONDED, DIRECT, Shape, Trade, settle

NO_OFFICE, NO_COUNTRY, NO_UNIT, NO_LETTER = "9999", "998", "999", "Q"
"""Codes that stand in no table; a test looks."""


def _first(mode: str | None = None, first: Callable[[Article], bool] | None = None) -> Shape:
    return Shape(ordinary=True, lines=(2, 4), mode=mode, first=first)


def _together(*changes: Change) -> Change:
    def change(trade: Trade, stage: Stage) -> None:
        for one in changes:
            one(trade, stage)

    return change


def order_line_too_dear(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The order's line is not price times quantity; the list's is."""
    trade.order.lines[0]["total"] += 5 * SCALE
    settle(trade)


def list_line_too_dear(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The list's line is not price times quantity; the order's is."""
    trade.declaration_list.lines[0]["total"] += 5 * SCALE


def both_lines_too_dear(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """Order and list agree on a total that is not price times quantity."""
    for paper in (trade.order, trade.declaration_list):
        paper.lines[0]["total"] += 5 * SCALE
    settle(trade)


def nothing_of_it(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """A gift of which there is none."""
    for line in (trade.declaration_list.lines[0], trade.order.lines[0]):
        line.update(price=0, total=0, quantity=0)
    trade.declaration_list.lines[0]["quantity_1"] = 0
    settle(trade)


def all_given_away(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """Every line costs nothing."""
    for line in (*trade.declaration_list.lines, *trade.order.lines):
        line.update(price=0, total=0)
    settle(trade)


def negative_discount(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """A discount that makes the order dearer; all sums still agree."""
    settle(trade, -10 * SCALE)


def net_above_gross(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The goods weigh more than the parcel."""
    trade.declaration_list.head["net_weight"] = trade.declaration_list.head["gross_weight"] + FEN


def declared_ahead(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The list is declared on a day far off, so that it is future whenever it arrives."""
    trade.declaration_list.head["declared_on"] += timedelta(days=7_305)


def become(trade: Trade, article: Article) -> None:
    """The first line is of another article, in order and list."""
    line = trade.declaration_list.lines[0]
    quantity = line["quantity"]
    line.update(
        hs_code=article.hs_code,
        unit=article.unit,
        unit_1=article.unit_1,
        quantity_1=article.in_unit(article.unit_1, quantity),
        unit_2=article.unit_2,
        quantity_2=article.in_unit(article.unit_2, quantity) if article.unit_2 else None,
    )
    trade.order.lines[0]["unit"] = article.unit


def not_allowed(trade: Trade, stage: Stage) -> None:
    """Goods with a rate that are not on the list of goods allowed."""
    become(trade, stage.rng.choice(unlisted(trade.declaration_list.head["declared_on"])))


def wrong_statutory_unit(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The first statutory unit is not that of the tariff."""
    line = trade.declaration_list.lines[0]
    line["unit_1"] = next(
        u for u in ("015", "018", "044") if u not in (line["unit"], line["unit_1"], line["unit_2"])
    )


def other_statutory_quantity(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The same unit, and one more of it."""
    trade.declaration_list.lines[0]["quantity_1"] += SCALE


def too_dear_for_one_order(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """Two of something that together pass the single limit."""
    line = trade.declaration_list.lines[0]
    times = 2 * SCALE // line["quantity"] if line["quantity"] < 2 * SCALE else 1
    for name in ("quantity", "quantity_1", "quantity_2"):
        if line[name] is not None:
            line[name] *= times
    line["price"] = 2_600 * SCALE
    line["total"] = line["price"] * line["quantity"] // SCALE
    trade.order.lines[0].update(price=line["price"], total=line["total"], quantity=line["quantity"])
    settle(trade)


def year_used_up(trade: Trade, stage: Stage) -> None:
    """The buyer has used up the year elsewhere."""
    buy_as(trade, stage.rng.choice(stage.world.spent))


def too_much_a_year(trade: Trade, stage: Stage) -> None:
    """More sugar or rice at once than one person may bring in within a year."""
    buy_as(trade, stage.person())


def _nothing(trade: Trade, stage: Stage) -> None:
    """The parties alone make the anomaly."""


def _one(name: str, change: Change, *told: str, shape: Shape = SMALL) -> Anomaly:
    return Anomaly(name=name, change=change, told=told, shape=shape)


def _guarantor(merchant: str) -> Shape:
    return Shape(ordinary=True, lines=(1, 4), parties={"merchant": merchant, "guarantor": merchant})


def _under(prefix: str) -> Callable[[Article], bool]:
    return lambda article: article.hs_code.startswith(prefix)


AMOUNTS: tuple[Anomaly, ...] = (
    _one(
        "paid-not-the-sum",
        _together(add("order", "actual_paid", SCALE), add("payment", "amount", SCALE)),
        "AMOUNT-01",
    ),
    _one(
        "goods-value-not-the-sum",
        _together(
            add("order", "goods_value", SCALE),
            add("order", "actual_paid", SCALE),
            add("payment", "amount", SCALE),
        ),
        "AMOUNT-03",
    ),
    _one("order-line-too-dear", order_line_too_dear, "AMOUNT-04", "MATCH-09"),
    _one("both-lines-too-dear", both_lines_too_dear, "AMOUNT-04", "AMOUNT-05"),
    _one("list-line-too-dear", list_line_too_dear, "AMOUNT-05", "MATCH-09"),
    _one("nothing-of-it", nothing_of_it, "AMOUNT-08", shape=_first(first=lambda a: a.unit_2 is None)),
    _one("all-given-away", all_given_away, "AMOUNT-09"),
    _one("negative-discount", negative_discount, "AMOUNT-10"),
    _one("net-above-gross", net_above_gross, "WEIGHT-01"),
    _one("no-net-weight", set_head("list", net_weight=0), "WEIGHT-02"),
)
"""Anomalies of sums, quantities and weights."""

CODES: tuple[Anomaly, ...] = (
    _one("no-such-office", set_head("list", customs_code=NO_OFFICE), "CODE-01"),
    _one("no-such-port", set_head("list", port_code=NO_OFFICE), "CODE-02"),
    _one("no-such-country", set_head("list", country=NO_COUNTRY), "CODE-03", shape=_first(DIRECT)),
    _one("no-such-transport", set_head("list", transport_mode=NO_LETTER), "CODE-05"),
    _one("no-such-packing", set_head("list", wrap_type=NO_LETTER), "CODE-06"),
    _one("two-packages", set_head("waybill", package_count=2), "CODE-07"),
    _one("two-packages-listed", set_head("list", package_count=2), "CODE-07"),
    _one("no-such-unit", set_lines({"unit": NO_UNIT}, {"unit": NO_UNIT}), "CODE-08"),
    _one(
        "no-such-origin", set_lines({"origin_country": NO_COUNTRY}, {"origin_country": NO_COUNTRY}), "CODE-09"
    ),
)
"""Anomalies of codes that stand in no table."""

MODES: tuple[Anomaly, ...] = (
    _one("general-trade", set_head("list", supervision_mode="0110"), "MODE-01"),
    _one("no-book", set_head("list", book_no=None), "MODE-02", shape=_first(BONDED)),
    _one("no-warehouse", set_head("list", warehouse_code=None), "MODE-03", shape=_first(BONDED)),
    _one("no-item-record", set_lines({"item_record_no": None}), "MODE-04", shape=_first(BONDED)),
    _one("bonded-from-abroad", set_head("list", country="116"), "MODE-05", shape=_first(BONDED)),
    _one("no-voyage", set_head("list", voyage_no=None), "MODE-06", shape=_first(DIRECT)),
    _one("direct-from-china", set_head("list", country="142"), "MODE-07", shape=_first(DIRECT)),
    _one("list-for-export", set_head("list", direction="E"), "MODE-08"),
    _one("order-for-export", set_head("order", order_type="E"), "MODE-09"),
    _one("declared-ahead", declared_ahead, "MODE-11"),
)
"""Anomalies of what the supervision mode demands."""

GOODS: tuple[Anomaly, ...] = (
    _one("no-rate", set_lines({"hs_code": "9999000001"}), "GOODS-01"),
    _one("goods-not-allowed", not_allowed, "GOODS-02"),
    _one("statutory-unit", wrong_statutory_unit, "GOODS-03"),
    _one(
        "second-unit-left-out",
        set_lines({"unit_2": None, "quantity_2": None}),
        "GOODS-03",
        shape=_first(first=lambda a: a.unit_2 is not None),
    ),
    _one(
        "second-quantity-alone",
        set_lines({"quantity_2": SCALE}),
        "GOODS-04",
        shape=_first(first=lambda a: not a.unit_2),
    ),
    _one(
        "second-quantity-missing",
        set_lines({"quantity_2": None}),
        "GOODS-04",
        shape=_first(first=lambda a: a.unit_2 is not None),
    ),
    _one(
        "statutory-quantity",
        other_statutory_quantity,
        "GOODS-05",
        shape=_first(first=lambda a: a.unit == a.unit_1),
    ),
    _one("vague-goods", set_lines({"goods_name": "礼品"}, {"item_name": "礼品"}), "GOODS-06"),
    _one("letters-in-goods-code", set_lines({"hs_code": "33049900XX"}), "GOODS-07"),
)
"""Anomalies of the goods."""

LIMITS: tuple[Anomaly, ...] = (
    _one(
        "above-single-limit",
        too_dear_for_one_order,
        "LIMIT-01",
        shape=_first(first=lambda a: a.unit_2 is None),
    ),
    _one("year-used-up", year_used_up, "LIMIT-02"),
    _one(
        "too-much-sugar",
        too_much_a_year,
        "LIMIT-03",
        shape=Shape(ordinary=True, lines=(1, 3), quantity=5 * SCALE, first=_under("1701")),
    ),
    _one(
        "too-much-rice",
        too_much_a_year,
        "LIMIT-03",
        shape=Shape(ordinary=True, lines=(1, 3), quantity=5 * SCALE, first=_under("1006")),
    ),
    _one("guarantee-too-small", _nothing, "GUARANTEE-01", shape=_guarantor("poor")),
    _one("no-guarantee", _nothing, "GUARANTEE-02", shape=_guarantor("without_account")),
)
"""Anomalies of limits, allowances and guarantees."""
