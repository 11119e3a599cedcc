"""What a regime is: the dated limits, shares, days and field rules of one supervision mode (监管方式).

The numbers stand in `data/*/…toml`; this module only says what shape they have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tripoint.kernel.findings import Severity
from tripoint.kernel.refusals import Unknown
from tripoint.kernel.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedValue:
    """One value of a number in law: the first day it holds, the last if it ended, and its text."""

    since: date
    until: date | None
    value: int | str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A number in law through time, newest first; `kind` says what the integers count.

    amount: Int e5 yuan; share: parts per million; count: as it stands; choice: a word.
    """

    name: Text
    kind: str
    values: tuple[DatedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalText:
    """A text the regime stands on, with the first day it holds."""

    title: str
    since: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRules:
    """Which columns of the list this mode demands, forbids or fixes (names as in `documents.columns`)."""

    required: tuple[str, ...]
    line_required: tuple[str, ...]
    forbidden: tuple[str, ...]
    equal: Mapping[str, str]
    differs: Mapping[str, str]
    since: date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much of some goods one person may bring in within a calendar year; quantity in e5 of the unit code."""

    name: Text
    hs_prefix: str
    quantity: int
    unit: str
    since: date
    until: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """The law of one supervision mode."""

    supervision_mode: str
    name: Text
    since: date
    source: str
    texts: tuple[LegalText, ...]
    single_limit: Dated
    annual_limit: Dated
    over_single_article: Dated
    duty_share: Dated
    consumption_tax_share: Dated
    vat_share: Dated
    return_apply_days: Dated
    return_arrive_days: Dated
    pay_from_days: Dated
    pay_to_days: Dated
    allowances: tuple[Allowance, ...]
    fields: FieldRules
    severity: Mapping[str, Severity]
    decision_order: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelLaw:
    """Postal-article tax (行邮税) on what comes in outside the three modes; `near_origins` have a limit of their own."""

    exempt_tax: Dated
    parcel_limit: Dated
    near_parcel_limit: Dated
    near_origins: tuple[str, ...]
    rates: tuple[Dated, ...]
    band_low_share: Dated
    band_high_share: Dated


@dataclass(frozen=True, slots=True, kw_only=True)
class CosmeticsLaw:
    """From which dutiable price per millilitre or gram, or per sheet, a cosmetic is high-end (高档化妆品)."""

    per_ml_or_g: Dated
    per_sheet: Dated
    consumption_tax_rate: Dated


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLaw:
    """From which dutiable price of one piece a watch is a luxury watch (高档手表)."""

    per_piece: Dated
    consumption_tax_rate: Dated


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimes:
    """All the law there is: one regime for each supervision mode, and the edition (a digest of the data files)."""

    by_mode: Mapping[str, Regime]
    parcel: ParcelLaw
    cosmetics: CosmeticsLaw
    watches: WatchLaw
    edition: str

    def of(self, supervision_mode: str) -> Regime:
        """The regime of a supervision mode; raises Unknown where there is none."""
        regime = self.by_mode.get(supervision_mode)
        if regime is None:
            raise Unknown(
                "REGIME-UNKNOWN",
                f"没有监管方式 {supervision_mode} 的规则",
                f"there is no regime for supervision mode {supervision_mode}",
            )
        return regime
