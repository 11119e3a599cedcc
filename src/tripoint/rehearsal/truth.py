"""What must become of each list, told from what was done to it and from the severities of the law, never by a run."""

from __future__ import annotations

from dataclasses import dataclass

from tripoint.kernel.findings import Severity
from tripoint.regimes.findings import load_findings
from tripoint.regimes.model import Regimes
from tripoint.rehearsal.anomaly import PAPER_NAMES, Anomaly
from tripoint.rehearsal.trades import Trade

RELEASED, REFUSED, HELD, WAITING, NOT_TAKEN = "released", "refused", "held", "waiting", "not_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One line of truth.jsonl; tax in yuan, None unless the list is released."""

    order_no: str
    marketplace_code: str
    outcome: str
    waits_for: str
    findings: list[str]
    anomaly: str | None
    tax: str | None


def truth_of(trade: Trade, anomaly: Anomaly | None, regimes: Regimes) -> Truth:
    """What must become of the trade's list."""
    outcome = (
        outcome_of(anomaly, trade.declaration_list.head["supervision_mode"], regimes) if anomaly else RELEASED
    )
    waits = [name for name in PAPER_NAMES if anomaly and name in anomaly.waits_for]
    return Truth(
        order_no=trade.order.head["order_no"],
        marketplace_code=trade.order.head["marketplace_code"],
        outcome=outcome,
        waits_for=",".join(waits),
        findings=list(anomaly.codes) if anomaly else [],
        anomaly=anomaly.name if anomaly else None,
        tax=f"{trade.tax:.2f}" if outcome == RELEASED else None,
    )


def outcome_of(anomaly: Anomaly, mode: str, regimes: Regimes) -> str:
    """The outcome that follows from the severities: refused, then waiting, then held, then released."""
    if not anomaly.is_taken:
        return NOT_TAKEN
    weights = {severity_of(code, mode, regimes) for code in anomaly.told}
    if Severity.REFUSE in weights:
        return REFUSED
    if anomaly.waits_for:
        return WAITING
    return HELD if Severity.HOLD in weights else RELEASED


def severity_of(code: str, mode: str, regimes: Regimes) -> Severity:
    """What a finding does to a list in its mode."""
    regime = regimes.by_mode.get(mode)
    if regime is not None and code in regime.severity:
        return regime.severity[code]
    return load_findings()[code].severity
