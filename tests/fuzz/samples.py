"""The messages a fuzzing run begins with: real samples, what this repository keeps, and what earlier runs found."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
"""Inputs that once told the lanes apart, or nearly did; each is compared again by every test run."""

_KEPT = ("tests/messages/ceb/data", "tests/messages/signatures/data", "examples/papers")
_SHARED = _ROOT.parent / "shared" / "data" / "ceb" / "samples"
"""Beside the checkout; absent on other machines."""


def samples(*, shared: bool = True) -> list[bytes]:
    """Every sample once, in an order that does not change."""
    folders = [*(_ROOT / kept for kept in _KEPT), CORPUS, *([_SHARED] if shared else [])]
    return [path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.xml"))]
