"""Anomalies between papers: each pair of papers that should tell one story and does not (ceb.md §4)."""

from __future__ import annotations

from collections.abc import Callable

from tripoint.kernel.identifiers import resident_id
from tripoint.kernel.money import FEN, SCALE
from tripoint.rehearsal.anomaly import Anomaly, Change, Stage, buy_as, paper_of, set_head
from tripoint.rehearsal.people import telephone
from tripoint.rehearsal.trades import Shape, Trade, settle

ONE_MORE = 5 * SCALE
TWO_OR_MORE = Shape(ordinary=True, lines=(2, 4), quantity=2 * SCALE)


def another_merchant(trade: Trade, stage: Stage) -> None:
    """The order is that of another merchant; the marketplace, which both share, sends it."""
    other = next(m for m in stage.world.merchants if m.code != trade.declaration_list.head["merchant_code"])
    trade.order.head.update(merchant_code=other.code, merchant_name=other.name)
    trade.order.sender = trade.order.head["marketplace_code"]


def another_provider(trade: Trade, stage: Stage) -> None:
    """The order names a provider who did not take the money."""
    other = next(p for p in stage.world.providers if p.code != trade.payment.head["provider_code"])
    trade.order.head.update(provider_code=other.code, provider_name=other.name)


def another_payment(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The order names a payment by a number that the provider did not give it."""
    trade.order.head["payment_no"] = f"X{trade.payment.head['payment_no']}"


def payment_of_another_order(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The payment was made for an order that nobody sent."""
    trade.payment.head["order_no"] = f"X{trade.payment.head['order_no']}"


def waybill_of_another_order(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The waybill carries an order that nobody sent."""
    trade.waybill.head["order_no"] = f"X{trade.waybill.head['order_no']}"


def drop_line(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The list leaves out the last line of the order."""
    trade.declaration_list.lines.pop()


def renumber_line(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The last line of the list has a number the order does not have."""
    trade.declaration_list.lines[-1]["line_no"] += 1


def rename_goods(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The list calls the goods otherwise."""
    trade.declaration_list.lines[0]["goods_name"] += "（升级版）"


def declare_fewer(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The list has half of what was ordered, at the same price."""
    line = trade.declaration_list.lines[0]
    for name in ("quantity", "quantity_1", "quantity_2", "total"):
        if line[name] is not None:
            line[name] //= 2


def declare_gift_twice(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """Two of a thing that is given along; only the quantity can differ then."""
    trade.declaration_list.lines[-1].update(price=0, total=0)
    trade.order.lines[-1].update(price=0, total=0)
    for name in ("quantity", "quantity_1", "quantity_2"):
        if trade.declaration_list.lines[-1][name] is not None:
            trade.declaration_list.lines[-1][name] *= 2
    settle(trade)


def shift_total(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """A total one fen off, which price times quantity still allows."""
    trade.declaration_list.lines[0]["total"] = trade.order.lines[0]["total"] + FEN // 2


def shift_price(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """A unit price a thousandth of a yuan off, which the total still allows."""
    trade.declaration_list.lines[0]["price"] += FEN // 10


def other_unit(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The list counts in another unit."""
    line = trade.declaration_list.lines[0]
    line["unit"] = next(
        u for u in ("015", "018", "044") if u not in (line["unit"], line["unit_1"], line["unit_2"])
    )


def other_origin(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """The goods come from another country."""
    line = trade.declaration_list.lines[0]
    line["origin_country"] = "302" if line["origin_country"] != "302" else "304"


def another_buyer_id(trade: Trade, stage: Stage) -> None:
    """The list gives the number of somebody else."""
    trade.declaration_list.head["buyer_id"] = stage.person().person_id


def another_telephone(trade: Trade, stage: Stage) -> None:
    """The list gives another telephone."""
    trade.declaration_list.head["buyer_telephone"] = _other_telephone(
        trade.declaration_list.head["buyer_telephone"], stage
    )


def another_payer(trade: Trade, stage: Stage) -> None:
    """Somebody else pays for a buyer whom nobody has verified."""
    buy_as(trade, stage.person())
    payer = stage.person()
    trade.payment.head.update(payer_id=payer.person_id, payer_name=payer.name)


def misspelt_payer(trade: Trade, stage: Stage) -> None:
    """The payer has the buyer's number and another name."""
    buy_as(trade, stage.person())
    trade.payment.head["payer_name"] += "儿"


def another_receiver_telephone(trade: Trade, stage: Stage) -> None:
    """The carrier has another telephone of the consignee."""
    head = trade.waybill.head
    head["consignee_telephone"] = _other_telephone(head["consignee_telephone"], stage)


def _other_telephone(known: str, stage: Stage) -> str:
    found = known
    while found == known:
        found = telephone(stage.rng)
    return found


def parcel_elsewhere(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """Waybill and list go to another address than the order."""
    address = trade.order.head["consignee_address"] + "（代收点）"
    trade.waybill.head["consignee_address"] = trade.declaration_list.head["consignee_address"] = address


def add(name: str, column: str, amount: int) -> Change:
    """Add to an amount in the head of a paper."""

    def change(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
        head = paper_of(trade, name).head
        head[column] = (head[column] or 0) + amount

    return change


def append(name: str, column: str, text: str) -> Change:
    """Add to a text in the head of a paper."""

    def change(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
        paper_of(trade, name).head[column] += text

    return change


def wrong_check_digit(trade: Trade, stage: Stage) -> None:
    """Every paper has the number with one wrong check digit."""
    _identity(trade, stage, lambda first: first + _wrong(first))


def impossible_birthday(trade: Trade, stage: Stage) -> None:
    """Every paper has a number born on a day that never was."""

    def born(first: str) -> str:
        changed = f"{first[:10]}0230{first[14:]}"
        return changed + resident_id.check_digit(changed)

    _identity(trade, stage, born)


def _identity(trade: Trade, stage: Stage, spoil: Callable[[str], str]) -> None:
    person = stage.person()
    person.person_id = spoil(person.person_id[:17])
    buy_as(trade, person)


def _wrong(first: str) -> str:
    return "0" if resident_id.check_digit(first) != "0" else "1"


def list_number_misread(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """Only the list has the wrong check digit."""
    first = trade.declaration_list.head["buyer_id"][:17]
    trade.declaration_list.head["buyer_id"] = first + _wrong(first)


def payer_number_misread(trade: Trade, stage: Stage) -> None:
    """A verified buyer is paid for by somebody whose number cannot be."""
    buy_as(trade, stage.person(is_verified=True))
    payer = stage.person()
    first = payer.person_id[:17]
    trade.payment.head.update(payer_id=first + _wrong(first), payer_name=payer.name)


def document_of_another_kind(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
    """Order and list name the buyer by another document."""
    trade.order.head["buyer_id_type"] = trade.declaration_list.head["buyer_id_type"] = "2"


def foreign_guarantor(trade: Trade, stage: Stage) -> None:
    """The guarantor has no part in the trade."""
    taken = {trade.declaration_list.head[f"{role}_code"] for role in ("marketplace", "merchant", "carrier")}
    other = next(enterprise for enterprise in stage.world.rich if enterprise.code not in taken)
    trade.declaration_list.head["guarantor_code"] = other.code


def _role(code: str, role: str, name: str = "stranger") -> Anomaly:
    def nothing(trade: Trade, stage: Stage) -> None:
        pass

    shape = Shape(ordinary=True, lines=(2, 4), parties={role: name})
    return Anomaly(name=f"{role}-{name}", change=nothing, told=(code,), shape=shape)


def _one(name: str, change: Change, *told: str, shape: Shape | None = None, waits: str = "") -> Anomaly:
    waits_for = (waits,) if waits else ()
    if shape is None:
        return Anomaly(name=name, change=change, told=told, waits_for=waits_for)
    return Anomaly(name=name, change=change, told=told, waits_for=waits_for, shape=shape)


MISMATCHES: tuple[Anomaly, ...] = (
    _one("another-merchant", another_merchant, "MATCH-01"),
    _one("another-provider", another_provider, "MATCH-02"),
    _one("another-payment", another_payment, "MATCH-13"),
    _one("payment-of-another-order", payment_of_another_order, "MATCH-03", waits="payment"),
    _one("waybill-of-another-order", waybill_of_another_order, "MATCH-04", waits="waybill"),
    _one("line-left-out", drop_line, "MATCH-05"),
    _one("line-renumbered", renumber_line, "MATCH-06"),
    _one("goods-renamed", rename_goods, "MATCH-07"),
    _one("fewer-declared", declare_fewer, "MATCH-08", "MATCH-09", shape=TWO_OR_MORE),
    _one("gift-twice", declare_gift_twice, "MATCH-08"),
    _one("total-off", shift_total, "MATCH-09"),
    _one("other-unit", other_unit, "MATCH-10"),
    _one("other-origin", other_origin, "MATCH-11"),
    _one("price-off", shift_price, "MATCH-12"),
    _one("buyer-renamed", append("list", "buyer_name", "娜"), "PARTY-01"),
    _one("another-buyer-id", another_buyer_id, "PARTY-02"),
    _one("another-buyer-telephone", another_telephone, "PARTY-03"),
    _one("another-payer", another_payer, "PARTY-04"),
    _one("another-consignee", append("waybill", "consignee", "代"), "PARTY-05"),
    _one("another-consignee-telephone", another_receiver_telephone, "PARTY-06"),
    _one("parcel-elsewhere", parcel_elsewhere, "PARTY-07"),
    _one("waybill-elsewhere", append("waybill", "consignee_address", "东门"), "PARTY-07", "PARTY-08"),
    _one("list-elsewhere", append("list", "consignee_address", "东门"), "PARTY-08"),
    _role("PARTY-09", "marketplace"),
    _role("PARTY-10", "merchant"),
    _role("PARTY-11", "provider"),
    _role("PARTY-12", "carrier"),
    _role("PARTY-13", "declarant"),
    _one("foreign-guarantor", foreign_guarantor, "PARTY-14"),
    _role("PARTY-15", "marketplace", "unconnected"),
    _one("payer-misspelt", misspelt_payer, "PARTY-16"),
    _one("document-of-another-kind", document_of_another_kind, "IDENTITY-01"),
    _one("identity-check-digit", wrong_check_digit, "IDENTITY-02", "IDENTITY-04"),
    _one("identity-birthday", impossible_birthday, "IDENTITY-02", "IDENTITY-04"),
    _one("identity-misread-in-list", list_number_misread, "IDENTITY-02", "PARTY-02"),
    _one("payer-document", set_head("payment", payer_id_type="2"), "IDENTITY-03"),
    _one("payer-number", payer_number_misread, "IDENTITY-04"),
    _one("paid-too-little", add("payment", "amount", -FEN), "AMOUNT-02"),
    _one("freight-differs", add("waybill", "freight", ONE_MORE), "AMOUNT-06"),
    _one("insurance-differs", add("waybill", "insurance", ONE_MORE), "AMOUNT-07"),
    _one("weight-differs", add("waybill", "weight", 50 * FEN), "WEIGHT-03"),
    _one(
        "bill-differs", append("waybill", "bill_no", "7"), "MODE-10", shape=Shape(mode="9610", ordinary=True)
    ),
)
"""Every anomaly between papers and parties."""
