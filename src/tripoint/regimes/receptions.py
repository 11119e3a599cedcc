"""What a sender is told whose paper is not taken: status and text by kind of paper and reason (specification 2022-05, table 7-2)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache

from tripoint.regimes.load import data_root


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionText:
    """The status (negative) and the text of one refusal; the text may have {key} and {detail}."""

    status: str
    text_zh: str
    source: str


@cache
def load_receptions() -> dict[tuple[str, str], ReceptionText]:
    """Every refusal by (kind of paper, reason)."""
    file = data_root().joinpath("cn", "receptions.csv").read_text(encoding="utf-8")
    return {
        (row["kind"], row["reception"]): ReceptionText(
            status=row["status"], text_zh=row["text_zh"], source=row["source"]
        )
        for row in csv.DictReader(io.StringIO(file))
    }
