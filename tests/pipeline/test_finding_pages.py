"""Each finding has its page, in step with the data and the checks; `python -m tests.pipeline.test_finding_pages` writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.checkout import ROOT
from tripoint.platforms.clearance.rulings.judging import CHECKS
from tripoint.regimes.findings import load_findings
from tripoint.regimes.pages import Look, all_pages

FOLDER = ROOT / "docs" / "reference" / "findings"
DRAWN = {
    "LIMIT-01": Look(field="list.dutiable_value", compares="limit", rule="A list above the single limit holds one indivisible article."),
    "LIMIT-02": Look(field="list.buyer_id", compares="limit", rule="What a person buys in a calendar year stays within the annual limit."),
    "LIMIT-03": Look(field="list.buyer_id", compares="limit", rule="Some goods come in only up to a quantity a person and year."),
    "GUARANTEE-01": Look(field="list.guarantor_code", compares="guarantee", rule="The free guarantee covers the tax of the list."),
    "GUARANTEE-02": Look(field="list.guarantor_code", compares="guarantee", rule="The guarantor has lodged a guarantee."),
}  # fmt: skip
"""What is found where limits are drawn on, by no check over columns."""


def pages() -> dict[str, str]:
    """Every page as it must stand."""
    looks: dict[str, list[Look]] = {code: [look] for code, look in DRAWN.items()}
    for check in CHECKS:
        its = Look(field=check.field, compares=check.compares, rule=check.rule)
        looks.setdefault(check.code, []).append(its)
    return all_pages(load_findings(), looks)


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_page_is_what_law_and_checks_say(name: str) -> None:
    told = "write them again: python -m tests.pipeline.test_finding_pages"
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], told


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(pages())


def test_every_finding_says_its_rule_its_day_its_source_and_its_repair() -> None:
    for code, text in load_findings().items():
        said = (text.text.zh, text.text.en, text.repair.zh, text.repair.en, text.source, text.since)
        assert all(said), code


def write(folder: Path) -> None:
    """Write every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
