"""What a list must pay, reckoned one line after another with the scalar law (`tariff.import_tax`), never with columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tripoint.kernel.money import SCALE
from tripoint.regimes.model import Regimes
from tripoint.rehearsal.goods import Rate
from tripoint.tariff.cosmetics import high_end
from tripoint.tariff.exact import amount_on
from tripoint.tariff.import_tax import FULL, Line, Shares, share_out, shares_on, tax_line
from tripoint.tariff.units import quantity_in
from tripoint.tariff.watches import luxury

Measures = Sequence[tuple[str | None, Fraction | None]]


class Levy:
    """Taxes lists under one law; what holds on a day is looked up once."""

    def __init__(self, regimes: Regimes) -> None:
        self._regimes = regimes
        self._days: dict[tuple[str, date], tuple[Fraction, Shares]] = {}

    def tax(
        self, head: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], rates: Sequence[Rate]
    ) -> Decimal:
        """Total tax in yuan, to the fen; `head` and `lines` as in lists and list_lines, one rate for each line."""
        day, mode = head["declared_on"], head["supervision_mode"]
        limit, shares = self._law(mode, day)
        totals = [line["total"] for line in lines]
        parts = share_out(head["freight"] + head["insurance"], totals)
        values = [Fraction(total + part, SCALE) for total, part in zip(totals, parts, strict=True)]
        if sum(values) > limit:
            shares = FULL
        taxes = [
            tax_line(self._line(line, value, rate, day), shares)
            for line, value, rate in zip(lines, values, rates, strict=True)
        ]
        return sum((one.duty + one.consumption_tax + one.vat for one in taxes), Decimal("0.00"))

    def _law(self, mode: str, day: date) -> tuple[Fraction, Shares]:
        found = self._days.get((mode, day))
        if found is None:
            regime = self._regimes.of(mode)
            found = self._days[mode, day] = amount_on(regime.single_limit, day), shares_on(regime, day)
        return found

    def _line(self, line: Mapping[str, Any], value: Fraction, rate: Rate, day: date) -> Line:
        measures = _measures(line)
        specific = Fraction(0)
        if rate.specific is not None:
            assert rate.specific_unit is not None
            quantity = quantity_in(rate.specific_unit, _legal_first(measures))
            assert quantity is not None, f"{line['hs_code']} states no quantity its tax is asked of"
            specific = rate.specific * quantity
        return Line(
            value=value,
            units=Fraction(line["quantity"], SCALE),
            duty_rate=rate.duty,
            consumption_tax_rate=rate.consumption_tax
            if self._bears(value, measures, rate, day)
            else Fraction(0),
            vat_rate=rate.vat,
            specific_tax=specific,
        )

    def _bears(self, value: Fraction, measures: Measures, rate: Rate, day: date) -> bool:
        """Whether the goods are what their consumption tax falls on."""
        if rate.condition is None:
            return True
        if rate.condition == "high_end_cosmetics":
            answer = high_end(value, measures, self._regimes.cosmetics, day)
        else:
            assert rate.condition == "luxury_watch", rate.condition
            answer = luxury(value, measures, self._regimes.watches, day)
        assert answer is not None, "the line states nothing its condition can be judged by"
        return answer


def _measures(line: Mapping[str, Any]) -> Measures:
    def stated(unit: str, quantity: str) -> tuple[str | None, Fraction | None]:
        amount = line[quantity]
        return line[unit], None if amount is None else Fraction(amount, SCALE)

    return [stated("unit", "quantity"), stated("unit_1", "quantity_1"), stated("unit_2", "quantity_2")]


def _legal_first(measures: Measures) -> Measures:
    """The statutory units before the seller's."""
    return [*measures[1:], measures[0]]
