"""The reference pages are in step with the tables, and say everything there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.findings import wordings
from tripoint.messages.ceb.pages import all_pages, write_pages

FOLDER = Path(__file__).parents[3] / "docs" / "reference" / "messages"


@pytest.mark.parametrize("name", sorted(all_pages()))
def test_the_page_is_what_the_tables_say(name: str) -> None:
    told = f"python -m tripoint.messages.ceb.pages {FOLDER.relative_to(FOLDER.parents[2])}"
    assert (FOLDER / name).read_text(encoding="utf-8") == all_pages()[name], f"write it again: {told}"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(all_pages())


def test_every_element_of_every_message_is_on_its_page() -> None:
    for message in MESSAGES.values():
        text = (FOLDER / f"{message.type}.md").read_text(encoding="utf-8")
        for node in message.nodes:
            assert node.name in text
            assert all(f"`{field.element}`" in text for field in node.fields)


def test_every_fault_code_is_on_the_page_of_faults() -> None:
    text = (FOLDER / "faults.md").read_text(encoding="utf-8")
    assert all(f"`{code}`" in text for code in wordings())


def test_pages_can_be_written_into_a_new_folder(tmp_path: Path) -> None:
    write_pages(tmp_path / "pages")
    assert {p.name for p in (tmp_path / "pages").iterdir()} == set(all_pages())
