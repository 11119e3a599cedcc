"""Who may take part: registered enterprises, a payer who is the buyer, a guarantor of the trade (GACC 2018-194, 2018-179)."""

from __future__ import annotations

import polars as pl

from tripoint.pipeline.check import Check, check
from tripoint.pipeline.matching import persons_differ


def _unregistered(fact: str) -> pl.Expr:
    return ~pl.col(f"facts.{fact}")


@check("PARTY-04", field="payment.payer_id", compares="order.buyer_id")
def payer_is_not_the_buyer() -> pl.Expr:
    """Unless an authority has verified the buyer, buyer and payer are one person."""
    return persons_differ("payment.payer_id", "order.buyer_id") & ~pl.col("facts.buyer_verified")


@check("PARTY-16", field="payment.payer_name", compares="order.buyer_name")
def payer_has_another_name() -> pl.Expr:
    """Unless an authority has verified the buyer, the payer has the buyer's name."""
    same_id = ~persons_differ("payment.payer_id", "order.buyer_id")
    other_name = pl.col("payment.payer_name") != pl.col("order.buyer_name")
    return same_id & other_name & ~pl.col("facts.buyer_verified")


@check("PARTY-09", field="list.marketplace_code")
def marketplace_is_not_registered() -> pl.Expr:
    """The marketplace is registered with customs."""
    return _unregistered("marketplace_registered")


@check("PARTY-10", field="list.merchant_code")
def merchant_is_not_registered() -> pl.Expr:
    """The merchant is registered with customs."""
    return _unregistered("merchant_registered")


@check("PARTY-11", field="payment.provider_code")
def provider_is_not_registered() -> pl.Expr:
    """The payment provider is registered with customs."""
    return _unregistered("provider_registered") & pl.col("payment.present")


@check("PARTY-12", field="list.carrier_code")
def carrier_is_not_registered() -> pl.Expr:
    """The carrier is registered with customs."""
    return _unregistered("carrier_registered")


@check("PARTY-13", field="list.declarant_code")
def declarant_is_not_registered() -> pl.Expr:
    """The declarant is registered with customs."""
    return _unregistered("declarant_registered")


@check("PARTY-14", field="list.guarantor_code")
def guarantor_is_not_of_the_trade() -> pl.Expr:
    """The guarantor is marketplace, merchant or carrier of the list."""
    guarantor = pl.col("list.guarantor_code")
    return (
        (guarantor != pl.col("list.marketplace_code"))
        & (guarantor != pl.col("list.merchant_code"))
        & (guarantor != pl.col("list.carrier_code"))
    )


@check("PARTY-15", field="list.marketplace_code")
def marketplace_is_not_connected() -> pl.Expr:
    """The marketplace opens its payment data to customs (notice 179)."""
    return ~pl.col("facts.marketplace_connected") & pl.col("facts.marketplace_registered")


CHECKS: tuple[Check, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Check))
"""Every check on the parties."""
