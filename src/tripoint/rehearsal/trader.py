"""Lawful trades: order, payment, waybill and list that agree in everything (GACC 2018-194; CEB621 2022-05)."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from tripoint.kernel.clock import CHINA
from tripoint.kernel.money import SCALE
from tripoint.rehearsal.baskets import Basket, fill
from tripoint.rehearsal.drafting import Deal, list_of, order_of, payment_of, waybill_of
from tripoint.rehearsal.levy import Levy
from tripoint.rehearsal.people import Person, make_person
from tripoint.rehearsal.plan import Plan
from tripoint.rehearsal.trades import ANY, BONDED, DIRECT, Shape, Trade, settle
from tripoint.rehearsal.world import Enterprise, World

_YEAR_LIMIT = 22_000 * SCALE
"""What this world lets one person buy: well below the 26,000 of a year."""
_KILOGRAMS = {"1701": 2 * SCALE, "1006": 20 * SCALE}
"""Sugar and rice a person may bring in within a year; this world stays at or below it."""


class Trader:
    """Makes the trades of one plan, all from the stream of chance they are given."""

    def __init__(self, plan: Plan, world: World, levy: Levy) -> None:
        self._plan = plan
        self._world = world
        self._levy = levy

    def make(self, index: int, rng: Random, shape: Shape = ANY) -> Trade:
        """One trade of the shape."""
        deal = self._deal(index, rng, shape)
        order = order_of(deal)
        waybill = waybill_of(deal, order)
        listed = list_of(deal, order, waybill, self._world)
        rates = [article.rate for article in deal.basket.goods]
        trade = Trade(
            order=order,
            payment=payment_of(deal, order),
            waybill=waybill,
            declaration_list=listed,
            tax=self._levy.tax(listed.head, listed.lines, rates),
        )
        settle(trade, 0 if shape.ordinary else rng.choice((0, 0, 0, 5, 10, 30)) * SCALE)
        if not shape.ordinary and deal.person.is_verified and rng.random() < 0.5:
            _pay_by_another(trade, rng)
        return trade

    def _deal(self, index: int, rng: Random, shape: Shape) -> Deal:
        day = self._plan.first_day + timedelta(days=rng.randrange(self._plan.days))
        morning = datetime(day.year, day.month, day.day, 9, tzinfo=CHINA)
        told = morning + timedelta(seconds=rng.randrange(43_000))
        basket = fill(rng, day, shape)
        return Deal(
            index=index,
            rng=rng,
            mode=shape.mode or rng.choice((DIRECT, BONDED)),
            day=day,
            parties=self._parties(rng, shape),
            person=self._buyer(rng, basket),
            basket=basket,
            bought=told - timedelta(minutes=rng.randrange(60, 3_000)),
            told=told,
        )

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

    def _buyer(self, rng: Random, basket: Basket) -> Person:
        """Somebody whose year has room for it all."""
        person = self._world.person(rng, basket.value, _YEAR_LIMIT)
        weights = basket.kilograms()
        if any(
            person.kilograms.get(heading, 0) + kg > _KILOGRAMS[heading] for heading, kg in weights.items()
        ):
            person = self._world.newcomer(rng)
        for heading, kg in weights.items():
            person.kilograms[heading] = person.kilograms.get(heading, 0) + kg
        person.used += basket.value
        return person


def _pay_by_another(trade: Trade, rng: Random) -> None:
    """A buyer whom an authority has verified may let somebody else pay."""
    other = make_person(rng)
    trade.payment.head.update(payer_id=other.person_id, payer_name=other.name)
