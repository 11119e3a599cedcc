"""The code tables of the trade (countries, currencies, units, districts …), as shipped; origins in data/cn/codes/README.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tripoint.kernel.refusals import Unknown
from tripoint.kernel.text import Text
from tripoint.regimes.load import data_root


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTable:
    """One code table: its codes, their names in both languages, and every column of the file by code."""

    name: str
    codes: frozenset[str]
    names: Mapping[str, Text]
    rows: Mapping[str, Mapping[str, str]]

    def name_of(self, code: str) -> Text | None:
        """The names of a code; None where the table lacks it."""
        return self.names.get(code)


@cache
def load_codes(name: str) -> CodeTable:
    """A code table by name (`countries`, `units`, …); raises Unknown where there is none."""
    file = data_root().joinpath("cn", "codes", f"{name}.csv")
    if not name.isidentifier() or not file.is_file():
        raise Unknown("CODES-UNKNOWN", f"没有代码表 {name}", f"there is no code table {name}")
    rows: dict[str, Mapping[str, str]] = {}
    for row in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))):
        code = row["code"]
        assert code not in rows, f"{name}: {code} stands twice"
        rows[code] = row
    names = {code: Text(row["name_zh"], row.get("name_en") or row["name_zh"]) for code, row in rows.items()}
    return CodeTable(name=name, codes=frozenset(rows), names=names, rows=rows)
