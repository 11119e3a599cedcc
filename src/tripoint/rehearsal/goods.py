"""What the made-up world sells: every article of the shipped seed of goods, with plausible names, packs and prices.

Codes, legal units and rates are those of `regimes/data/cn/rates.csv` and `goods.csv`; packs and prices are made up.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files

from tripoint.kernel.money import SCALE, parse_e5
from tripoint.regimes.load import data_root
from tripoint.tariff.units import MASS, VOLUME


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Statutory rates of one goods code on one day; `specific` in yuan per `specific_unit`."""

    duty: Fraction
    vat: Fraction
    consumption_tax: Fraction
    specific: Fraction | None
    specific_unit: str | None
    condition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """Something to sell: its code and rates, its legal units, how it is packed (grams, millilitres, pieces), its prices."""

    hs_code: str
    rate: Rate
    unit_1: str
    unit_2: str | None
    names: tuple[str, ...]
    unit: str
    grams: int
    millilitres: int
    pieces: int
    price_low: int
    price_high: int

    def in_unit(self, unit: str, quantity: int) -> int:
        """How much `quantity` (e5 packs) is in a legal unit, in e5 of that unit."""
        if unit in MASS:
            return quantity * self.grams // MASS[unit]
        if unit in VOLUME:
            return quantity * (self.millilitres or self.grams) // VOLUME[unit]
        return quantity if unit == self.unit else quantity * self.pieces

    @property
    def is_allowance(self) -> bool:
        """Whether a person may bring in only so much of it a year (sugar, rice)."""
        return self.hs_code.startswith(("1701", "1006"))


@cache
def articles(day: date) -> tuple[Article, ...]:
    """Every article that is on the list of goods allowed and has a rate on the day, in order of code."""
    allowed = {row["hs_prefix"] for row in _rows("goods.csv") if _holds(row, day)}
    return tuple(
        _article(row)
        for row in _rows("rates.csv")
        if _holds(row, day) and row["hs_code"].startswith(tuple(allowed))
    )


@cache
def unlisted(day: date) -> tuple[Article, ...]:
    """Articles that have a rate on the day and are not on the list of goods allowed."""
    known = {article.hs_code for article in articles(day)}
    return tuple(
        _article(row) for row in _rows("rates.csv") if _holds(row, day) and row["hs_code"] not in known
    )


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = data_root().joinpath("cn", name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))


def _holds(row: dict[str, str], day: date) -> bool:
    return row["since"] <= day.isoformat() and (not row["until"] or day.isoformat() <= row["until"])


@cache
def _packs() -> Sequence[dict[str, str]]:
    """The made-up packs, the longest prefix first."""
    text = (files("tripoint.rehearsal") / "data" / "articles.csv").read_text(encoding="utf-8")
    return sorted(csv.DictReader(io.StringIO(text)), key=lambda row: -len(row["hs_prefix"]))


def _article(row: dict[str, str]) -> Article:
    pack = next((pack for pack in _packs() if row["hs_code"].startswith(pack["hs_prefix"])), None)
    # Goods nobody thought of yet are sold by the piece under the tariff's own name.
    made = pack or {
        "names": row["name_zh"][:60],
        "unit": "011",
        "grams": "500",
        "millilitres": "500",
        "pieces": "1",
        "price_low": "49",
        "price_high": "499",
    }
    return Article(
        hs_code=row["hs_code"],
        rate=_rate(row),
        unit_1=row["unit_1"],
        unit_2=row["unit_2"] or None,
        names=tuple(made["names"].split("|")),
        unit=made["unit"],
        grams=int(made["grams"]),
        millilitres=int(made["millilitres"]),
        pieces=int(made["pieces"]),
        price_low=int(made["price_low"]) * SCALE,
        price_high=int(made["price_high"]) * SCALE,
    )


def _rate(row: dict[str, str]) -> Rate:
    return Rate(
        duty=_percent(row["duty"]),
        vat=_percent(row["vat"]),
        consumption_tax=_percent(row["consumption_tax"]),
        specific=Fraction(parse_e5(row["ct_specific"]), SCALE) if row["ct_specific"] else None,
        specific_unit=row["ct_specific_unit"] or None,
        condition=row["ct_condition"] or None,
    )


def _percent(text: str) -> Fraction:
    return Fraction(text.removesuffix("%").strip()) / 100
