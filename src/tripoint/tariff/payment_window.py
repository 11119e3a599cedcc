"""On which days the tax of a released list is to be paid (海关总署公告2018年第194号): day 31 to 45 after release."""

from __future__ import annotations

from datetime import date, timedelta

from tripoint.regimes.model import Regime
from tripoint.tariff.exact import count_on


def payment_window(released: date, regime: Regime) -> tuple[date, date]:
    """First and last day to pay, by the law of the day of release; the day of release is day 0."""
    first = released + timedelta(days=count_on(regime.pay_from_days, released))
    last = released + timedelta(days=count_on(regime.pay_to_days, released))
    return first, last
