"""What an anomaly is: one thing done to a lawful trade, and what a clearance platform must say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from tripoint.rehearsal.people import Person, make_person
from tripoint.rehearsal.trades import Edit, Paper, Shape, Trade, guid
from tripoint.rehearsal.world import World

SMALL = Shape(ordinary=True, lines=(2, 4))
"""A small order within the limits, without discount, gift, sugar or rice: nothing but the anomaly strikes."""


@dataclass(slots=True)
class Stage:
    """What an anomaly may reach for: chance, the world, and the persons it brought in."""

    rng: Random
    world: World
    persons: list[Person] = field(default_factory=list)

    def person(self, *, is_verified: bool = False) -> Person:
        """Somebody who buys nothing else."""
        made = make_person(self.rng)
        made.is_verified = is_verified
        self.persons.append(made)
        return made


Change = Callable[[Trade, Stage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """`told`: codes told about the list; `told_of_papers`: about papers that are not taken; `waits_for`: what lacks."""

    name: str
    change: Change
    told: tuple[str, ...] = ()
    told_of_papers: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    is_taken: bool = True
    shape: Shape = SMALL
    needs_signatures: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code, once each, in order."""
        return tuple(sorted({*self.told, *self.told_of_papers}))


PAPER_NAMES = ("order", "payment", "waybill")


def paper_of(trade: Trade, name: str) -> Paper:
    """The paper of a trade by its name: order, payment, waybill or list."""
    papers = {
        "order": trade.order,
        "payment": trade.payment,
        "waybill": trade.waybill,
        "list": trade.declaration_list,
    }
    return papers[name]


def set_head(name: str, **values: object) -> Change:
    """Put values into the head of a paper."""

    def change(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
        paper_of(trade, name).head.update(values)

    return change


def set_lines(list_values: dict[str, object], order_values: dict[str, object] | None = None) -> Change:
    """Put values into the first line of the list, and of the order."""

    def change(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
        trade.declaration_list.lines[0].update(list_values)
        trade.order.lines[0].update(order_values or {})

    return change


def edit_paper(name: str, edit: Edit) -> Change:
    """Change a paper as it is written."""

    def change(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
        paper_of(trade, name).edit = edit

    return change


def buy_as(trade: Trade, person: Person) -> None:
    """Let somebody else be the buyer, in every paper."""
    trade.order.head.update(
        buyer_id=person.person_id, buyer_name=person.name, buyer_telephone=person.telephone, buyer_id_type="1"
    )
    trade.declaration_list.head.update(
        buyer_id=person.person_id, buyer_name=person.name, buyer_telephone=person.telephone, buyer_id_type="1"
    )
    trade.payment.head.update(payer_id=person.person_id, payer_name=person.name, payer_id_type="1")


def copy_of(paper: Paper, stage: Stage, *, later_minutes: int, app_type: str) -> Paper:
    """Another version of a paper, told later (or earlier) under a guid of its own."""
    head = paper.head | {
        "guid": guid(stage.rng),
        "app_type": app_type,
        "app_time": paper.head["app_time"] + timedelta(minutes=later_minutes),
    }
    return Paper(
        table=paper.table, sender=paper.sender, head=head, lines=[dict(line) for line in paper.lines]
    )


def registry(parts: Sequence[Sequence[Anomaly]]) -> tuple[Anomaly, ...]:
    """All anomalies in one row; names are unique."""
    found = tuple(anomaly for part in parts for anomaly in part)
    assert len({anomaly.name for anomaly in found}) == len(found), "two anomalies of one name"
    return found
