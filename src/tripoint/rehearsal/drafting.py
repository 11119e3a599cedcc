"""The four papers of a lawful trade, each written from the same deal so that they agree in everything (CEB311 to CEB621)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from tripoint.kernel.identifiers import s10
from tripoint.kernel.money import FEN
from tripoint.rehearsal.baskets import ORIGINS, YUAN, Basket
from tripoint.rehearsal.people import Person, telephone
from tripoint.rehearsal.trades import BONDED, DIRECT, Paper, Row, blank, guid
from tripoint.rehearsal.world import Enterprise, World

_CHINA_CODE = "142"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What is agreed before anybody writes a paper: who buys what from whom, in which mode, when."""

    index: int
    rng: Random
    mode: str
    day: date
    parties: dict[str, Enterprise]
    person: Person
    basket: Basket
    bought: datetime
    told: datetime

    @property
    def order_no(self) -> str:
        """The marketplace's number of the order."""
        return f"{self.day:%y%m%d}{self.parties['marketplace'].code[4:7]}{self.index:09d}"


def order_of(deal: Deal) -> Paper:
    """The order, without its sums."""
    rng, parties, person = deal.rng, deal.parties, deal.person
    receiver = _receiver(rng, person)
    head = _head(rng, "orders", deal.bought) | {"order_no": deal.order_no, "currency": YUAN}
    for role in ("marketplace", "merchant"):
        head |= {f"{role}_code": parties[role].code, f"{role}_name": parties[role].name}
    head |= {
        "order_type": "I",
        "buyer_reg_no": f"u{rng.randrange(10**9):09d}",
        "buyer_name": person.name,
        "buyer_telephone": person.telephone,
        "buyer_id_type": "1",
        "buyer_id": person.person_id,
        "provider_code": parties["provider"].code,
        "provider_name": parties["provider"].name,
        "payment_no": f"{deal.bought:%Y%m%d}{rng.randrange(10**12):012d}{deal.index:08d}",
        "consignee": receiver[0],
        "consignee_telephone": receiver[1],
        "consignee_address": person.address,
        "consignee_district": person.district,
    }
    sender = parties["marketplace"] if rng.random() < 0.8 else parties["merchant"]
    return Paper(
        table="orders", sender=sender.code, head=head, lines=[_order_line(line) for line in deal.basket.lines]
    )


def payment_of(deal: Deal, order: Paper) -> Paper:
    """The payment, without its amount."""
    rng, said = deal.rng, order.head
    paid = deal.bought + timedelta(seconds=rng.randrange(20, 900))
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


def waybill_of(deal: Deal, order: Paper) -> Paper:
    """The waybill of the parcel."""
    rng, carrier, said = deal.rng, deal.parties["carrier"], order.head
    index, weight = deal.index, deal.basket.weight()
    serial = f"{(index + int(carrier.code[7:]) * 1_000_003) % 10**8:08d}"
    postal = f"LR{serial}{s10.check_digit(serial)}CN"
    head = _head(rng, "waybills", deal.bought + timedelta(minutes=rng.randrange(10, 50))) | {
        "carrier_code": carrier.code,
        "carrier_name": carrier.name,
        "waybill_no": postal if index % 3 == 0 else f"TP{carrier.code[4:]}{index:010d}",
        "bill_no": f"{rng.randrange(100, 999)}-{rng.randrange(10**8):08d}" if deal.mode == DIRECT else None,
        "order_no": said["order_no"],
        "freight": deal.basket.freight,
        "insurance": deal.basket.insurance,
        "currency": YUAN,
        "weight": weight * 11 // 10 // FEN * FEN + 10 * FEN,
        "package_count": 1,
        "goods_info": "、".join(line["item_name"] for line in order.lines)[:200],
        "consignee": said["consignee"],
        "consignee_address": said["consignee_address"],
        "consignee_telephone": said["consignee_telephone"],
    }
    return Paper(table="waybills", sender=carrier.code, head=head)


def list_of(deal: Deal, order: Paper, waybill: Paper, world: World) -> Paper:
    """The declaration list."""
    rng, parties, day, mode = deal.rng, deal.parties, deal.day, deal.mode
    said, carried = order.head, waybill.head
    copied = (
        "order_no",
        "marketplace_code",
        "marketplace_name",
        "merchant_code",
        "merchant_name",
        "currency",
    )
    head = _head(rng, "lists", deal.told) | {name: said[name] for name in copied}
    head |= {name: said[name] for name in ("buyer_id_type", "buyer_id", "buyer_name", "buyer_telephone")}
    head |= {
        name: carried[name] for name in ("waybill_no", "carrier_code", "carrier_name", "freight", "insurance")
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
    head |= _direct(rng, world, carried, day) if mode == DIRECT else _bonded(rng, world, parties["warehouse"])
    lines = deal.basket.listed()
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
        "country": rng.choice(("110", *ORIGINS)),
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
        "country": _CHINA_CODE,
    }


def _head(rng: Random, table: str, at: datetime) -> Row:
    head = {"guid": guid(rng), "app_type": "1", "app_time": at.astimezone(UTC), "app_status": "2"}
    return blank(table) | head


def _receiver(rng: Random, person: Person) -> tuple[str, str]:
    """Who receives: mostly the buyer."""
    if rng.random() < 0.85:
        return person.name, person.telephone
    return f"{person.name[0]}{rng.choice(('先生', '女士'))}", telephone(rng)


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
