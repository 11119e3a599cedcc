"""What each finding's code says to people: both texts, the repair, the consequence, the source, the wire's own code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

from tripoint.kernel.findings import Severity
from tripoint.kernel.text import Text
from tripoint.regimes.load import LawFault, data_root, day_of, take, text_of, word_of

_OPTIONAL = ("wire_code", "wire_text", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingText:
    """A finding's public promise: its code is never given another meaning."""

    code: str
    text: Text
    repair: Text
    severity: Severity
    since: date
    source: str
    wire_code: str | None = None
    wire_text: str | None = None
    status: str | None = None


def finding_text(code: str, table: Mapping[str, Any], where: str) -> FindingText:
    """One entry of findings.toml; raises LawFault for a missing text, an unknown key or an unknown severity."""
    spot = f"{where}[{code}]"
    take(table, spot, ("zh", "en", "repair", "severity", "source", "since"), _OPTIONAL)
    if table["severity"] not in set(Severity):
        raise LawFault(f"{spot}.severity: {table['severity']!r} is none of {', '.join(Severity)}")
    extra = {key: word_of(table, key, spot) for key in _OPTIONAL if key in table}
    return FindingText(
        code=code,
        text=text_of({"zh": table["zh"], "en": table["en"]}, spot),
        repair=text_of(table["repair"], f"{spot}.repair"),
        severity=Severity(table["severity"]),
        since=day_of(table, "since", spot),
        source=word_of(table, "source", spot),
        **extra,
    )


def read_findings(root: Traversable) -> dict[str, FindingText]:
    """Every code of every `*/findings.toml` below the root; raises LawFault where a code stands twice."""
    found: dict[str, FindingText] = {}
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        file = folder.joinpath("findings.toml")
        if not folder.is_dir() or not file.is_file():
            continue
        where = f"{folder.name}/findings.toml"
        try:
            tables = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as fault:  # TOML itself refuses a key that stands twice in one file
            raise LawFault(f"{where}: {fault}") from fault
        for code, table in tables.items():
            if code in found:
                raise LawFault(f"{where}: {code} stands twice")
            if not isinstance(table, dict):
                raise LawFault(f"{where}: {code} is not an entry")
            found[code] = finding_text(code, table, where)
    return found


@cache
def load_findings() -> dict[str, FindingText]:
    """Every finding the package knows, by code."""
    return read_findings(data_root())
