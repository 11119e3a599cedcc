"""What the register keeps: a rate, a line of goods allowed, and the differences a file would make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from tripoint.kernel.text import Text


class Register(StrEnum):
    """Which of the two sets a file is for."""

    RATES = "rates"
    GOODS = "goods"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one goods code bears from a day on: parts per million, and e5 yuan per unit; its legal units."""

    hs_code: str
    since: date
    until: date | None
    name_zh: str
    name_en: str
    unit_1: str
    unit_2: str | None
    duty_ppm: int
    vat_ppm: int
    ct_ppm: int
    ct_specific: int | None
    ct_specific_unit: str | None
    ct_condition: str | None
    source: str

    @property
    def code(self) -> str:
        """What the row is about."""
        return self.hs_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """One tariff line of eight digits that may come in from a day on, and by which modes."""

    hs_prefix: str
    since: date
    until: date | None
    modes: str
    name_zh: str
    name_en: str
    note_zh: str | None
    note_en: str | None
    source: str

    @property
    def code(self) -> str:
        """What the row is about."""
        return self.hs_prefix


Entry = Rate | Goods


@dataclass(frozen=True, slots=True, kw_only=True)
class LineError:
    """What is wrong in one line of a file; the head of the file is line 1."""

    line: int
    field: str
    text: Text


class Kind(StrEnum):
    """What a file does to one row."""

    ADDED = "added"
    CHANGED = "changed"
    ENDED = "ended"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row before and after; `before` is the same row, or what held the day before it begins."""

    kind: Kind
    before: Entry | None
    after: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a file would do; it can be confirmed by its digest, unless it has errors (then there is no digest)."""

    register: Register
    digest: str | None
    file_digest: str
    complete_from: date | None
    differences: tuple[Difference, ...]
    errors: tuple[LineError, ...]

    def count(self, kind: Kind) -> int:
        """How many rows the file does this to."""
        return sum(1 for difference in self.differences if difference.kind is kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One file in the register's history."""

    digest: str
    register: Register
    file_digest: str
    complete_from: date | None
    proposed_by: str
    proposed_at: datetime
    applied_by: str | None
    applied_at: datetime | None
