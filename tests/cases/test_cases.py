"""Every case of the law at work comes out as its file says; all go through the engine together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.cases.running import Case, Court, files, load
from tripoint.database import Database
from tripoint.platforms.clearance.answers import desk as answers

Row = dict[str, Any]
FILES = {f"{path.parent.name}/{path.stem}": path for path in files()}
KNOWN = {"title", "day", "given", "then", "expect", "source"}


@pytest.fixture(scope="module")
def heard(new_database: Callable[..., AbstractContextManager[Database]]) -> dict[str, list[Row]]:
    """What became of each trade of each case."""
    cases = [load(path, 10 * number) for number, path in enumerate(FILES.values(), 1)]
    with new_database() as database:
        court = Court(database)
        court.hear(cases)
        return read_outcomes(court, cases)


def read_outcomes(court: Court, cases: list[Case]) -> dict[str, list[Row]]:
    """Outcome, findings, faults, tax and receipts of each trade, by case."""
    with court.engine.transaction() as tx:
        lists = {(r["order_no"], r["marketplace_code"]): r for r in tx.rows("select * from clearings")}
        findings = list(tx.rows("select * from findings order by order_no, ordinal"))
        faults = list(
            tx.rows(
                "select * from paper_faults where severity = 'refuse' order by message_id, position, ordinal"
            )
        )
        receipts = answers.receipts(tx, recipient_code=None, most=answers.EVERYTHING)
    found: dict[str, list[Row]] = {}
    for case in cases:
        for trade in case.trades:
            order_no, marketplace = trade.key
            its = lists.get(trade.key)
            told = [r for r in receipts if r["order_no"] == order_no]
            found.setdefault(case.name, []).append(
                {
                    "outcome": its["state"] if its else "not_taken",
                    "waits_for": its["waits_for"] if its else "",
                    "tax": yuan(its["tax"]) if its and its["state"] == "released" else None,
                    "findings": sorted(
                        named(f)
                        for f in findings
                        if (f["order_no"], f["marketplace_code"]) == (order_no, marketplace)
                    ),
                    "not_taken": [f"{f['code']} {f['kind']}" for f in faults if f["order_no"] == order_no],
                    "receipts": [f"{r['message_type'][3:]} {r['return_status']}" for r in told],
                    "texts": [r["return_info"] for r in told],
                }
            )
    return found


def named(finding: Row) -> str:
    """A finding as a case names it: code and field, and the number of the line where it is not the first."""
    line = f" ({finding['line_no']})" if (finding["line_no"] or 1) != 1 else ""
    return f"{finding['code']} {finding['field']}{line}"


def yuan(amount: int | None) -> str | None:
    """An amount to the fen; more places only where there are more."""
    from tripoint.kernel.money import format_e5

    return None if amount is None else format_e5(amount)


@pytest.mark.parametrize("name", FILES)
def test_comes_out_as_the_case_says(name: str, heard: dict[str, list[Row]]) -> None:
    case = load(FILES[name], 10)
    assert set(case.said) <= KNOWN
    assert set(case.said["title"]) == {"zh", "en"}
    expect = case.said["expect"]
    for wanted, found in zip([expect, *expect.get("also", [])], heard[name], strict=True):
        assert found["outcome"] == wanted["outcome"], found
        assert found["findings"] == sorted(wanted.get("findings", [])), found
        assert found["waits_for"] == wanted.get("waits_for", ""), found
        assert found["not_taken"] == wanted.get("not_taken", []), found
        if "tax" in wanted:
            assert found["tax"] == wanted["tax"], found
        if "receipts" in wanted:
            assert found["receipts"] == wanted["receipts"], found
        for text in wanted.get("says", []):
            assert any(text in told for told in found["texts"]), found["texts"]


def test_titles_are_told_apart(heard: dict[str, list[Row]]) -> None:
    titles = [load(path, 10).said["title"]["en"] for path in FILES.values()]
    assert len(titles) == len(set(titles))


def test_every_code_that_papers_can_bring_about_has_its_case() -> None:
    from tripoint.regimes.findings import load_findings

    shown = " ".join(path.read_text(encoding="utf-8") for path in FILES.values())
    # What cannot be read and who signed is told by the tests of messages; withdrawals and returns come after release.
    # The schema fixes every currency, so that no paper in another is ever taken: CODE-04 stands behind FIELD-14.
    # MODE-12 is off unless the operator asks for it: tests/platforms/clearance/test_backdating.py.
    elsewhere = ("WIRE-", "FIELD-", "SIGN-", "CANCEL-", "RETURN-", "CODE-04", "MODE-12")
    missing = [code for code in load_findings() if code not in shown and not code.startswith(elsewhere)]
    assert missing == []


def test_the_folder_holds_nothing_else() -> None:
    assert [p for p in Path(__file__).parent.glob("*/*") if p.suffix not in (".toml", ".pyc", ".py")] == []
