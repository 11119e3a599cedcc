"""Law as data: every number with the day it began and the text it comes from; the public names of this floor."""

from tripoint.regimes.asof import by_mode, expression, value_on
from tripoint.regimes.codes import CodeTable, load_codes
from tripoint.regimes.findings import FindingText, load_findings
from tripoint.regimes.load import LawFault, load_regimes
from tripoint.regimes.model import (
    Allowance,
    CosmeticsLaw,
    Dated,
    DatedValue,
    FieldRules,
    LegalText,
    ParcelLaw,
    Regime,
    Regimes,
    WatchLaw,
)

__all__ = [
    "Allowance",
    "CodeTable",
    "CosmeticsLaw",
    "Dated",
    "DatedValue",
    "FieldRules",
    "FindingText",
    "LawFault",
    "LegalText",
    "ParcelLaw",
    "Regime",
    "Regimes",
    "WatchLaw",
    "by_mode",
    "expression",
    "load_codes",
    "load_findings",
    "load_regimes",
    "value_on",
]
