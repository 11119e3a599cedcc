"""Postal-article tax (行邮税) on a parcel that does not come in as cross-border e-commerce (rules.md §1.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from tripoint.regimes.model import ParcelLaw
from tripoint.tariff.exact import amount_on, fen, share_on


class Action(StrEnum):
    """What becomes of the parcel; the first two values are those of the worked cases."""

    TAX = "TAX"
    RELEASE_EXEMPT = "RELEASE_EXEMPT"
    RETURN_OR_GENERAL_TRADE = "RETURN_OR_GENERAL_TRADE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelTax:
    """The taxable value in yuan, the tax on it, what of that is paid, and what becomes of the parcel."""

    taxable_value: Fraction
    tax: Decimal
    payable: Decimal
    action: Action


def taxable_price(table_price: Fraction, declared_price: Fraction, law: ParcelLaw, day: date) -> Fraction:
    """The table's price, unless what was paid is below half or above double of it: then what was paid."""
    low, high = share_on(law.band_low_share, day), share_on(law.band_high_share, day)
    if low * table_price <= declared_price <= high * table_price:
        return table_price
    return declared_price


def parcel_limit(origin: str | None, law: ParcelLaw, day: date) -> Fraction:
    """The limit of a parcel's value by its place of dispatch (ISO 3166 letters); None means any other place."""
    return amount_on(law.near_parcel_limit if origin in law.near_origins else law.parcel_limit, day)


def tax_parcel(
    price: Fraction, quantity: Fraction, rate: Fraction, exempt_tax: Fraction, limit: Fraction
) -> ParcelTax:
    """Tax the whole parcel; above the limit it is returned or becomes general trade, save a single article."""
    value = price * quantity
    tax = fen(value * rate)
    if value > limit and quantity != 1:
        return ParcelTax(
            taxable_value=value, tax=tax, payable=Decimal("0.00"), action=Action.RETURN_OR_GENERAL_TRADE
        )
    if Fraction(tax) <= exempt_tax:
        return ParcelTax(taxable_value=value, tax=tax, payable=Decimal("0.00"), action=Action.RELEASE_EXEMPT)
    return ParcelTax(taxable_value=value, tax=tax, payable=tax, action=Action.TAX)
