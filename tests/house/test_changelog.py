"""Changelog fragments: named after their issue, of a known kind, made of sentences."""

from __future__ import annotations

import re

import pytest

from tests.house.checkout import ROOT, files

FRAGMENTS = [path for path in files() if path.parts[0] == "changelog.d" and path.name != "README.md"]
KINDS = {"Added", "Changed", "Fixed", "Removed", "Security"}


def faults(text: str) -> list[str]:
    """What is wrong with the text of a fragment."""
    lines = text.splitlines()
    found = [] if text.startswith("## ") else ["does not open with a heading"]
    for heading, following in zip(lines, [*lines[1:], ""], strict=True):
        if heading.startswith("#"):
            if heading.removeprefix("## ") not in KINDS:
                found.append(f"not a kind: {heading}")
            if not following.startswith("- "):
                found.append(f"no list under: {heading}")
    items = re.split(r"^(?:- |## .*\n- )", text, flags=re.MULTILINE)[1:]
    found += [f"not a sentence: {item}" for item in items if not item.rstrip().endswith((".", "。"))]
    return found


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=str)
def test_a_fragment_is_named_after_its_issue_and_lists_facts_of_a_known_kind(fragment) -> None:
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", fragment.name)
    assert faults((ROOT / fragment).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "- A fact.\n",
        "## New\n- A fact.\n",
        "## Added\nA fact.\n",
        "## Added\n- no end\n",
        "## Added\n- A.\n- b\n",
    ],
)
def test_a_fragment_of_another_form_is_noticed(text: str) -> None:
    assert faults(text) != []
