"""The ledger in the database: transfers are only ever inserted, each account is changed once a batch."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from tripoint.database import Row, Statements, Transaction
from tripoint.registers.ledger import rules
from tripoint.registers.ledger.records import (
    BALANCES,
    KEY,
    TRANSFERS,
    Account,
    AccountKind,
    StatementLine,
)

_sql = Statements.load(__package__, "store.sql")

_POSTED: dict[str, pl.DataType] = {
    name: TRANSFERS[name] for name in (*KEY, "debit_account", "credit_account", "amount")
}


def open_accounts(tx: Transaction, accounts: pl.DataFrame, opened_at: datetime) -> int:
    """Open those of frame[account] that are not open, on the terms of the chart; returns how many were opened."""
    names = accounts["account"].unique().sort().to_list()
    rows = [
        (name, its.kind.value, its.minimum) for name, its in ((name, rules.terms(name)) for name in names)
    ]
    schema = {"account": pl.String, "kind": pl.String, "minimum": pl.Int64}
    tx.stage("staged_accounts", pl.DataFrame(rows, schema=schema, orient="row"))
    return tx.run(_sql.open_accounts, opened_at=opened_at)


def lock_balances(tx: Transaction, accounts: pl.DataFrame) -> pl.DataFrame:
    """The open ones of frame[account], BALANCES, held until the transaction ends; locked in the order of their names."""
    _stage_names(tx, accounts)
    return tx.frame(_sql.lock_balances, BALANCES)


def balances(tx: Transaction, accounts: pl.DataFrame) -> pl.DataFrame:
    """The open ones of frame[account] as they stand, BALANCES; nothing is held."""
    _stage_names(tx, accounts)
    return tx.frame(_sql.balances, BALANCES)


def find_posted(tx: Transaction, rows: pl.DataFrame) -> pl.DataFrame:
    """What the ledger has under the names of a batch (TRANSFERS): KEY, accounts and amount. Stages the batch."""
    _stage_transfers(tx, rows)
    return tx.frame(_sql.find_posted, _POSTED)


def save(
    tx: Transaction, rows: pl.DataFrame, changes: pl.DataFrame, posted_at: datetime, *, staged: bool
) -> None:
    """Write transfers (TRANSFERS) and change each account once (CHANGES); `staged`: `find_posted` left just these."""
    if not staged:
        _stage_transfers(tx, rows)
    tx.run(_sql.save_transfers, posted_at=posted_at)
    tx.stage("staged_changes", changes)
    tx.run(_sql.change_balances)


def find_account(tx: Transaction, account: str) -> Account | None:
    """One account as it stands."""
    row = tx.one(_sql.find_account, account=account)
    return None if row is None else _account(row)


def list_accounts(tx: Transaction, prefix: str, after: str, limit: int) -> list[Account]:
    """Accounts after a name that begin with a text."""
    rows = tx.rows(_sql.list_accounts, prefix=prefix, after=after, limit=limit)
    return [_account(row) for row in rows]


def statement(tx: Transaction, account: str, before: int, limit: int) -> list[StatementLine]:
    """The transfers of one account numbered below `before`, newest first."""
    rows = tx.rows(_sql.statement, account=account, before=before, limit=limit)
    return [StatementLine(**row) for row in rows]


def lodged(tx: Transaction, account: str, prefix: str) -> list[int]:
    """The deposits to an account whose references begin with a text."""
    return [row["amount"] for row in tx.rows(_sql.lodged, account=account, prefix=prefix)]


def books(tx: Transaction) -> tuple[dict[str, int], dict[str, tuple[int, int]]]:
    """Every account's balance, and what its transfers add up to with how many took from it; reads every transfer."""
    rows = tx.rows(_sql.books)
    balances = {row["account"]: row["balance"] for row in rows if row["balance"] is not None}
    entries = {
        row["account"]: (int(row["amount"]), int(row["transfers"]))
        for row in rows
        if row["amount"] is not None
    }
    return balances, entries


def _stage_names(tx: Transaction, accounts: pl.DataFrame) -> None:
    tx.stage("staged_names", accounts.select_seq("account").unique())


def _stage_transfers(tx: Transaction, rows: pl.DataFrame) -> None:
    tx.stage("staged_transfers", rows.with_row_index("row_no"))


def _account(row: Row) -> Account:
    return Account(
        account=row["account"], kind=AccountKind(row["kind"]), balance=row["balance"], minimum=row["minimum"]
    )
