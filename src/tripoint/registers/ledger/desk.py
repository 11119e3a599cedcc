"""What is done with the ledger: look and hold, post a batch, lodge and give back, state, check."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from tripoint.database import Transaction
from tripoint.kernel.refusals import Malformed, Unknown
from tripoint.registers.ledger import rules, store
from tripoint.registers.ledger.records import Account, Audit, Posted, StatementLine

PAGE_MOST = 1000
"""No page is longer than this."""

_NEWEST = 2**63 - 1


def lock_balances(
    tx: Transaction, accounts: pl.DataFrame, *, create_at: datetime | None = None
) -> pl.DataFrame:
    """The open ones of frame[account] as BALANCES, held until the transaction ends.

    Name every account the transaction will post to, in this one call: locks taken in two steps can deadlock.
    With `create_at`, those not open are opened at that moment on the terms of the chart.
    """
    if create_at is not None:
        store.open_accounts(tx, accounts, create_at)
    return store.lock_balances(tx, accounts)


def post(tx: Transaction, transfers: pl.DataFrame, *, at: datetime) -> Posted:
    """Write a batch of transfers (TRANSFERS, `message_id` may be missing) and change each account once.

    What was posted before under the same order, reference and reason is left as it is. Raises Conflict where that
    had other content or a minimum would be broken, Unknown for an account not open, Malformed; then nothing is written.
    """
    rows = rules.batch(transfers)
    if rows.is_empty():
        return Posted(written=0, known=0)
    accounts = rules.accounts_of(rows)
    balances = store.lock_balances(tx, accounts)
    rules.refuse_missing(accounts, balances)
    new = rules.not_yet_posted(rows, store.find_posted(tx, rows))
    if new.height:
        changes = rules.changes(new)
        rules.refuse_overdrawn(balances, changes)
        store.save(tx, new, changes, at, staged=new.height == rows.height)
    return Posted(written=new.height, known=rows.height - new.height)


def deposit(tx: Transaction, guarantor_code: str, amount: int, *, reference: str, at: datetime) -> Posted:
    """Lodge a guarantee of `amount` column units, opening its accounts; the same reference again changes nothing."""
    transfer = rules.deposit(guarantor_code, amount, reference)
    names = rules.accounts_of(transfer)["account"].to_list()
    store.open_accounts(tx, pl.DataFrame({"account": [*names, rules.pledged(guarantor_code)]}), at)
    return post(tx, transfer, at=at)


def lodge_filed(
    tx: Transaction, guarantor_code: str, amount: int, *, reference: str | None, at: datetime
) -> Posted:
    """Lodge a guarantee that filings name: once for a reference, and without one once for the enterprise.

    Raises Conflict where that was lodged with another amount.
    """
    if reference is None:
        tx.lock(f"tripoint.ledger.{rules.filed_reference(guarantor_code, None)}")
        lodged = store.lodged(tx, rules.available(guarantor_code), rules.FILED)
        if rules.is_lodged(guarantor_code, amount, lodged):
            return Posted(written=0, known=1)
    named = rules.filed_reference(guarantor_code, reference)
    return deposit(tx, guarantor_code, amount, reference=named, at=at)


def withdraw(tx: Transaction, guarantor_code: str, amount: int, *, reference: str, at: datetime) -> Posted:
    """Give back `amount` column units of free guarantee; raises Conflict where less is free."""
    return post(tx, rules.withdrawal(guarantor_code, amount, reference), at=at)


def account(tx: Transaction, name: str) -> Account:
    """One account as it stands; raises Unknown."""
    found = store.find_account(tx, name)
    if found is None:
        raise Unknown(
            "LEDGER-ACCOUNT-UNKNOWN", f"账户未开立：{name[:80]}", f"account is not open: {name[:80]}"
        )
    return found


def accounts(tx: Transaction, prefix: str = "", *, after: str = "", limit: int = 100) -> list[Account]:
    """A page of accounts whose names begin with a text; begin again after the last name for the next page."""
    return store.list_accounts(tx, prefix, after, _page(limit))


def statement(
    tx: Transaction, name: str, *, before: int | None = None, limit: int = 100
) -> list[StatementLine]:
    """A page of an account's transfers, newest first; `before` the last number for the next page. Raises Unknown."""
    account(tx, name)
    return store.statement(tx, name, _NEWEST if before is None else before, _page(limit))


def check(tx: Transaction) -> Audit:
    """Compare every balance with its entries, and the total with nothing; reads the whole ledger as it is at one moment."""
    return rules.audit(*store.books(tx))


def _page(limit: int) -> int:
    if not 1 <= limit <= PAGE_MOST:
        raise Malformed(
            "PAGE-LIMIT", f"每页条数须在 1 至 {PAGE_MOST} 之间", f"a page has 1 to {PAGE_MOST} rows"
        )
    return limit
