"""What makes a batch of transfers lawful: known accounts, amounts above zero, one content for a name, no minimum broken."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import polars as pl

from tripoint.kernel.money import LARGEST_E5, format_e5
from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.registers.ledger.records import (
    CHANGES,
    KEY,
    OUTSIDE,
    TRANSFERS,
    AccountKind,
    Audit,
    Terms,
)

_CHART: tuple[tuple[re.Pattern[str], Terms], ...] = (
    (re.compile(r"outside"), Terms(AccountKind.OUTSIDE, None)),
    (re.compile(r"guarantee/[0-9A-Za-z]{1,18}/available"), Terms(AccountKind.GUARANTEE_AVAILABLE, 0)),
    (re.compile(r"guarantee/[0-9A-Za-z]{1,18}/pledged"), Terms(AccountKind.GUARANTEE_PLEDGED, 0)),
    (re.compile(r"customs/[a-z-]{1,40}"), Terms(AccountKind.CUSTOMS, None)),
)
"""The chart of accounts; a guarantee is never overdrawn, what stands for the world may go anywhere."""

FILED = "filings/"
"""How the references of guarantees begin that filings say an enterprise begins with."""

REFERENCE_MOST = 240
"""Characters of a reference."""

_CONTENT = ("debit_account", "credit_account", "amount")


def terms(account: str) -> Terms:
    """What the chart says of this account; raises Malformed where it has no such account."""
    for pattern, its in _CHART:
        if pattern.fullmatch(account):
            return its
    raise Malformed(
        "LEDGER-ACCOUNT",
        f"科目表中没有这样的账户：{account[:80]}",
        f"the chart has no such account: {account[:80]}",
    )


def available(guarantor_code: str) -> str:
    """The account of what is free of an enterprise's guarantee."""
    return f"guarantee/{guarantor_code}/available"


def pledged(guarantor_code: str) -> str:
    """The account of what assessed and unpaid tax has bound of an enterprise's guarantee."""
    return f"guarantee/{guarantor_code}/pledged"


def batch(transfers: pl.DataFrame) -> pl.DataFrame:
    """The transfers in the declared columns, each once, sorted by name; raises Malformed or Conflict.

    `message_id` may be left out. Two rows of one name and one content are one transfer; of other content, a Conflict.
    """
    if "message_id" not in transfers.columns:
        transfers = transfers.with_columns_seq(pl.lit(None, pl.Int64).alias("message_id"))
    rows = transfers.select_seq(pl.col(name).cast(kind) for name, kind in TRANSFERS.items())
    needed = [name for name in TRANSFERS if name != "message_id"]
    faulty = rows.filter(
        pl.any_horizontal(pl.col(needed).is_null())
        | (pl.col("amount") <= 0)
        | (pl.col("amount") >= LARGEST_E5)
        | (pl.col("debit_account") == pl.col("credit_account"))
        | pl.any_horizontal(pl.col(*KEY).str.len_chars() == 0)
    )
    if faulty.height:
        name = _named(faulty)
        raise Malformed(
            "LEDGER-TRANSFER",
            f"转账 {name} 不完整：金额须大于 0，两个账户须不同，各栏须有值",
            f"transfer {name} is not whole: an amount above zero, two different accounts and every column are needed",
        )
    single = rows.unique(subset=KEY, keep="first", maintain_order=True)
    if single.height != rows.height:
        same = rows.select_seq(*KEY, *_CONTENT).unique()
        if same.height != single.height:
            raise _other_content(same.filter(pl.struct(KEY).is_duplicated()))
    return single.sort(KEY)


def not_yet_posted(rows: pl.DataFrame, posted: pl.DataFrame) -> pl.DataFrame:
    """The transfers of a batch whose name is new; raises Conflict where a known name has other content.

    `posted`: those the ledger has under the same names, with KEY and content columns.
    """
    if posted.is_empty():
        return rows
    differing = rows.join(posted, on=KEY, suffix="_posted").filter(
        pl.any_horizontal(pl.col(name) != pl.col(f"{name}_posted") for name in _CONTENT)
    )
    if differing.height:
        raise _other_content(differing)
    return rows.join(posted, on=KEY, how="anti")


def accounts_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Every account a batch touches, once, in order: frame[account]."""
    both = pl.concat([rows["debit_account"], rows["credit_account"]])
    return both.unique().sort().alias("account").to_frame()


def changes(rows: pl.DataFrame) -> pl.DataFrame:
    """What a batch does to each account, sorted, CHANGES; raises Malformed where that does not fit an amount."""
    sides = pl.concat(
        [
            rows.select_seq(pl.col("debit_account").alias("account"), (-pl.col("amount")).cast(pl.Int128)),
            rows.select_seq(pl.col("credit_account").alias("account"), pl.col("amount").cast(pl.Int128)),
        ]
    )
    sums = sides.group_by("account").agg(pl.col("amount").sum().alias("change")).sort("account")
    if sums.filter(pl.col("change").abs() >= LARGEST_E5).height:
        raise _out_of_range()
    return sums.select_seq(pl.col(name).cast(kind) for name, kind in CHANGES.items())


def refuse_missing(wanted: pl.DataFrame, balances: pl.DataFrame) -> None:
    """Raises Unknown where an account of frame[account] is not open."""
    missing = wanted.join(balances, on="account", how="anti")["account"]
    if missing.len():
        raise Unknown(
            "LEDGER-ACCOUNT-UNKNOWN",
            f"账户未开立：{missing[0]}（共 {missing.len()} 个）",
            f"account is not open: {missing[0]} ({missing.len()} in all)",
        )


def refuse_overdrawn(balances: pl.DataFrame, deltas: pl.DataFrame) -> None:
    """Raises Conflict where a balance (BALANCES) with its change (CHANGES) would fall below its minimum."""
    after = balances.join(deltas, on="account").with_columns_seq(
        after=pl.col("balance").cast(pl.Int128) + pl.col("change")
    )
    if after.filter(pl.col("after").abs() >= LARGEST_E5).height:
        raise _out_of_range()
    broken = after.filter(pl.col("after") < pl.col("minimum")).sort("account")
    if broken.is_empty():
        return
    first = broken.row(0, named=True)
    held, taken, least = (
        format_e5(units) for units in (first["balance"], -first["change"], first["minimum"])
    )
    raise Conflict(
        "LEDGER-OVERDRAWN",
        f"账户 {first['account']} 余额 {held}，本次需 {taken}，将低于下限 {least}（共 {broken.height} 个账户）",
        f"account {first['account']} holds {held}, {taken} is asked, that leaves less than its minimum {least} "
        f"({broken.height} accounts in all)",
    )


def audit(balances: Mapping[str, int], entries: Mapping[str, tuple[int, int]]) -> Audit:
    """Compare balances by account with what the transfers add up to, and how many took from it."""
    wrong = [
        (account, balances.get(account, 0), entries.get(account, (0, 0))[0])
        for account in sorted(balances.keys() | entries.keys())
        if balances.get(account) != entries.get(account, (0, 0))[0]
    ]
    return Audit(
        accounts=len(balances),
        transfers=sum(count for _, count in entries.values()),
        total=sum(balances.values()),
        wrong=tuple(wrong),
    )


def deposit(guarantor_code: str, amount: int, reference: str) -> pl.DataFrame:
    """The transfer that lodges a guarantee; raises Malformed for its reference."""
    refuse_reference(reference)
    return _single(OUTSIDE, available(guarantor_code), amount, "deposit", reference)


def filed_reference(guarantor_code: str, reference: str | None) -> str:
    """The name in the ledger of a guarantee that filings give; without a reference the one the enterprise begins with."""
    return f"{FILED}{guarantor_code}" if reference is None else f"{reference}/{guarantor_code}"


def is_lodged(guarantor_code: str, amount: int, lodged: Collection[int]) -> bool:
    """Whether the guarantee an enterprise begins with was lodged before (`lodged`: what filings ever had lodged).

    Raises Conflict where it was, with another amount: what is to be added has to be named.
    """
    if not lodged or amount in lodged:
        return bool(lodged)
    said = " + ".join(map(format_e5, sorted(lodged)))
    raise Conflict(
        "LEDGER-OPENED",
        f"企业 {guarantor_code} 的担保金先前备案时已存入 {said}；如系另行追加，请在 deposits 中注明 reference",
        f"a guarantee of {said} was lodged for {guarantor_code} by filings before; name a `reference` with the deposit if this "
        "one comes on top",
    )


def refuse_reference(reference: str) -> None:
    """Raises Malformed for a reference that is blank, has blank ends, or is too long to be found by."""
    if not reference.strip() or reference != reference.strip() or len(reference) > REFERENCE_MOST:
        raise Malformed(
            "LEDGER-REFERENCE",
            f"凭证号须为 1 至 {REFERENCE_MOST} 个字符，首尾无空格",
            f"a reference has 1 to {REFERENCE_MOST} characters and no blanks at its ends",
        )


def withdrawal(guarantor_code: str, amount: int, reference: str) -> pl.DataFrame:
    """The transfer that gives free guarantee back to who lodged it; raises Malformed for its reference."""
    refuse_reference(reference)
    return _single(available(guarantor_code), OUTSIDE, amount, "withdrawal", reference)


def _single(debit: str, credit: str, amount: int, reason: str, reference: str) -> pl.DataFrame:
    """One transfer that is about no order."""
    row = (reference, debit, credit, amount, reason, reference, None)
    return pl.DataFrame([row], schema=TRANSFERS, orient="row")


def _named(rows: pl.DataFrame) -> str:
    """The name of the first of these transfers."""
    first = rows.row(0, named=True)
    return f"{first['order_no']} / {first['reference']} / {first['reason']}"


def _other_content(rows: pl.DataFrame) -> Conflict:
    name = _named(rows)
    return Conflict(
        "LEDGER-REPOSTED",
        f"转账 {name} 已记账，内容不同",
        f"transfer {name} was posted before with other accounts or another amount",
    )


def _out_of_range() -> Malformed:
    return Malformed(
        "LEDGER-RANGE", "金额合计超出可记账范围", "the amounts add up to more than an account can hold"
    )
