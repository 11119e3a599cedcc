"""What the ledger holds: the agent lodges a sufficient valid tax guarantee and customs collects by period (notice 2018-194)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import polars as pl

TRANSFERS: dict[str, pl.DataType] = {
    "order_no": pl.String(),
    "debit_account": pl.String(),
    "credit_account": pl.String(),
    "amount": pl.Int64(),
    "reason": pl.String(),
    "reference": pl.String(),
    "message_id": pl.Int64(),
}
"""A batch of transfers: the amount goes from the debited account to the credited one; (order_no, reference, reason) names it."""

KEY = ("order_no", "reference", "reason")
"""What names a transfer: the same name twice is the same transfer."""

BALANCES: dict[str, pl.DataType] = {
    "account": pl.String(),
    "balance": pl.Int64(),
    "minimum": pl.Int64(),
}
"""Accounts as they stand; a null minimum means none."""

CHANGES: dict[str, pl.DataType] = {"account": pl.String(), "change": pl.Int64()}
"""What a batch does to each account it touches, once per account."""

OUTSIDE = "outside"
"""Where money comes from and goes to; its balance is what the ledger owes to the world, below zero."""

TAX_RECEIVABLE = "customs/tax-receivable"
"""Tax that customs has assessed and not yet been paid; below zero by that much."""

TAX_COLLECTED = "customs/tax-collected"
"""Tax that customs has been paid."""


class AccountKind(StrEnum):
    """The kinds of account in the chart."""

    OUTSIDE = "outside"
    GUARANTEE_AVAILABLE = "guarantee_available"
    GUARANTEE_PLEDGED = "guarantee_pledged"
    CUSTOMS = "customs"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the chart says of an account: its kind, and the least its balance may be (null: no such limit)."""

    kind: AccountKind
    minimum: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as it stands, in column units."""

    account: str
    kind: AccountKind
    balance: int
    minimum: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What came of a batch: how many transfers were written, and how many had been written before."""

    written: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One transfer as one account sees it: what it was given (above zero) or gave (below), and the other account."""

    transfer_id: int
    posted_at: datetime
    order_no: str
    amount: int
    other_account: str
    reason: str
    reference: str
    message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Whether the books are right: what each wrong account holds and should hold; the total must be zero."""

    accounts: int
    transfers: int
    total: int
    wrong: tuple[tuple[str, int, int], ...]

    @property
    def is_sound(self) -> bool:
        """Every balance equals its entries and all of them add up to nothing."""
        return not self.wrong and self.total == 0
