"""Comparing what became of lists with what a rehearsal says must become of them (`truth.jsonl`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tripoint.faces.cli.collecting import not_read
from tripoint.faces.cli.words import NOT_TAKEN
from tripoint.kernel.money import format_e5, parse_e5
from tripoint.kernel.refusals import Malformed, Unknown

if TYPE_CHECKING:
    import polars as pl

    from tripoint.app import Engine

COMPARED_OF_PAPERS = ("FIELD-", "SIGN-")
"""Codes told about papers that were not taken; VERSION-* depend on the order of arrival and are not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a list, or must: outcome, the papers it waits for, the codes told, its tax in yuan."""

    outcome: str
    waits_for: str
    findings: tuple[str, ...]
    tax: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A list that came out otherwise; `differs` names what did."""

    order_no: str
    marketplace_code: str
    anomaly: str | None
    differs: tuple[str, ...]
    expected: Fate
    actual: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One line of the truth."""

    order_no: str
    marketplace_code: str
    anomaly: str | None
    fate: Fate


def read_truth(path: Path) -> Iterator[Expected]:
    """The lines of a truth file; raises Malformed with the line's number, and Unknown."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _expected(line, number, path)
    except OSError as error:
        said = not_read(path, error).text
        raise Unknown("FILE", f"{path}：{said.zh}", f"{path}: {said.en}") from error


def refuse_no_truth(path: Path) -> None:
    """Raises Malformed or Unknown where a first line cannot be had, before anything is cleared; a pipe is left alone."""
    if not path.is_fifo() and next(read_truth(path), None) is None:
        raise Malformed("TRUTH", f"{path} 中没有应有结果", f"{path} holds no line of truth")


def _expected(line: bytes, number: int, path: Path) -> Expected:
    try:
        row: dict[str, Any] = json.loads(line.decode())
        return Expected(
            order_no=row["order_no"],
            marketplace_code=row["marketplace_code"],
            anomaly=row.get("anomaly"),
            fate=Fate(
                outcome=row["outcome"],
                waits_for=row.get("waits_for") or "",
                findings=tuple(sorted(set(row.get("findings") or ()))),
                tax=None if row.get("tax") is None else format_e5(parse_e5(row["tax"])),
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(
            "TRUTH", f"{path} 第 {number} 行有误", f"line {number} of {path} is not a line of truth"
        ) from error


class Fates:
    """What became of every list there is, kept in columns."""

    def __init__(self, engine: Engine) -> None:
        from tripoint.platforms.clearance.enquiries import desk as enquiries

        with engine.transaction() as tx:
            lists, faults = enquiries.outcomes(tx), enquiries.paper_faults(tx)
        self._lists = lists
        self._row = {
            key: row for row, key in enumerate(zip(lists["order_no"], lists["marketplace_code"], strict=True))
        }
        self._of_papers = _codes_of_papers(faults)

    def of(self, order_no: str, marketplace_code: str) -> Fate:
        """The fate of one list; `not_taken` where it is not on the docket."""
        codes = self._of_papers.get(order_no, frozenset())
        row = self._row.get((order_no, marketplace_code))
        if row is None:
            return Fate(outcome=NOT_TAKEN, waits_for="", findings=tuple(sorted(codes)), tax=None)
        told = self._lists.row(row, named=True)
        return Fate(
            outcome=told["outcome"],
            waits_for=told["waits_for"],
            findings=tuple(sorted(codes | set(filter(None, told["codes"].split(","))))),
            tax=format_e5(told["tax"]) if told["outcome"] == "released" else None,
        )


def _codes_of_papers(faults: pl.DataFrame) -> dict[str, frozenset[str]]:
    return {
        order_no: frozenset(code for code in codes.split(",") if code.startswith(COMPARED_OF_PAPERS))
        for order_no, codes in faults.select("order_no", "codes").iter_rows()
    }


def differences(truth: Iterator[Expected], fates: Fates) -> Iterator[Difference | None]:
    """For each line of the truth the difference, or None where the list came out so."""
    for line in truth:
        actual = fates.of(line.order_no, line.marketplace_code)
        differs = tuple(name for name in Fate.__dataclass_fields__ if _differs(name, line.fate, actual))
        yield (
            Difference(
                order_no=line.order_no,
                marketplace_code=line.marketplace_code,
                anomaly=line.anomaly,
                differs=differs,
                expected=line.fate,
                actual=actual,
            )
            if differs
            else None
        )


def _differs(name: str, expected: Fate, actual: Fate) -> bool:
    """Tax is compared only where the truth says one."""
    said = getattr(expected, name)
    if name == "tax" and said is None:
        return False
    if name == "waits_for":
        return set(expected.waits_for.split(",")) != set(actual.waits_for.split(","))
    return bool(said != getattr(actual, name))
