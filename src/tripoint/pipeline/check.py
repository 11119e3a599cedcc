"""What a check is: an expression over a whole set, true where a rule is broken; and how findings are made of it.

Sets have one row per declaration list (columns `list.x`, `order.x`, `payment.x`, `waybill.x`, `facts.x`) or one row per
line (`line.x`, `order_line.x`, `rate.x` beside the list's). `row` names the list within the set.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.documents.columns import TABLES, Kind
from tripoint.kernel.clock import CHINA
from tripoint.kernel.money import format_e5

PAPERS = {
    "list": "lists",
    "order": "orders",
    "payment": "payments",
    "waybill": "waybills",
    "line": "list_lines",
    "order_line": "order_lines",
}
"""The table each prefix of a column stands for."""

PERSONAL = frozenset({"buyer_id", "payer_id"})
TELEPHONES = frozenset({"buyer_telephone", "consignee_telephone", "telephone"})

FINDINGS = {
    "row": pl.Int64(),
    "code": pl.String(),
    "field": pl.String(),
    "line_no": pl.Int32(),
    "value": pl.String(),
    "compares": pl.String(),
    "other": pl.String(),
}
"""The columns of a set of findings; values are as people read them, personal numbers masked."""

NO_FINDINGS = pl.DataFrame(schema=FINDINGS)


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: its code, where it looks, and the expression that is true where it is broken."""

    code: str
    field: str
    compares: str | None
    rule: str
    broken: Callable[[], pl.Expr]

    @property
    def each_line(self) -> bool:
        """Whether the rule is about lines, not about the list as a whole."""
        return self.field.startswith(("line.", "order_line."))


def check(code: str, *, field: str, compares: str | None = None) -> Callable[[Callable[[], pl.Expr]], Check]:
    """Make a check of a function without arguments; its docstring is the rule in one sentence."""

    def make(broken: Callable[[], pl.Expr]) -> Check:
        rule = (broken.__doc__ or "").strip()
        assert rule, f"{code} says no rule"
        return Check(code, field, compares, rule, broken)

    return make


def find(frame: pl.DataFrame, checks: Iterable[Check]) -> pl.DataFrame:
    """Findings of every check whose columns the set has; shape FINDINGS, in order of the checks, then of the rows."""
    usable, looks = _looks(tuple(checks), frozenset(frame.columns))
    if frame.is_empty() or not usable:
        return NO_FINDINGS
    broken = frame.select_seq(looks)
    struck = broken.select_seq(pl.all().any()).row(0)
    parts = [
        _rows(_struck(frame, broken[str(n)], usable[n]), usable[n])
        for n, any_broken in enumerate(struck)
        if any_broken
    ]
    return pl.concat(parts) if parts else NO_FINDINGS


@functools.cache
def _looks(checks: tuple[Check, ...], have: frozenset[str]) -> tuple[list[Check], list[pl.Expr]]:
    """Those of the checks whose columns a set has, and an expression for each; made once for all sets of one shape."""
    usable = [check for check in checks if _expression(check)[1] <= have]
    # A code may stand on several fields; the position keeps the names apart.
    return usable, [_expression(check)[0].alias(str(n)) for n, check in enumerate(usable)]


def _struck(frame: pl.DataFrame, broken: pl.Series, check: Check) -> pl.DataFrame:
    """The rows a check struck, with no more columns than its findings show."""
    shown = {"row", "line_no", check.field, check.compares}
    return frame.select_seq(name for name in frame.columns if name in shown).filter(broken)


@functools.cache
def _expression(check: Check) -> tuple[pl.Expr, frozenset[str]]:
    """A check's expression, true or false for every row, and the columns it looks at; built once."""
    broken = check.broken()
    return broken.fill_null(value=False), frozenset(broken.meta.root_names())


def _rows(struck: pl.DataFrame, check: Check) -> pl.DataFrame:
    """The findings of one check for the rows it struck."""
    lines = (
        struck["line_no"]
        if check.each_line
        else pl.Series("line_no", [None] * struck.height, dtype=pl.Int32())
    )
    return pl.DataFrame(
        {
            "row": struck["row"],
            "code": [check.code] * struck.height,
            "field": [check.field] * struck.height,
            "line_no": lines,
            "value": shown(struck, check.field),
            "compares": [check.compares] * struck.height,
            "other": shown(struck, check.compares) if check.compares else [None] * struck.height,
        },
        schema=FINDINGS,
    )


def shown(frame: pl.DataFrame, path: str) -> Sequence[str | None]:
    """A column as people may read it: amounts in decimals, times of China, personal numbers masked."""
    if path not in frame.columns:
        return [None] * frame.height
    prefix, _, name = path.partition(".")
    table = TABLES.get(PAPERS.get(prefix, ""))
    kind = table.columns.get(name) if table else None
    return [_show(value, name, kind) for value in frame[path].to_list()]


def _show(value: Any, name: str, kind: Kind | None) -> str | None:
    if value is None:
        return None
    if kind is Kind.AMOUNT:
        return format_e5(value)
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    if name in PERSONAL:
        return mask(text, 6, 4)
    return mask(text, 3, 4) if name in TELEPHONES else text


def mask(text: str, head: int, tail: int) -> str:
    """Keep the first and last characters only; short texts are hidden whole."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]
