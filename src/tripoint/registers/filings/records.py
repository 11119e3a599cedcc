"""What is filed about those who take part: GACC notices 2016-26 and 2018-194 want each of them registered with customs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from tripoint.kernel.refusals import Conflict, Malformed
from tripoint.kernel.text import Text


class Role(StrEnum):
    """What an enterprise is filed to do; the wire calls them ebp, ebc, pay, logistics, agent, assure, area and operator."""

    MARKETPLACE = "marketplace"
    MERCHANT = "merchant"
    PAYMENT_PROVIDER = "payment_provider"
    CARRIER = "carrier"
    DECLARANT = "declarant"
    GUARANTOR = "guarantor"
    WAREHOUSE = "warehouse"
    PLACE_OPERATOR = "place_operator"


class EntrustedPaper(StrEnum):
    """The papers an express or postal firm may send for their owner when entrusted in writing (notice 2016-26)."""

    ORDERS = "orders"
    PAYMENTS = "payments"


class KeyKind(StrEnum):
    """The two kinds of key a signing certificate holds here."""

    RSA = "rsa"
    SM2 = "sm2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """A filed enterprise; `until` is the last day the filing holds."""

    enterprise_code: str
    name: str
    roles: frozenset[Role]
    realtime_payment_data: bool
    since: date
    until: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateText:
    """A certificate as a document carries it: PEM that nobody has parsed yet."""

    enterprise_code: str
    pem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A parsed signing certificate and the one enterprise it belongs to; fingerprint: SHA-256 of `der`, small hex."""

    fingerprint: str
    enterprise_code: str
    serial: str
    der: bytes
    key_kind: KeyKind
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledCertificate:
    """A certificate as the register keeps it."""

    certificate: Certificate
    added_at: datetime
    revoked_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrustment:
    """`sender_code` may send papers of this kind for `owner_code`, on the days from `since` to `until`."""

    sender_code: str
    owner_code: str
    paper_kind: EntrustedPaper
    since: date
    until: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPerson:
    """A buyer whose identity a state authority has verified; he need not be the payer."""

    person_id: str
    person_name: str
    verified_on: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A guarantee lodged, in column units; for the ledger, which this register never touches.

    `reference` names the matter; without one it is the guarantee the enterprise begins with, and counts once.
    """

    guarantor_code: str
    amount: int
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnualUse:
    """What a person has used of a year's limit elsewhere, in column units; for the clearance platform."""

    person_id: str
    year: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingsDocument:
    """A whole `filings.json`, read; `generated` marks a made-up world."""

    generated: bool
    enterprises: tuple[Enterprise, ...]
    certificates: tuple[CertificateText, ...]
    entrustments: tuple[Entrustment, ...]
    verified_persons: tuple[VerifiedPerson, ...]
    deposits: tuple[Deposit, ...]
    annual_used: tuple[AnnualUse, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a document; the path reads like `enterprises[3].since`."""

    path: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a document did to one kind of filing: the keys added and changed, in order, and how many stayed."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a document did to the register, and the register's version afterwards."""

    version: int
    enterprises: Tally
    certificates: Tally
    entrustments: Tally
    verified_persons: Tally

    @property
    def is_unchanged(self) -> bool:
        """Whether the document said nothing new."""
        tallies = (self.enterprises, self.certificates, self.entrustments, self.verified_persons)
        return not any(tally.added or tally.changed for tally in tallies)


class FaultyFilings(Malformed):
    """The document cannot be loaded; `problems` names every fault by its path."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        listed_zh = "；".join(f"{problem.path}: {problem.text.zh}" for problem in problems[:5])
        listed_en = "; ".join(f"{problem.path}: {problem.text.en}" for problem in problems[:5])
        more_zh = f"；另有 {len(problems) - 5} 处" if len(problems) > 5 else ""
        more_en = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        super().__init__(
            "FILINGS-FAULTY",
            f"备案文件有 {len(problems)} 处错误，未导入任何内容：{listed_zh}{more_zh}",
            f"the filings document has {len(problems)} faults, nothing of it was loaded: {listed_en}{more_en}",
        )
        self.problems = tuple(problems)


class FilingsConflict(Conflict):
    """The document contradicts what is filed; `problems` names every place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(
            "FILINGS-CONFLICT",
            f"备案文件有 {len(problems)} 处与现有备案冲突，未导入任何内容，首处 {first.path}: {first.text.zh}",
            f"the filings document contradicts the register in {len(problems)} places, nothing of it was loaded; "
            f"the first is {first.path}: {first.text.en}",
        )
        self.problems = tuple(problems)
