"""Reads a file of rates or goods: every error by its line, and nothing taken by assumption."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from stdnum.exceptions import ValidationError

from tripoint.kernel.identifiers import hs_code
from tripoint.kernel.money import parse_e5
from tripoint.kernel.text import Text
from tripoint.regimes.codes import load_codes
from tripoint.regimes.load import load_regimes
from tripoint.registers.rates.records import Entry, Goods, LineError, Rate, Register

CONDITIONS = ("high_end_cosmetics", "luxury_watch")
"""When consumption tax falls only above a price; the prices stand in the law's files."""

RATE_COLUMNS = [
    "hs_code",
    "name_zh",
    "name_en",
    "unit_1",
    "unit_2",
    "duty",
    "vat",
    "consumption_tax",
    "ct_specific",
    "ct_specific_unit",
    "ct_condition",
    "since",
    "until",
    "source",
]
GOODS_COLUMNS = ["hs_prefix", "modes", "name_zh", "name_en", "note_zh", "note_en", "since", "until", "source"]
COLUMNS = {Register.RATES: RATE_COLUMNS, Register.GOODS: GOODS_COLUMNS}

_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?) ?%", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
T = TypeVar("T")


class Wrong(ValueError):
    """One field that cannot be taken, said in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def parse(register: Register, raw: bytes) -> tuple[list[tuple[int, Entry]], list[LineError]]:
    """The rows of a file with their lines, and its errors; with an error the rows are not to be used."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        return [], [LineError(line=line, field="", text=Text("不是 UTF-8 编码", "is not UTF-8"))]
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        return [], [
            LineError(line=line, field="", text=Text("含有字符 U+0000", "holds the character U+0000"))
        ]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, Entry]] = []
    errors: list[LineError] = []
    try:
        head = next(reader, [])
        errors += _head(head, COLUMNS[register])
        if not errors:
            for fields in reader:
                _take(register, reader.line_num, head, fields, rows, errors)
    except csv.Error as fault:
        errors.append(
            LineError(line=reader.line_num, field="", text=Text(f"不是 CSV：{fault}", f"is not CSV: {fault}"))
        )
    return rows, errors


def _head(head: list[str], wanted: list[str]) -> Iterator[LineError]:
    for name in wanted:
        if head.count(name) != 1:
            yield LineError(
                line=1, field=name, text=Text("表头须有且仅有一次", "must stand once in the head")
            )
    for name in head:
        if name not in wanted:
            yield LineError(line=1, field=name, text=Text("未知的列", "is an unknown column"))


def _take(
    register: Register,
    line: int,
    head: list[str],
    fields: list[str],
    rows: list[tuple[int, Entry]],
    errors: list[LineError],
) -> None:
    if not any(field.strip() for field in fields):
        return
    if len(fields) != len(head):
        said = Text(f"有 {len(fields)} 列，应为 {len(head)} 列", f"has {len(fields)} fields, not {len(head)}")
        errors.append(LineError(line=line, field="", text=said))
        return
    reader = Fields(dict(zip(head, (field.strip() for field in fields), strict=True)), line)
    entry = _rate(reader) if register is Register.RATES else _goods(reader)
    if reader.errors:
        errors += reader.errors
    elif entry is not None:
        rows.append((line, entry))


class Fields:
    """One line's fields; what is wrong is collected, so that one reading names it all."""

    def __init__(self, row: Mapping[str, str], line: int) -> None:
        self._row = row
        self._line = line
        self.errors: list[LineError] = []

    def get(self, name: str, read: Callable[[str], T], default: T) -> T:
        """A field that must be there; the default stands in while errors are collected."""
        if not self._row[name]:
            self.wrong(name, Text("缺少", "is missing"))
            return default
        return self.maybe(name, read, default)

    def maybe(self, name: str, read: Callable[[str], T], default: T) -> T:
        """A field that may be empty: then the default."""
        raw = self._row[name]
        if not raw:
            return default
        try:
            return read(raw)
        except Wrong as fault:
            self.wrong(name, fault.text)
            return default

    def wrong(self, name: str, text: Text) -> None:
        """Note an error in this line."""
        self.errors.append(LineError(line=self._line, field=name, text=text))


def _rate(fields: Fields) -> Rate | None:
    specific: int | None = fields.maybe("ct_specific", _amount, None)
    specific_unit: str | None = fields.maybe("ct_specific_unit", _unit, None)
    if (specific is None) != (specific_unit is None) and not fields.errors:
        fields.wrong("ct_specific_unit", Text("从量税额与单位须同时填写", "amount and unit go together"))
    since, until = _span(fields)
    entry = Rate(
        hs_code=fields.get("hs_code", _hs_code, ""),
        since=since,
        until=until,
        name_zh=fields.get("name_zh", str, ""),
        name_en=fields.get("name_en", str, ""),
        unit_1=fields.get("unit_1", _unit, ""),
        unit_2=fields.maybe("unit_2", _unit, None),
        duty_ppm=fields.get("duty", _duty, 0),
        vat_ppm=fields.get("vat", _share, 0),
        ct_ppm=fields.get("consumption_tax", _share, 0),
        ct_specific=specific,
        ct_specific_unit=specific_unit,
        ct_condition=fields.maybe("ct_condition", _condition, None),
        source=fields.get("source", str, ""),
    )
    return None if fields.errors else entry


def _goods(fields: Fields) -> Goods | None:
    since, until = _span(fields)
    note_zh: str | None = fields.maybe("note_zh", str, None)
    note_en: str | None = fields.maybe("note_en", str, None)
    if (note_zh is None) != (note_en is None):
        fields.wrong("note_en", Text("备注须有中英文", "a note is given in both languages"))
    entry = Goods(
        hs_prefix=fields.get("hs_prefix", _hs_prefix, ""),
        since=since,
        until=until,
        modes=fields.get("modes", _modes, ""),
        name_zh=fields.get("name_zh", str, ""),
        name_en=fields.get("name_en", str, ""),
        note_zh=note_zh,
        note_en=note_en,
        source=fields.get("source", str, ""),
    )
    return None if fields.errors else entry


def _span(fields: Fields) -> tuple[date, date | None]:
    since = fields.get("since", _day, date.min)
    until: date | None = fields.maybe("until", _day, None)
    if until is not None and since != date.min and until < since:
        fields.wrong("until", Text("早于 since", "is before since"))
    return since, until


def _day(raw: str) -> date:
    if _DAY.fullmatch(raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    raise Wrong("须为 YYYY-MM-DD 日期", "must be a day as YYYY-MM-DD")


def _duty(raw: str) -> int:
    match = _PERCENT.fullmatch(raw)
    if match is None:
        raise Wrong("须为百分数，如 13 %", "must be a percentage such as 13 %")
    ppm = parse_e5(match[1]) // 10
    if ppm > 10_000_000:
        raise Wrong("不得超过 1000 %", "must not exceed 1000 %")
    return ppm


def _share(raw: str) -> int:
    ppm = _duty(raw)
    if ppm >= 1_000_000:
        raise Wrong("须小于 100 %", "must be below 100 %")
    return ppm


def _amount(raw: str) -> int:
    try:
        amount = parse_e5(raw)
    except ValueError:
        raise Wrong("不是金额", "is not an amount") from None
    if amount <= 0:
        raise Wrong("须大于 0", "must be greater than 0")
    return amount


def _hs_code(raw: str) -> str:
    try:
        return hs_code.validate(raw)
    except ValidationError:
        raise Wrong("不是 10 位商品编码", "is not a goods code of ten digits") from None


def _hs_prefix(raw: str) -> str:
    if len(raw) != 8 or not hs_code.is_valid(raw + "00"):
        raise Wrong("不是 8 位税则号列", "is not a tariff line of eight digits")
    return raw


def _unit(raw: str) -> str:
    if raw not in load_codes("units").codes:
        raise Wrong("计量单位代码不存在", "is not a customs unit code")
    return raw


def _condition(raw: str) -> str:
    if raw not in CONDITIONS:
        raise Wrong(f"须为 {'、'.join(CONDITIONS)} 之一", f"must be one of {', '.join(CONDITIONS)}")
    return raw


def _modes(raw: str) -> str:
    modes = raw.split()
    known = load_regimes().by_mode
    if any(mode not in known for mode in modes):
        raise Wrong(f"监管方式须为 {'、'.join(sorted(known))}", f"modes are {', '.join(sorted(known))}")
    return " ".join(sorted(set(modes)))
