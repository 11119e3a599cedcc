"""`tripoint ledger`: guarantees lodged and given back, statements of accounts, and whether the books are right."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.paging import Most, following, refuse_size, tell_end
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import ACCOUNT_NAMES, TRANSFER_NAMES, named
from tripoint.kernel.text import Text

GUARANTEE_CODES = ("GUARANTEE-01", "GUARANTEE-02")
"""Findings that a deposit mends."""

app = parser("ledger")

Amount = Annotated[str, Parameter(help="Yuan, as 100000.00. 金额（元）。")]
Code = Annotated[str, Parameter(help="Code of the guarantor. 担保企业代码。")]
Reference = Annotated[
    str, Parameter(help="Names the matter: the same reference again changes nothing. 凭证号，重复无效。")
]


@app.command(help="Lodge a guarantee; lists it was missing for are judged again. 存入担保。")
def deposit(
    enterprise: Code,
    amount: Amount,
    *,
    reference: Reference,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Lodge a guarantee."""
    from tripoint.registers.filings import desk as filings
    from tripoint.registers.ledger import desk

    talk, units = Talk(voice), _units(amount)
    with engine(place, talk) as opened:
        with opened.transaction() as tx:
            filings.guarantor(tx, enterprise)
            posted = desk.deposit(tx, enterprise, units, reference=reference, at=opened.clock.now())
        worked = opened.rejudge(GUARANTEE_CODES)
    talk.data({"written": posted.written, "known": posted.known, "rejudged": worked.states})
    if posted.written:
        talk.say(
            f"已存入；重新判定后有变化的清单 {sum(worked.states.values())} 份",
            f"lodged; {sum(worked.states.values())} lists changed when judged again",
        )
    else:
        talk.say("此凭证号先前已记账，未改动", "this reference was written before; nothing changed")


@app.command(help="Give back guarantee that is free. 退还担保。")
def withdraw(
    enterprise: Code,
    amount: Amount,
    *,
    reference: Reference,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Give guarantee back."""
    from tripoint.registers.ledger import desk

    talk, units = Talk(voice), _units(amount)
    with engine(place, talk) as opened, opened.transaction() as tx:
        posted = desk.withdraw(tx, enterprise, units, reference=reference, at=opened.clock.now())
    talk.data({"written": posted.written, "known": posted.known})
    if posted.written:
        talk.say("已退还", "given back")
    else:
        talk.say("此凭证号先前已记账，未改动", "this reference was written before; nothing changed")


@app.command(help="Show accounts, or one account's transfers, newest first. 账户与明细。")
def statement(
    account: Annotated[
        str | None, Parameter(help="Name of an account; without it all accounts are shown. 账户名。")
    ] = None,
    *,
    before: Annotated[int | None, Parameter(help="Number of the last transfer seen. 游标。")] = None,
    after: Annotated[
        str, Parameter(help="Name of the last account seen, where all are shown. 账户游标。")
    ] = "",
    most: Most = 50,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show a statement."""
    from tripoint.kernel.money import format_e5
    from tripoint.kernel.refusals import Malformed
    from tripoint.registers.ledger import desk

    refuse_size(most)
    if (account is None and before is not None) or (account is not None and after):
        raise Malformed(
            "CURSOR",
            "--before 用于一个账户的明细，--after 用于全部账户",
            "--before goes with the transfers of one account, --after with all accounts",
        )
    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        if account is None:
            accounts = desk.accounts(tx, after=after, limit=most)
            said = [
                {"account": one.account, "kind": str(one.kind), "balance": format_e5(one.balance)}
                for one in accounts
            ]
            further = following(accounts, most, lambda one: one.account)
            talk.data({"accounts": said, "next": further})
            short = (Text("账户", "account"), Text("种类", "kind"), Text("余额", "balance"))
            names = [talk.pick(named(ACCOUNT_NAMES, one.kind)) for one in accounts]
            shown = [(one["account"], name, one["balance"]) for one, name in zip(said, names, strict=True)]
            talk.table(Text("账户", "accounts"), short, shown)
            tell_end(talk, len(said), further, Text("没有账户", "no such accounts"))
            return
        its = desk.account(tx, account)
        lines = desk.statement(tx, account, before=before, limit=most)
    more = following(lines, most, lambda line: line.transfer_id)
    talk.data(
        {
            "account": its.account,
            "kind": str(its.kind),
            "balance": format_e5(its.balance),
            "transfers": [
                {
                    "transfer_id": line.transfer_id,
                    "posted_at": line.posted_at,
                    "amount": format_e5(line.amount),
                    "other_account": line.other_account,
                    "reason": line.reason,
                    "reference": line.reference,
                    "order_no": line.order_no,
                }
                for line in lines
            ],
            "next": more,
        }
    )
    heads = (
        Text("序号", "number"),
        Text("金额", "amount"),
        Text("对方账户", "other account"),
        Text("事由", "reason"),
        Text("凭证", "reference"),
    )
    rows = [
        (
            str(line.transfer_id),
            format_e5(line.amount),
            line.other_account,
            talk.pick(named(TRANSFER_NAMES, line.reason)),
            line.reference,
        )
        for line in lines
    ]
    talk.table(Text(f"{account} 的明细", f"statement of {account}"), heads, rows)
    tell_end(talk, len(lines), more, Text("没有分录", "no transfers"), option="--before")
    talk.say(f"余额 {format_e5(its.balance)} 元", f"balance {format_e5(its.balance)} CNY")


@app.command(help="Compare every balance with its entries; 1 where the books are wrong. 核对账目。")
def check(*, voice: Voice | None = None, place: Place | None = None) -> int:
    """Check the books."""
    from tripoint.registers.ledger import desk

    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        audit = desk.check(tx)
    talk.data(
        {
            "sound": audit.is_sound,
            "accounts": audit.accounts,
            "transfers": audit.transfers,
            "wrong": audit.wrong,
        }
    )
    if audit.is_sound:
        talk.say(
            f"账目正确：账户 {audit.accounts} 个，分录 {audit.transfers} 条",
            f"the books are right: {audit.accounts} accounts, {audit.transfers} transfers",
        )
        return exits.OK
    for name, holds, should in audit.wrong:
        talk.warn(
            f"账户 {name} 余额 {holds}，应为 {should}", f"{name} holds {holds} and should hold {should}"
        )
    return exits.FOUND


def _units(amount: str) -> int:
    from tripoint.kernel.money import parse_e5
    from tripoint.kernel.refusals import Malformed

    try:
        units = parse_e5(amount)
    except ValueError as error:
        raise Malformed("AMOUNT", f"不是金额：{amount}", f"not an amount: {amount}") from error
    if units <= 0:
        raise Malformed("AMOUNT", f"金额须大于 0：{amount}", f"an amount is above zero: {amount}")
    return units
