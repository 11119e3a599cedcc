"""Reads the plain inputs of a case: exact numbers and days out of text, each refusal naming its field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from tripoint.kernel.refusals import Malformed

_NUMBER = re.compile(r"[+-]?\d{1,19}(\.\d{1,18})?", re.ASCII)
_REMARKS = frozenset({"id", "note", "description", "name", "goods_name", "hs_code"})


class Inputs:
    """One table of inputs; what nobody asked for by the end is refused, so that a misspelt field is not ignored."""

    def __init__(self, table: object, path: str = "inputs") -> None:
        if not isinstance(table, Mapping):
            raise self._malformed(path, "须为对象", "must be an object")
        self._table: Mapping[str, Any] = table
        self._path = path
        self._asked: set[str] = set()

    def has(self, name: str) -> bool:
        """Does the case state this field (null counts as not stated)."""
        self._asked.add(name)
        return self._table.get(name) is not None

    def number(
        self, name: str, default: str | None = None, *, least: int | None = 0, most: int | None = None
    ) -> Fraction:
        """An exact number from text or a whole number; binary fractions are refused."""
        raw = self._raw(name, default)
        if isinstance(raw, bool | float) or not isinstance(raw, int | str):
            raise self._at(
                name, "金额和比率须为文本，不得为浮点数", "must be a decimal in text, never a float"
            )
        text = str(raw)
        if not _NUMBER.fullmatch(text):
            raise self._at(name, "不是十进制数", "is not a decimal number")
        value = Fraction(text)
        if least is not None and value < least:
            raise self._at(name, f"不得小于 {least}", f"must not be less than {least}")
        if most is not None and value > most:
            raise self._at(name, f"不得大于 {most}", f"must not be greater than {most}")
        return value

    def share(self, name: str, default: str | None = None) -> Fraction:
        """A rate from 0 to below 1, such as 0.13."""
        value = self.number(name, default)
        if value >= 1:
            raise self._at(name, "税率须小于 1（13% 写作 0.13）", "must be below 1 (13 % is written 0.13)")
        return value

    def whole(self, name: str, default: str | None = None, *, least: int = 1) -> int:
        """A whole number."""
        value = self.number(name, default, least=least)
        if value.denominator != 1:
            raise self._at(name, "须为整数", "must be a whole number")
        return int(value)

    def day(self, name: str) -> date:
        """A day as YYYY-MM-DD."""
        raw = self._raw(name, None)
        if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw, re.ASCII):
            try:
                return date.fromisoformat(raw)
            except ValueError:
                pass
        raise self._at(name, "须为 YYYY-MM-DD 日期", "must be a day as YYYY-MM-DD")

    def day_or(self, name: str, default: date) -> date:
        """A day, or the default where none is stated."""
        return self.day(name) if self.has(name) else default

    def word(self, name: str, choices: Sequence[str]) -> str:
        """One of a closed set of words."""
        raw = self._raw(name, None)
        if raw not in choices:
            said = "、".join(choices)
            raise self._at(name, f"须为 {said} 之一", f"must be one of {', '.join(choices)}")
        return str(raw)

    def country(self, name: str) -> str:
        """A country or region as its two or three ISO 3166 letters."""
        raw = self._raw(name, None)
        if not isinstance(raw, str) or not re.fullmatch(r"[A-Z]{2,3}", raw):
            raise self._at(
                name, "须为国别代码（两位或三位字母）", "must be the two or three letters of a country"
            )
        return raw

    def tables(self, name: str) -> list[Inputs]:
        """A list of tables, at least one."""
        raw = self._raw(name, None)
        if not isinstance(raw, list | tuple) or not raw:
            raise self._at(name, "须为非空数组", "must be a list with at least one entry")
        return [Inputs(row, f"{self._path}.{name}[{index}]") for index, row in enumerate(raw)]

    def done(self) -> None:
        """Refuse fields that no rule reads; plain remarks are let pass."""
        for name in self._table:
            if name not in self._asked and name not in _REMARKS:
                raise self._at(str(name), "没有规则使用此字段", "is read by no rule")

    def refuse(self, name: str, zh: str, en: str) -> Malformed:
        """A refusal that names this field, for a rule between fields."""
        return self._at(name, zh, en)

    def _raw(self, name: str, default: str | None) -> Any:
        if self.has(name):
            return self._table[name]
        if default is None:
            raise self._at(name, "缺少", "is missing")
        return default

    def _at(self, name: str, zh: str, en: str) -> Malformed:
        return self._malformed(f"{self._path}.{name}", zh, en)

    @staticmethod
    def _malformed(path: str, zh: str, en: str) -> Malformed:
        return Malformed("ASSESS-INPUT", f"{path}：{zh}", f"{path} {en}")
