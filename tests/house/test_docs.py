"""The documentation builds strictly and, once built, asks nobody else's server for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

# What a browser fetches by itself, unlike a link that a reader follows.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|embed)\b[^>]*\bsrc=["']?(?:https?:)?//|"""
    r"""<link\b(?![^>]*rel=["']?canonical)[^>]*\bhref=["']?(?:https?:)?//"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation, built."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_the_five_parts_stand_in_their_order(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    parts = ["start", "guides", "reference", "concepts", "internals"]
    places = [page.index(f'href="{part}/index.html"') for part in parts]
    assert places == sorted(places)


def test_no_page_fetches_anything_from_another_server(site: Path) -> None:
    pages = {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")
    }
    assert pages
    assert [name for name, page in pages.items() if FETCHED.search(page)] == []


@pytest.mark.parametrize(
    "tag",
    ['<script src="https://x/y.js">', "<img src=//x/y.png>", '<link rel="stylesheet" href="https://x">'],
)
def test_the_search_for_fetches_finds_one(tag: str) -> None:
    assert FETCHED.search(tag)


def test_no_page_draws_with_a_program_that_would_be_fetched() -> None:
    # The theme loads its drawing program from a public server when a page has such a block.
    pages = {path: path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")}
    assert [str(path) for path, page in pages.items() if "```mermaid" in page] == []
