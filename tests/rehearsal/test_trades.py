"""Lawful trades: whatever the chance, four papers that agree, sums that hold, limits that are kept."""

from __future__ import annotations

from datetime import date
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tripoint.kernel.identifiers import resident_id, s10
from tripoint.kernel.money import SCALE
from tripoint.regimes.load import load_regimes
from tripoint.rehearsal import Plan
from tripoint.rehearsal.goods import articles, unlisted
from tripoint.rehearsal.levy import Levy
from tripoint.rehearsal.people import make_person
from tripoint.rehearsal.trader import Trader
from tripoint.rehearsal.trades import Trade
from tripoint.rehearsal.world import World

PLAN = Plan(trades=1, first_day=date(2026, 11, 15), days=5)
LIMIT = 5_000 * SCALE
TOLERANCE = 1_000 * SCALE


def some(seed: int, count: int) -> tuple[World, list[Trade]]:
    world, rng = World(seed), Random(seed)
    trader = Trader(PLAN, world, Levy(load_regimes()))
    return world, [trader.make(index, rng) for index in range(count)]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**9))
def test_order_payment_waybill_and_list_tell_one_story(seed: int) -> None:
    _, trades = some(seed, 5)
    for trade in trades:
        order, payment, waybill, listed = (
            paper.head for paper in (trade.order, trade.payment, trade.waybill, trade.declaration_list)
        )
        assert order["order_no"] == payment["order_no"] == waybill["order_no"] == listed["order_no"]
        assert order["marketplace_code"] == payment["marketplace_code"] == listed["marketplace_code"]
        assert (order["provider_code"], order["payment_no"]) == (
            payment["provider_code"],
            payment["payment_no"],
        )
        assert (listed["carrier_code"], listed["waybill_no"]) == (
            waybill["carrier_code"],
            waybill["waybill_no"],
        )
        assert order["actual_paid"] == payment["amount"]
        assert (
            order["actual_paid"]
            == sum(order[name] for name in ("goods_value", "freight", "tax_total")) - order["discount"]
        )
        assert order["goods_value"] == sum(line["total"] for line in trade.order.lines)
        assert listed["guarantor_code"] in (
            listed["marketplace_code"],
            listed["merchant_code"],
            listed["carrier_code"],
        )
        assert 0 < listed["net_weight"] <= listed["gross_weight"] == waybill["weight"]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**9))
def test_lines_multiply_and_have_the_units_of_the_tariff(seed: int) -> None:
    known = {article.hs_code: article for article in articles(PLAN.first_day)}
    _, trades = some(seed, 5)
    for trade in trades:
        assert 1 <= len(trade.declaration_list.lines) <= 10
        for line, ordered in zip(trade.declaration_list.lines, trade.order.lines, strict=True):
            article = known[line["hs_code"]]
            assert (line["unit_1"], line["unit_2"]) == (article.unit_1, article.unit_2)
            assert (line["unit_2"] is None) == (line["quantity_2"] is None)
            assert line["quantity_1"] > 0
            assert abs(line["price"] * line["quantity"] - line["total"] * SCALE) <= TOLERANCE
            assert line["unit"] != line["unit_1"] or line["quantity"] == line["quantity_1"]
            for name in ("quantity", "price", "total", "unit", "origin_country", "line_no"):
                assert line[name] == ordered[name]
            assert line["goods_name"] == ordered["item_name"]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**9))
def test_nobody_passes_a_limit(seed: int) -> None:
    _, trades = some(seed, 60)
    used: dict[str, int] = {}
    kilograms: dict[tuple[str, str], int] = {}
    for trade in trades:
        head, lines = trade.declaration_list.head, trade.declaration_list.lines
        value = sum(line["total"] for line in lines) + head["freight"] + head["insurance"]
        if value > LIMIT:
            assert [line["quantity"] for line in lines] == [SCALE]
        used[head["buyer_id"]] = used.get(head["buyer_id"], 0) + value
        for line in lines:
            if line["hs_code"][:4] in ("1701", "1006"):
                place = (head["buyer_id"], line["hs_code"][:4])
                kilograms[place] = kilograms.get(place, 0) + line["quantity_1"]
    assert max(used.values()) < 26_000 * SCALE
    assert all(kg <= {"1701": 2, "1006": 20}[heading] * SCALE for (_, heading), kg in kilograms.items())


def test_a_large_world_has_dear_articles_gifts_discounts_and_payers_who_are_not_the_buyer() -> None:
    world, trades = some(3, 2_500)
    values = [
        sum(line["total"] for line in t.declaration_list.lines)
        + t.declaration_list.head["freight"]
        + t.declaration_list.head["insurance"]
        for t in trades
    ]
    assert any(value > LIMIT for value in values)
    assert any(value == LIMIT for value in values)
    assert any(line["price"] == 0 for trade in trades for line in trade.order.lines)
    assert any(trade.order.head["discount"] for trade in trades)
    strangers = [t for t in trades if t.payment.head["payer_id"] != t.order.head["buyer_id"]]
    verified = {person.person_id for person in world.people if person.is_verified}
    assert strangers
    assert {trade.order.head["buyer_id"] for trade in strangers} <= verified
    assert len({line["hs_code"] for trade in trades for line in trade.declaration_list.lines}) > 80
    assert {len(trade.declaration_list.lines) for trade in trades} == set(range(1, 11))


@given(st.integers())
def test_persons_are_nobody_with_a_true_number(seed: int) -> None:
    person = make_person(Random(seed))
    assert person.person_id.startswith("91")
    assert resident_id.is_valid(person.person_id)
    assert person.telephone.startswith("1300000")
    assert len(person.telephone) == 11


def test_enterprises_have_codes_that_no_customs_office_gives() -> None:
    world = World(5)
    assert all(one.code.startswith("0000") and len(one.code) == 10 for one in world.enterprises)
    assert len({one.code for one in world.enterprises}) == len(world.enterprises)


def test_postal_waybill_numbers_have_their_check_digit() -> None:
    _, trades = some(4, 30)
    postal = [t.waybill.head["waybill_no"] for t in trades if t.waybill.head["waybill_no"].startswith("LR")]
    assert postal
    assert all(s10.is_valid(number) for number in postal)


def test_articles_are_those_of_the_shipped_law() -> None:
    allowed, barred = articles(PLAN.first_day), unlisted(PLAN.first_day)
    assert len(allowed) > 50
    assert barred
    assert not {article.hs_code for article in allowed} & {article.hs_code for article in barred}
