"""The registry of everything that can go wrong, and the codes it leaves to others, with the reason."""

from __future__ import annotations

from tripoint.rehearsal.anomaly import Anomaly, registry
from tripoint.rehearsal.histories import HISTORIES
from tripoint.rehearsal.mismatches import MISMATCHES
from tripoint.rehearsal.misprints import MISPRINTS
from tripoint.rehearsal.misstatements import AMOUNTS, CODES, GOODS, LIMITS, MODES
from tripoint.rehearsal.seals import SEALS

ANOMALIES: tuple[Anomaly, ...] = registry(
    (MISMATCHES, AMOUNTS, CODES, MODES, GOODS, LIMITS, HISTORIES, SEALS, MISPRINTS)
)
"""Every anomaly, in the order a rehearsal takes them."""

LEFT_OUT = {
    "MODE-12": "off unless the operator asks for it, and told by the day of arrival",
    "CODE-04": "another currency than the yuan breaks the schema: FIELD-14 comes first",
    "FIELD-29": "only receipts and tax bills carry such fields",
    **{f"WIRE-{number:02d}": "the whole message is unreadable; see tests/messages" for number in range(21)},
    "VERSION-01": "told or not by the order of arrival, which a rehearsal leaves open",
    "VERSION-02": "the version that counts would depend on the order of arrival",
    "VERSION-03": "needs a message sent after release",
    "VERSION-04": "needs the numbers given in a receipt",
    "VERSION-05": "needs the numbers given in a receipt",
    "VERSION-06": "told or not by the day on which the rehearsal is sent",
    "CANCEL-01": "needs a message sent after release",
    "CANCEL-02": "needs a message sent after release",
    "RETURN-01": "needs a message sent after release",
    "RETURN-02": "needs a message sent after release",
    "RETURN-03": "needs a message sent after release",
    "RETURN-04": "needs a message sent after release",
    "RETURN-05": "needs a message sent after release",
    "RETURN-06": "needs a message sent after release",
}
"""Codes of `findings.toml` that no anomaly brings about, and why."""


def playable(*, is_signed: bool) -> tuple[Anomaly, ...]:
    """The anomalies that can show: those of signatures only where messages are signed."""
    return tuple(anomaly for anomaly in ANOMALIES if is_signed or not anomaly.needs_signatures)
