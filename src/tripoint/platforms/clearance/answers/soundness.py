"""What papers say wrong by themselves: orders, payments and waybills are told so at once, whatever becomes of their list (pure)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tripoint.kernel.findings import Severity
from tripoint.pipeline import receipts, validity
from tripoint.pipeline.check import FINDINGS, Check, find
from tripoint.platforms.clearance.records import KIND_OF, Bench, Kind

JUDGED = ("order", "payment", "waybill")
"""The kinds that are judged by themselves."""

_PLACE = ["message_id", "position"]
_HEAD_CHECKS = tuple(check for check in validity.CHECKS if not check.each_line)
_LINE_CHECKS = tuple(check for check in validity.CHECKS if check.each_line)


def refused_by_themselves(papers: Mapping[str, pl.DataFrame], bench: Bench) -> pl.DataFrame | None:
    """What is to be refused in papers by themselves: message_id, position, text; None where there is nothing."""
    found = [told for name in JUDGED if (told := _of_kind(KIND_OF[name], papers, bench)) is not None]
    return pl.concat(found) if found else None


def _of_kind(kind: Kind, papers: Mapping[str, pl.DataFrame], bench: Bench) -> pl.DataFrame | None:
    heads, lines = papers.get(kind.table), papers.get(kind.lines) if kind.lines else None
    if heads is None or heads.is_empty():
        return None
    findings = _find(heads, kind.name, _HEAD_CHECKS)
    if lines is not None and lines.height:
        of_lines = _find(lines, f"{kind.name}_line", _LINE_CHECKS)
        if of_lines.height:
            findings = pl.concat([findings, _by_head(of_lines, heads, lines)])
    refusing = _refusing(findings, bench) if findings.height else findings
    if refusing.is_empty():
        return None
    texts = receipts.finding_texts(refusing, bench.texts, bench.labels)
    return heads.select_seq(_PLACE)[texts["row"]].with_columns_seq(texts["text"])


def _find(frame: pl.DataFrame, prefix: str, checks: tuple[Check, ...]) -> pl.DataFrame:
    """The findings in a table (shape FINDINGS) of checks that need nothing else; `row` is the place in it."""
    named = frame.with_row_index("row")
    named.columns = ["row", *(f"{prefix}.{name}" for name in frame.columns)]
    if "line_no" in frame.columns:
        named = named.hstack([frame["line_no"]])
    return find(named, checks).cast(pl.Schema(FINDINGS))


def _by_head(of_lines: pl.DataFrame, heads: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Findings of lines, `row` the place of their paper."""
    owners = lines.select_seq(_PLACE)[of_lines["row"]].join(
        heads.select_seq(_PLACE).with_row_index("owner"), on=_PLACE, how="left", maintain_order="left"
    )["owner"]
    return of_lines.with_columns_seq(owners.cast(pl.Int64).alias("row")).filter(pl.col("row").is_not_null())


def _refusing(findings: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """The findings that refuse a paper under any mode of supervision, in the law's order.

    What `decision.weigh` says of a set without a mode, for a handful of rows.
    """
    last = len(bench.ranks)
    found = [
        (row, bench.ranks.get(code, last), code, line_no is None, line_no or 0, field, place)
        for place, (row, code, line_no, field) in enumerate(
            findings.select_seq("row", "code", "line_no", "field").iter_rows()
        )
        if bench.severities["", code] == Severity.REFUSE
    ]
    return findings[[place for *_, place in sorted(found)]]
