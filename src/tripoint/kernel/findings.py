"""What is wrong with a paper: a value that reaches the receipt, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding does to the paper it is about; the regime's data may set another than the check's own."""

    OFF = "off"
    NOTE = "note"
    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken rule: which, where, both values. Texts and source stand in `regimes/data/cn/findings.toml`."""

    code: str
    severity: Severity
    field: str
    value: str | None = None
    compares: str | None = None
    other: str | None = None
    line_no: int | None = None
