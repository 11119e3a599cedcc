"""Changing rates and goods: a file is proposed, its differences shown, and only what was shown is applied."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from tripoint.database import Transaction
from tripoint.kernel.refusals import Conflict, TooLarge, Unknown
from tripoint.regimes.load import data_root
from tripoint.registers.rates import rules, store
from tripoint.registers.rates.records import Kind, Proposal, Register

LARGEST_FILE_BYTES = 32 * 1024 * 1024
SEEDS = {Register.RATES: "rates.csv", Register.GOODS: "goods.csv"}


def propose(
    tx: Transaction,
    register: Register,
    file: bytes,
    *,
    who: str,
    at: datetime,
    complete_from: date | None = None,
) -> Proposal:
    """Show what a file would change and keep it under its digest; a file with errors is not kept. Nothing counts yet.

    With `complete_from` the file is the whole register from that day: codes it does not name end the day before.
    """
    if len(file) > LARGEST_FILE_BYTES:
        raise TooLarge(
            "RATES-FILE-LARGE",
            f"文件超过 {LARGEST_FILE_BYTES} 字节",
            f"the file is larger than {LARGEST_FILE_BYTES} bytes",
        )
    proposal = _proposed(tx, register, file, complete_from)
    if proposal.digest is not None:
        store.save_import(tx, proposal, file, who, at)
    return proposal


def apply(tx: Transaction, digest: str, *, who: str, at: datetime) -> Proposal:
    """Apply what was shown under this digest, whole or not at all; a second time changes nothing.

    Raises Unknown for a digest never shown, Conflict where the register has changed since it was shown, or since it was
    applied: what stands there now would have to be proposed away.
    """
    tx.lock("tripoint.rates")
    found = store.find_import(tx, digest)
    if found is None:
        raise Unknown("RATES-DIGEST", f"没有摘要为 {digest} 的提案", f"nothing was proposed under {digest}")
    known, file = found
    proposal = _proposed(tx, known.register, file, known.complete_from)
    is_as_it_made_it = all(one.kind is Kind.UNCHANGED for one in proposal.differences)
    if known.applied_at is not None and is_as_it_made_it:
        return replace(proposal, digest=digest)
    if proposal.digest != digest:
        raise Conflict(
            "RATES-STALE",
            "提案展示之后税率表已有变化，请重新提案",
            "the register has changed since this was shown; propose the file again",
        )
    store.write(tx, proposal, who, at)
    return proposal


def _proposed(tx: Transaction, register: Register, file: bytes, complete_from: date | None) -> Proposal:
    """What a file would do to a register as it is."""
    kept, version = store.kept(tx, register), store.version(tx, register)
    return rules.propose(register, file, kept, complete_from, version)


def seed(tx: Transaction, *, who: str, at: datetime) -> list[Proposal]:
    """Fill each empty register with the rates and goods that are shipped; one that holds anything is left alone."""
    applied = []
    for register, name in SEEDS.items():
        if store.kept(tx, register):
            continue
        file = data_root().joinpath("cn", name).read_bytes()
        proposal = propose(tx, register, file, who=who, at=at)
        assert proposal.digest is not None, f"{name}: {proposal.errors[:3]}"
        applied.append(apply(tx, proposal.digest, who=who, at=at))
    return applied
