"""What an enquiry answers with: plain values that any face can print or send; amounts are exact decimals in text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from tripoint.kernel.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedFinding:
    """One finding as people read it: what, where, both values, which rule of which text, and what would mend it."""

    code: str
    severity: str
    text: Text
    repair: Text
    source: str
    since: date
    field: str
    wire_field: str | None
    line_no: int | None
    value: str | None
    compares: str | None
    other: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """Duty and tax of one line in yuan, with the rates in percent they were made from."""

    line_no: int
    hs_code: str
    dutiable_value: str
    duty: str
    consumption_tax: str
    vat: str
    duty_rate: str | None
    consumption_tax_rate: str | None
    vat_rate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One thing that happened to a list: a paper arrived or was not taken, a ruling, an answer."""

    at: datetime
    kind: Literal["arrival", "fault", "decision", "receipt"]
    what: str
    details: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one list: where it stands, why, its tax, and its journal in order of time."""

    order_no: str
    marketplace_code: str
    merchant_code: str
    declarant_code: str
    carrier_code: str
    waybill_no: str
    guarantor_code: str
    customs_code: str
    supervision_mode: str
    declared_on: date
    cop_no: str | None
    pre_no: str
    list_no: str | None
    state: str
    waits_for: tuple[str, ...]
    channel: str | None
    dutiable_value: str | None
    duty: str | None
    consumption_tax: str | None
    vat: str | None
    tax: str | None
    edition: str
    received_at: datetime
    decided_at: datetime | None
    findings: tuple[ExplainedFinding, ...]
    tax_lines: tuple[TaxLine, ...]
    journal: tuple[JournalEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One list in a page of lists; `cursor` asks for the page after it."""

    order_no: str
    marketplace_code: str
    merchant_code: str
    declarant_code: str
    supervision_mode: str
    declared_on: date
    cop_no: str | None
    pre_no: str
    list_no: str | None
    state: str
    waits_for: tuple[str, ...]
    tax: str | None
    received_at: datetime
    decided_at: datetime | None
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an installation holds: messages and lists by state, the newest message kept, and whether its books are right."""

    messages: Mapping[str, int]
    newest_message_id: int | None
    newest_message_at: datetime | None
    newest_outgoing_id: int
    lists: Mapping[str, int]
    released_twice: int
    ledger_accounts: int
    ledger_transfers: int
    ledger_is_sound: bool

    @property
    def holds_true(self) -> bool:
        """Nothing was released twice, and every balance equals its entries."""
        return self.ledger_is_sound and not self.released_twice
