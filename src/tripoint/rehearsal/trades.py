"""One lawful trade: order, payment, waybill and list that agree in everything (GACC 2018-194; CEB621 2022-05)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from lxml import etree

from tripoint.documents.columns import TABLES
from tripoint.kernel.clock import CHINA
from tripoint.kernel.identifiers import s10
from tripoint.kernel.money import FEN, SCALE, to_e5
from tripoint.rehearsal.goods import Article, articles
from tripoint.rehearsal.levy import Levy
from tripoint.rehearsal.people import Person, make_person, telephone
from tripoint.rehearsal.plan import Plan
from tripoint.rehearsal.world import Enterprise, World

Row = dict[str, Any]
Edit = Callable[[etree._Element], None]
"""What is done to the element of a written paper before it is signed."""

DIRECT, BONDED = "9610", "1210"
YUAN, CHINA_CODE = "142", "142"
_ORIGINS = ("116", "133", "136", "303", "304", "305", "307", "309", "312", "331", "501", "502", "601", "609")
_SINGLE_LIMIT = 5_000 * SCALE
_ROOM = 4_700 * SCALE
"""What the goods of an ordinary order may come to, so that freight still fits under the single limit."""
_PERSON_LIMIT = 22_000 * SCALE
_KILOGRAMS = {"1701": 2 * SCALE, "1006": 20 * SCALE}
"""Sugar and rice a person may bring in within a year; this world stays at or below it."""
_BRANDS = (
    "Novaly",
    "海森堡",
    "Kumo",
    "Lindqvist",
    "白桦",
    "Aurelia",
    "Pontevio",
    "森屿",
    "Harbour & Sons",
    "Miravel",
)


@dataclass(slots=True, kw_only=True)
class Paper:
    """One paper on its way: its table, who sends and signs it, what it says, and what is done to it on the wire.

    `seal` names a fault of the signature; `transfer` another transmitting enterprise than the signer; `edit` changes
    the written element; papers of another `batch` never share a message; versions are sent in order of `rank`.
    """

    table: str
    sender: str
    head: Row
    lines: list[Row] = field(default_factory=list)
    seal: str = ""
    transfer: str | None = None
    edit: Edit | None = None
    batch: int = 0
    rank: int | None = None


@dataclass(slots=True, kw_only=True)
class Trade:
    """A trade with its papers; `tax` is what its list must pay if it is released."""

    index: int
    mode: str
    person: Person
    order: Paper
    payment: Paper
    waybill: Paper
    declaration_list: Paper
    goods: list[Article]
    tax: Decimal
    parties: dict[str, Enterprise]
    extra: list[Paper] = field(default_factory=list)
    missing: tuple[str, ...] = ()

    def papers(self) -> list[Paper]:
        """Everything that is sent."""
        trio = {"order": self.order, "payment": self.payment, "waybill": self.waybill}
        kept = [paper for name, paper in trio.items() if name not in self.missing]
        return [*kept, self.declaration_list, *self.extra]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a trade must be like; None leaves it to chance. `first` chooses the article of the first line."""

    mode: str | None = None
    lines: tuple[int, int] = (1, 10)
    quantity: int | None = None
    first: Callable[[Article], bool] | None = None
    ordinary: bool = False
    parties: dict[str, str] = field(default_factory=dict)
    """Roles filled by one of the world's special enterprises, by the name of its attribute."""


ANY = Shape()


class Trader:
    """Makes trades of one plan; each depends on the seed and its own index only through one stream of chance."""

    def __init__(self, plan: Plan, world: World, levy: Levy) -> None:
        self._plan = plan
        self._world = world
        self._levy = levy
        self._articles = articles(plan.first_day)
        self._dear = [a for a in self._articles if a.price_high > 2 * _SINGLE_LIMIT]
        self._common = [a for a in self._articles if not a.is_allowance]

    def make(self, index: int, rng: Random, shape: Shape = ANY) -> Trade:
        """One trade of the shape."""
        day = self._plan.first_day + timedelta(days=rng.randrange(self._plan.days))
        mode = shape.mode or rng.choice((DIRECT, BONDED))
        parties = self._parties(rng, shape)
        dear = not shape.ordinary and rng.random() < 0.01 and bool(self._dear)
        goods, lines = self._dear_line(rng) if dear else self._lines(rng, shape)
        freight, insurance = self._freight(rng, lines)
        if dear and rng.random() < 0.3:  # as dear as may be and still within the limit
            price = _SINGLE_LIMIT - freight - insurance
            lines[0].update(price=price, total=price)
        value = sum(line["total"] for line in lines) + freight + insurance
        person = self._buyer(rng, value, goods, lines)
        trade = self._papers(index, rng, mode, day, parties, person, lines, freight, insurance)
        trade.goods = goods
        trade.tax = self._levy.tax(
            trade.declaration_list.head, trade.declaration_list.lines, [article.rate for article in goods]
        )
        _settle(trade, rng, discount=0 if shape.ordinary else None)
        if not shape.ordinary and person.is_verified and rng.random() < 0.5:
            _pay_by_another(trade, rng)
        return trade

    def _parties(self, rng: Random, shape: Shape) -> dict[str, Enterprise]:
        world = self._world
        parties = {
            "marketplace": rng.choice(world.marketplaces),
            "merchant": rng.choice(world.merchants),
            "provider": rng.choice(world.providers),
            "carrier": rng.choice(world.carriers),
            "declarant": rng.choice(world.declarants),
            "warehouse": rng.choice(world.warehouses),
        }
        for role, name in shape.parties.items():
            parties[role] = getattr(world, name)
        trusted = [role for role in ("marketplace", "merchant", "carrier") if parties[role] in world.rich]
        parties.setdefault("guarantor", parties[rng.choice(trusted)])
        return parties

    # --- goods --------------------------------------------------------------------------------------------------------

    def _lines(self, rng: Random, shape: Shape) -> tuple[list[Article], list[Row]]:
        low, high = shape.lines
        wanted = rng.randint(low, high) if shape.ordinary else min(high, max(low, _few(rng)))
        pool = self._common if shape.ordinary else self._articles
        goods: list[Article] = []
        lines: list[Row] = []
        left = _ROOM
        while len(lines) < wanted:
            first = shape.first if not lines else None
            article = rng.choice([a for a in self._articles if first(a)] if first else pool)
            line = _line(rng, article, len(lines) + 1, left // (wanted - len(lines)), shape.quantity)
            goods.append(article)
            lines.append(line)
            left -= line["total"]
        if not shape.ordinary and len(lines) > 1 and rng.random() < 0.08:
            _make_gift(lines[-1])
        return goods, lines

    def _dear_line(self, rng: Random) -> tuple[list[Article], list[Row]]:
        """One indivisible article above the single limit."""
        article = rng.choice(self._dear)
        price = rng.randrange(5_001, 19_000) * SCALE
        line = _line(rng, article, 1, price, SCALE)
        line.update(price=price, total=price)
        return [article], [line]

    def _freight(self, rng: Random, lines: list[Row]) -> tuple[int, int]:
        freight = rng.choice((0, 0, 6, 10, 15, 22, 35)) * SCALE + rng.choice((0, 0, 50_000, 80_000))
        insurance = rng.choice((0, 0, 0, 1, 2, 5)) * SCALE
        goods = sum(line["total"] for line in lines)
        if goods < _SINGLE_LIMIT < goods + freight + insurance:
            freight, insurance = 0, 0
        return freight, insurance

    def _buyer(self, rng: Random, value: int, goods: list[Article], lines: list[Row]) -> Person:
        person = self._world.person(rng, value, _PERSON_LIMIT)
        weights: dict[str, int] = {}
        for article, line in zip(goods, lines, strict=True):
            if article.is_allowance:
                weights[article.hs_code[:4]] = weights.get(article.hs_code[:4], 0) + line["quantity_1"]
        if any(person.kilograms.get(p, 0) + kg > _KILOGRAMS[p] for p, kg in weights.items()):
            person = self._world.person(rng, _PERSON_LIMIT + SCALE, _PERSON_LIMIT)  # somebody new
        for prefix, kg in weights.items():
            person.kilograms[prefix] = person.kilograms.get(prefix, 0) + kg
        person.used += value
        return person

    # --- papers -------------------------------------------------------------------------------------------------------

    def _papers(
        self,
        index: int,
        rng: Random,
        mode: str,
        day: date,
        parties: dict[str, Enterprise],
        person: Person,
        lines: list[Row],
        freight: int,
        insurance: int,
    ) -> Trade:
        told = datetime(day.year, day.month, day.day, 9, tzinfo=CHINA) + timedelta(
            seconds=rng.randrange(43_000)
        )
        bought = told - timedelta(minutes=rng.randrange(60, 3_000))
        number = f"{day:%y%m%d}{parties['marketplace'].code[4:7]}{index:09d}"
        weight = sum(line.pop("grams") for line in lines) * 100
        common: Row = {"order_no": number, "currency": YUAN}
        for role in ("marketplace", "merchant"):
            common |= {f"{role}_code": parties[role].code, f"{role}_name": parties[role].name}
        order = self._order(rng, common, parties, person, lines, bought)
        order.head["payment_no"] = f"{bought:%Y%m%d}{rng.randrange(10**12):012d}{index:08d}"
        payment = self._payment(rng, order, bought)
        waybill = self._waybill(rng, order, parties, mode, weight, (freight, insurance), index, bought)
        listed = self._list(rng, order, waybill, parties, mode, day, lines, told)
        return Trade(
            index=index,
            mode=mode,
            person=person,
            order=order,
            payment=payment,
            waybill=waybill,
            declaration_list=listed,
            goods=[],
            tax=Decimal(0),
            parties=parties,
        )

    def _order(
        self,
        rng: Random,
        common: Row,
        parties: dict[str, Enterprise],
        person: Person,
        lines: list[Row],
        at: datetime,
    ) -> Paper:
        receiver = _receiver(rng, person)
        head = _head(rng, "orders", at) | common
        head |= {
            "order_type": "I",
            "buyer_reg_no": f"u{rng.randrange(10**9):09d}",
            "buyer_name": person.name,
            "buyer_telephone": person.telephone,
            "buyer_id_type": "1",
            "buyer_id": person.person_id,
            "provider_code": parties["provider"].code,
            "provider_name": parties["provider"].name,
            "consignee": receiver[0],
            "consignee_telephone": receiver[1],
            "consignee_address": person.address,
            "consignee_district": person.district,
        }
        sender = parties["marketplace"] if rng.random() < 0.8 else parties["merchant"]
        return Paper(
            table="orders", sender=sender.code, head=head, lines=[_order_line(line) for line in lines]
        )

    def _payment(self, rng: Random, order: Paper, at: datetime) -> Paper:
        said = order.head
        paid = at + timedelta(seconds=rng.randrange(20, 900))
        head = _head(rng, "payments", paid + timedelta(seconds=30)) | {
            name: said[name]
            for name in ("order_no", "marketplace_code", "marketplace_name", "provider_code", "provider_name")
        }
        head |= {
            "payment_no": said["payment_no"],
            "payer_id_type": "1",
            "payer_id": said["buyer_id"],
            "payer_name": said["buyer_name"],
            "telephone": said["buyer_telephone"] if rng.random() < 0.7 else None,
            "currency": YUAN,
            "paid_at": paid.astimezone(UTC),
        }
        return Paper(table="payments", sender=head["provider_code"], head=head)

    def _waybill(
        self,
        rng: Random,
        order: Paper,
        parties: dict[str, Enterprise],
        mode: str,
        weight: int,
        charges: tuple[int, int],
        index: int,
        at: datetime,
    ) -> Paper:
        carrier, said = parties["carrier"], order.head
        serial = f"{(index + int(carrier.code[7:]) * 1_000_003) % 10**8:08d}"
        postal = f"LR{serial}{s10.check_digit(serial)}CN"
        head = _head(rng, "waybills", at + timedelta(minutes=rng.randrange(10, 50))) | {
            "carrier_code": carrier.code,
            "carrier_name": carrier.name,
            "waybill_no": postal if index % 3 == 0 else f"TP{carrier.code[4:]}{index:010d}",
            "bill_no": f"{rng.randrange(100, 999)}-{rng.randrange(10**8):08d}" if mode == DIRECT else None,
            "order_no": said["order_no"],
            "freight": charges[0],
            "insurance": charges[1],
            "currency": YUAN,
            "weight": weight * 11 // 10 // FEN * FEN + 10 * FEN,
            "package_count": 1,
            "goods_info": "、".join(line["item_name"] for line in order.lines)[:200],
            "consignee": said["consignee"],
            "consignee_address": said["consignee_address"],
            "consignee_telephone": said["consignee_telephone"],
        }
        return Paper(table="waybills", sender=carrier.code, head=head)

    def _list(
        self,
        rng: Random,
        order: Paper,
        waybill: Paper,
        parties: dict[str, Enterprise],
        mode: str,
        day: date,
        lines: list[Row],
        at: datetime,
    ) -> Paper:
        said, carried = order.head, waybill.head
        copied = (
            "order_no",
            "marketplace_code",
            "marketplace_name",
            "merchant_code",
            "merchant_name",
            "currency",
        )
        head = _head(rng, "lists", at) | {name: said[name] for name in copied}
        head |= {name: said[name] for name in ("buyer_id_type", "buyer_id", "buyer_name", "buyer_telephone")}
        head |= {
            name: carried[name]
            for name in ("waybill_no", "carrier_code", "carrier_name", "freight", "insurance")
        }
        head |= {
            "cop_no": f"{day:%y%m%d}{rng.randrange(10**12):012d}",
            "guarantor_code": parties["guarantor"].code,
            "direction": "I",
            "declared_on": day,
            "consignee_address": said["consignee_address"],
            "declarant_code": parties["declarant"].code,
            "declarant_name": parties["declarant"].name,
            "supervision_mode": mode,
            "wrap_type": rng.choice(("2", "2", "7", None)),
            "package_count": 1,
            "gross_weight": carried["weight"],
            "net_weight": max(FEN, carried["weight"] * 9 // 10 // FEN * FEN),
        }
        world = self._world
        head |= (
            _direct(rng, world, carried, day) if mode == DIRECT else _bonded(rng, world, parties["warehouse"])
        )
        if mode == BONDED:
            lines = [line | {"item_record_no": f"{rng.randrange(1, 9_999)}"} for line in lines]
        return Paper(table="lists", sender=parties["declarant"].code, head=head, lines=lines)


def _direct(rng: Random, world: World, carried: Row, day: date) -> Row:
    office = rng.choice(world.direct_offices)
    return {
        "customs_code": office,
        "port_code": office,
        "moved_on": day if rng.random() < 0.5 else None,
        "transport_mode": rng.choice("25556"),
        "transport_no": f"{rng.choice(('CA', 'MU', 'CZ', 'NH'))}{rng.randrange(100, 9999)}",
        "voyage_no": f"{rng.randrange(1000, 9999)}{rng.choice('NSEW')}",
        "bill_no": carried["bill_no"],
        "country": rng.choice(("110", *_ORIGINS)),
    }


def _bonded(rng: Random, world: World, warehouse: Enterprise) -> Row:
    office = rng.choice(world.bonded_offices)
    return {
        "customs_code": office,
        "port_code": office,
        "transport_mode": rng.choice("47Y"),
        "book_no": f"T{office}W{warehouse.code[7:]:0>6}",
        "warehouse_code": warehouse.code,
        "warehouse_name": warehouse.name,
        "country": CHINA_CODE,
    }


def blank(table: str) -> Row:
    """A row of a table that says nothing yet."""
    return dict.fromkeys(TABLES[table].columns)


def guid(rng: Random) -> str:
    """Thirty-six characters, capitals, as the specification wants them."""
    text = f"{rng.getrandbits(128):032X}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _head(rng: Random, table: str, at: datetime) -> Row:
    head = {"guid": guid(rng), "app_type": "1", "app_time": at.astimezone(UTC), "app_status": "2"}
    return blank(table) | head


def _few(rng: Random) -> int:
    """One to ten lines, mostly few."""
    return rng.choices(range(1, 11), weights=(34, 22, 14, 9, 6, 5, 4, 3, 2, 1))[0]


def _receiver(rng: Random, person: Person) -> tuple[str, str]:
    """Who receives: mostly the buyer."""
    if rng.random() < 0.85:
        return person.name, person.telephone
    return f"{person.name[0]}{rng.choice(('先生', '女士'))}", telephone(rng)


def _line(rng: Random, article: Article, number: int, room: int, quantity: int | None) -> Row:
    """A list line (with `grams` beside it) that costs at most `room`."""
    room = room * SCALE // quantity if quantity else room
    low, high = article.price_low, max(article.price_low, min(article.price_high, room))
    cents = round(low // FEN + (high - low) // FEN * rng.random() ** 2)
    price = max(
        FEN, min(cents * FEN if rng.random() < 0.5 else cents * FEN // SCALE * SCALE, room // FEN * FEN)
    )
    if quantity is None:
        most = max(1, min(6, room // price))
        quantity = min(most, rng.choice((1, 1, 1, 2, 2, 3, 6))) * SCALE
        if article.is_allowance:
            quantity = SCALE
    total = price * quantity // SCALE
    if quantity > SCALE and rng.random() < 0.1:
        # Sold together at a round sum: the unit price is what five decimals make of it.
        total -= total % SCALE if total > SCALE else 0
        price = total * SCALE // quantity
    brand = rng.choice(_BRANDS)
    name = f"{brand} {rng.choice(article.names)}"
    pack = f"{article.millilitres}毫升" if article.millilitres else f"{article.grams}克"
    unit_2 = article.unit_2
    return blank("list_lines") | {
        "line_no": number,
        "item_no": f"SKU{rng.randrange(10**7):07d}",
        "item_name": name,
        "hs_code": article.hs_code,
        "goods_name": name,
        "model": f"{name}|{brand}牌|{pack}|零售包装",
        "barcode": f"{rng.randrange(10**12, 10**13)}" if rng.random() < 0.8 else "无",
        "origin_country": rng.choice(_ORIGINS),
        "currency": YUAN,
        "quantity": quantity,
        "unit": article.unit,
        "quantity_1": article.in_unit(article.unit_1, quantity),
        "unit_1": article.unit_1,
        "quantity_2": article.in_unit(unit_2, quantity) if unit_2 else None,
        "unit_2": unit_2,
        "price": price,
        "total": total,
        "grams": article.grams * quantity // SCALE,
    }


def _make_gift(line: Row) -> None:
    """What is given along costs nothing; the line says so (CEB311: 赠品单价填写为“0”)."""
    line.update(price=0, total=0, note="赠品")


def _order_line(line: Row) -> Row:
    same = (
        "line_no",
        "item_no",
        "model",
        "barcode",
        "unit",
        "quantity",
        "price",
        "total",
        "currency",
        "origin_country",
    )
    return (
        blank("order_lines")
        | {name: line[name] for name in same}
        | {
            "item_name": line["goods_name"],
            "note": line["note"],
        }
    )


def _settle(trade: Trade, rng: Random, discount: int | None) -> None:
    """Put the sums into the order, and what was paid into the payment."""
    if discount is None:
        discount = rng.choice((0, 0, 0, 5, 10, 30)) * SCALE
    settle(trade, discount)


def settle(trade: Trade, discount: int = 0) -> None:
    """The sums of the order from its lines, the charges of the list and its tax; the payment is what is due."""
    head, freight = (
        trade.order.head,
        trade.declaration_list.head["freight"] + trade.declaration_list.head["insurance"],
    )
    goods = sum(line["total"] for line in trade.order.lines)
    tax = to_e5(trade.tax)
    discount = min(discount, goods)
    head.update(goods_value=goods, freight=freight, tax_total=tax, discount=discount)
    head["actual_paid"] = goods + freight + tax - discount
    trade.payment.head["amount"] = head["actual_paid"]


def _pay_by_another(trade: Trade, rng: Random) -> None:
    """A buyer whom an authority has verified may let somebody else pay."""
    other = make_person(rng)
    trade.payment.head.update(payer_id=other.person_id, payer_name=other.name)
