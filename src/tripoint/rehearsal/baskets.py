"""What somebody buys: 1 to 10 lines at prices of a spread, gifts, dear single articles, freight and insurance.

Ordinary orders stay within the single limit; one dear indivisible article may pass it (财关税〔2018〕49号).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from tripoint.kernel.money import FEN, SCALE
from tripoint.rehearsal.goods import Article, articles
from tripoint.rehearsal.trades import Row, Shape, blank

YUAN = "142"
ORIGINS = ("116", "133", "136", "303", "304", "305", "307", "309", "312", "331", "501", "502", "601", "609")
"""Countries the goods come from."""
_SINGLE_LIMIT = 5_000 * SCALE
_ROOM = 4_700 * SCALE
"""What the goods of an ordinary order may come to, so that freight still fits under the single limit."""
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


@dataclass(slots=True)
class Basket:
    """Articles with the list line of each (weight `grams` beside it), and what their carriage costs."""

    goods: list[Article]
    lines: list[Row]
    freight: int = 0
    insurance: int = 0

    @property
    def value(self) -> int:
        """What counts against the limits: goods, freight and insurance."""
        goods: int = sum(line["total"] for line in self.lines)
        return goods + self.freight + self.insurance

    def weight(self) -> int:
        """What the goods weigh, in e5 of a kilogram."""
        grams: int = sum(line["grams"] for line in self.lines)
        return grams * (SCALE // 1000)

    def listed(self) -> list[Row]:
        """The lines as the list has them."""
        return [{name: value for name, value in line.items() if name != "grams"} for line in self.lines]

    def kilograms(self) -> dict[str, int]:
        """Sugar and rice in it, by heading, in e5 of a kilogram."""
        weights: dict[str, int] = {}
        for article, line in zip(self.goods, self.lines, strict=True):
            if article.is_allowance:
                heading = article.hs_code[:4]
                weights[heading] = weights.get(heading, 0) + line["quantity_1"]
        return weights


def fill(rng: Random, day: date, shape: Shape) -> Basket:
    """A basket of goods that may be sold on the day."""
    dear = [article for article in articles(day) if article.price_high > 2 * _SINGLE_LIMIT]
    if dear and not shape.ordinary and rng.random() < 0.01:
        return _one_dear_article(rng, rng.choice(dear))
    basket = _some_articles(rng, day, shape)
    freight, insurance = _charges(rng)
    if basket.value + freight + insurance <= _SINGLE_LIMIT:
        basket.freight, basket.insurance = freight, insurance
    return basket


def _some_articles(rng: Random, day: date, shape: Shape) -> Basket:
    low, high = shape.lines
    wanted = rng.randint(low, high) if shape.ordinary else min(high, max(low, _few(rng)))
    every = articles(day)
    pool = [article for article in every if not article.is_allowance] if shape.ordinary else every
    basket, left = Basket([], []), _ROOM
    while len(basket.lines) < wanted:
        first = shape.first if not basket.lines else None
        article = rng.choice([one for one in every if first(one)] if first else pool)
        number = len(basket.lines) + 1
        line = _line(rng, article, number, left // (wanted + 1 - number), shape.quantity)
        basket.goods.append(article)
        basket.lines.append(line)
        left -= line["total"]
    if not shape.ordinary and wanted > 1 and rng.random() < 0.08:
        _make_gift(basket.lines[-1])
    return basket


def _one_dear_article(rng: Random, article: Article) -> Basket:
    """One indivisible article above the single limit, or so dear that with its freight it just reaches it."""
    freight, insurance = _charges(rng)
    price = rng.randrange(5_001, 19_000) * SCALE
    if rng.random() < 0.3:
        price = _SINGLE_LIMIT - freight - insurance
    line = _line(rng, article, 1, price, SCALE)
    line.update(price=price, total=price)
    return Basket([article], [line], freight, insurance)


def _charges(rng: Random) -> tuple[int, int]:
    """Freight and insurance, often none."""
    freight = rng.choice((0, 0, 6, 10, 15, 22, 35)) * SCALE + rng.choice((0, 0, 50_000, 80_000))
    return freight, rng.choice((0, 0, 0, 1, 2, 5)) * SCALE


def _few(rng: Random) -> int:
    """One to ten lines, mostly few."""
    return rng.choices(range(1, 11), weights=(34, 22, 14, 9, 6, 5, 4, 3, 2, 1))[0]


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
        "origin_country": rng.choice(ORIGINS),
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
