"""Duty, consumption tax and VAT of one retail import order: 70 % within the limits, in full for one article above.

Sources: 财关税〔2016〕18号 and 〔2018〕49号; formulas as in rules.md §1.2. This is the scalar measure that
`pipeline.taxation` must equal line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from tripoint.kernel.money import FEN
from tripoint.regimes.asof import value_on
from tripoint.regimes.model import Regime
from tripoint.tariff.exact import amount_on, fen, share_on, total


class Channel(StrEnum):
    """How an order comes in; the values are those of the worked cases."""

    SHARE = "CBEC_70PCT"
    FULL = "CBEC_FULL_TAX"
    REJECT = "REJECT_GENERAL_TRADE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of goods: value in yuan with its share of freight and insurance, pieces, and statutory rates.

    `specific_tax` is the specific consumption tax of the whole line in yuan (quantity times rate per unit).
    """

    value: Fraction
    units: Fraction
    duty_rate: Fraction
    consumption_tax_rate: Fraction
    vat_rate: Fraction
    specific_tax: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Which part of each statutory tax is levied."""

    duty: Fraction
    consumption_tax: Fraction
    vat: Fraction


FULL = Shares(duty=Fraction(1), consumption_tax=Fraction(1), vat=Fraction(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTax:
    """What one line pays, each head rounded half-up to the fen."""

    duty: Decimal
    consumption_tax: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The answer for one order; `lines` is empty and `reason` set where it may not come in this way."""

    channel: Channel
    dutiable_value: Fraction
    reason: str | None = None
    lines: tuple[LineTax, ...] = ()

    @property
    def duty(self) -> Decimal:
        """Duty of all lines."""
        return total(line.duty for line in self.lines)

    @property
    def consumption_tax(self) -> Decimal:
        """Consumption tax of all lines."""
        return total(line.consumption_tax for line in self.lines)

    @property
    def vat(self) -> Decimal:
        """Value added tax of all lines."""
        return total(line.vat for line in self.lines)


def shares_on(regime: Regime, day: date) -> Shares:
    """The shares levied within the limits on a day; raises Unknown before the law's first day."""
    return Shares(
        duty=share_on(regime.duty_share, day),
        consumption_tax=share_on(regime.consumption_tax_share, day),
        vat=share_on(regime.vat_share, day),
    )


def tax_line(line: Line, shares: Shares) -> LineTax:
    """Tax of one line: the composing price carries the statutory consumption tax and the duty that is levied."""
    duty = line.value * line.duty_rate * shares.duty
    composing = (line.value + duty + line.specific_tax) / (1 - line.consumption_tax_rate)
    consumption_tax = composing * line.consumption_tax_rate + line.specific_tax
    return LineTax(
        duty=fen(duty),
        consumption_tax=fen(consumption_tax * shares.consumption_tax),
        vat=fen(composing * line.vat_rate * shares.vat),
    )


def assess_order(lines: Sequence[Line], annual_used: Fraction, regime: Regime, day: date) -> Assessment:
    """Choose the channel and tax each line; over the annual limit is asked first, since nothing mends it."""
    value = sum((line.value for line in lines), Fraction(0))
    if annual_used + value > amount_on(regime.annual_limit, day):
        return Assessment(channel=Channel.REJECT, dutiable_value=value, reason="ANNUAL_LIMIT")
    channel, shares = Channel.SHARE, shares_on(regime, day)
    if value > amount_on(regime.single_limit, day):
        one_article = len(lines) == 1 and lines[0].units == 1
        if not one_article or value_on(regime.over_single_article, day) != "full_tax":
            return Assessment(channel=Channel.REJECT, dutiable_value=value, reason="SINGLE_LIMIT")
        channel, shares = Channel.FULL, FULL
    return Assessment(
        channel=channel, dutiable_value=value, lines=tuple(tax_line(line, shares) for line in lines)
    )


def share_out(total: int, weights: Sequence[int]) -> list[int]:
    """Divide freight and insurance (e5, not negative) over lines by value: in whole fen, largest remainder first.

    The parts sum to the whole. Lines without value get nothing, unless no line has any: then all count the same.
    Equal remainders: the earlier line. What is smaller than a fen goes to the line of greatest value.
    """
    assert total >= 0, "freight and insurance are not negative"
    if not weights:
        assert total == 0, "nothing can be shared out over no lines"
        return []
    counted = list(weights) if any(weights) else [1] * len(weights)
    whole, cents = sum(counted), total // FEN
    parts = [cents * weight // whole for weight in counted]
    order = sorted(range(len(counted)), key=lambda index: (-(cents * counted[index] % whole), index))
    for index in order[: cents - sum(parts)]:
        parts[index] += 1
    parts = [part * FEN for part in parts]
    parts[counted.index(max(counted))] += total % FEN
    return parts
