"""Whether a return comes in time, and what it gives back: tax not levied and annual amount (海关总署公告2020年第45号).

The day of release is day 0; the last day counts. That reading is an assumption of rules.md §9, stated there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tripoint.regimes.model import Regime
from tripoint.tariff.exact import count_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a return brings; zero for both where it is not accepted."""

    accepted: bool
    tax_not_levied: Fraction
    quota_restored: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """Value and tax in yuan, of a whole list or of what is returned of it."""

    value: Fraction
    tax: Fraction


def last_day_to_apply(released: date, regime: Regime) -> date:
    """The last day an application counts, by the law of the day of release."""
    return released + timedelta(days=count_on(regime.return_apply_days, released))


def last_day_to_arrive(released: date, regime: Regime) -> date:
    """The last day the goods may be back, by the law of the day of release."""
    return released + timedelta(days=count_on(regime.return_arrive_days, released))


def judge_return(
    released: date, applied: date, arrived: date | None, original: Goods, returned: Goods, regime: Regime
) -> Returned:
    """Accepted when applied and arrived in time and no more than the original; goods not yet back give nothing."""
    accepted = (
        released <= applied <= last_day_to_apply(released, regime)
        and arrived is not None
        and released <= arrived <= last_day_to_arrive(released, regime)
        and returned.value <= original.value
        and returned.tax <= original.tax
    )
    return Returned(
        accepted=accepted,
        tax_not_levied=returned.tax if accepted else Fraction(0),
        quota_restored=returned.value if accepted else Fraction(0),
    )
