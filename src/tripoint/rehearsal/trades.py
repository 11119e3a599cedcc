"""What a trade is made of: papers on their way, and how their sums hang together (CEB311: 实际支付金额)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from lxml import etree

from tripoint.documents.columns import TABLES
from tripoint.kernel.money import to_e5
from tripoint.rehearsal.goods import Article

Row = dict[str, Any]
Edit = Callable[[etree._Element], None]
"""What is done to the element of a written paper before it is signed."""

DIRECT, BONDED = "9610", "1210"


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

    order: Paper
    payment: Paper
    waybill: Paper
    declaration_list: Paper
    tax: Decimal
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


def blank(table: str) -> Row:
    """A row of a table that says nothing yet."""
    return dict.fromkeys(TABLES[table].columns)


def guid(rng: Random) -> str:
    """Thirty-six characters, capitals, as the specification wants them."""
    text = f"{rng.getrandbits(128):032X}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


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
