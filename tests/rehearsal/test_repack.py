"""The same papers on another way: nothing lost, everything twice, versions and signatures as they were."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripoint.kernel.refusals import Conflict
from tripoint.messages.ceb.parsing import parse
from tripoint.rehearsal import Plan, Signed, generate
from tripoint.rehearsal.packing import pack, split
from tripoint.rehearsal.repack import repack
from tripoint.rehearsal.trades import Paper


def guids(folder: Path) -> tuple[Counter[str], list[int]]:
    """How often each paper stands in the messages of a folder, and how many papers each message has."""
    found: Counter[str] = Counter()
    sizes = []
    for path in sorted((folder / "papers").iterdir()):
        parsed = parse(path.read_bytes())
        sizes.append(parsed.head.papers)
        found.update(
            element.findtext(".//{*}guid") or ""
            for element in parsed.root.iterchildren(f"{{*}}{parsed.message.paper.name}")
        )
    return found, sizes


@pytest.mark.parametrize("signed", [Signed.NONE, Signed.RSA])
def test_every_paper_is_sent_twice_in_other_messages(tmp_path: Path, signed: Signed) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    generate(Plan(trades=170, first_day=date(2026, 11, 15), anomalies=0.9, signed=signed), one)
    count = repack(one, other, seed=3, per_message=5)
    before, _ = guids(one)
    after, sizes = guids(other)
    assert after == Counter({guid: 2 * times for guid, times in before.items()})
    assert max(sizes) <= 5
    assert len(sizes) == count
    for name in ("truth.jsonl", "filings.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    faults = [Counter(json.loads((folder / "seals.json").read_text()).values()) for folder in (one, other)]
    assert set(faults[0]) == set(faults[1])
    assert (signed is Signed.NONE) == (not faults[0])


def test_refuses_to_write_over_papers(tmp_path: Path) -> None:
    generate(Plan(trades=1, first_day=date(2026, 11, 15), signed=Signed.NONE), tmp_path)
    with pytest.raises(Conflict):
        repack(tmp_path, tmp_path)


@given(st.integers(0, 300), st.integers(1, 100), st.integers())
def test_splitting_keeps_every_paper_in_order(count: int, most: int, seed: int) -> None:
    pieces = list(split(range(count), Random(seed), most))
    assert [member for piece in pieces for member in piece] == list(range(count))
    assert all(1 <= len(piece) <= most for piece in pieces)


@given(st.integers(), st.integers(1, 5), st.permutations([0, 1, 2]))
def test_versions_of_a_paper_are_sent_in_their_order(seed: int, most: int, ranks: list[int]) -> None:
    versions = [Paper(table="orders", sender="A", head={"order_no": "1"}, rank=rank) for rank in ranks]
    others = [Paper(table="orders", sender="A", head={"order_no": str(number)}) for number in range(2, 12)]
    parcels = pack([*versions, *others], Random(seed), most)
    sent = [paper for parcel in parcels for paper in parcel.papers]
    assert [paper.rank for paper in sent if paper.rank is not None] == [0, 1, 2]
    assert len(sent) == 13
