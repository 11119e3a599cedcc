"""When papers arrive: the four of a trade together, some of them apart, or each far from the others; and in which messages."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from tripoint.rehearsal.rush.sheets import Sheet, Stream

PATIENCE = 2_000
"""So many trades may begin before a message goes out that is not full."""


class Arrivals(StrEnum):
    """How the papers of one trade arrive: `mixed` has a third of the trades split over time."""

    MIXED = "mixed"
    TOGETHER = "together"
    SPREAD = "spread"


@dataclass(slots=True)
class Letter:
    """A message to be written: what its papers share, which papers (trade, sheet), and after which trade it goes out."""

    stream: Stream
    begun: int
    papers: list[tuple[int, int]] = field(default_factory=list)
    moment: int = 0


def letters(
    trades: int,
    sheets: Sequence[Sequence[Sheet]],
    arrivals: Arrivals,
    *,
    per_message: int,
    apart: int,
    seed: int,
) -> Iterator[Letter]:
    """Every message in the order it goes out; `apart` is counted in trades that begin meanwhile."""
    rng = Random(f"arrivals {seed}")
    filling: dict[Stream, Letter] = {}
    for moment, trade, at in _papers(trades, sheets, arrivals, apart, rng):
        stream = sheets[trade % len(sheets)][at].stream
        letter = filling.get(stream)
        if letter is None:
            letter = filling[stream] = Letter(stream, begun=moment)
        letter.papers.append((trade, at))
        if len(letter.papers) == per_message:
            yield _gone(filling.pop(stream), moment)
        oldest = next(iter(filling), None)
        if oldest is not None and filling[oldest].begun < moment - PATIENCE:
            yield _gone(filling.pop(oldest), moment)
    for letter in filling.values():
        yield _gone(letter, moment)


def _gone(letter: Letter, moment: int) -> Letter:
    letter.moment = moment
    return letter


def _papers(
    trades: int, sheets: Sequence[Sequence[Sheet]], arrivals: Arrivals, apart: int, rng: Random
) -> Iterator[tuple[int, int, int]]:
    """Moment, trade and sheet of every paper, in the order of moments."""
    later: list[tuple[int, int, int]] = []
    for trade in range(trades):
        papers = sheets[trade % len(sheets)]
        for at, delay in enumerate(_delays(papers, arrivals, apart, rng)):
            heapq.heappush(later, (trade + delay, trade, at))
        while later and later[0][0] <= trade:
            yield heapq.heappop(later)
    while later:
        yield heapq.heappop(later)


def _delays(papers: Sequence[Sheet], arrivals: Arrivals, apart: int, rng: Random) -> list[int]:
    """How much later than its trade each paper goes out; versions of one paper in their order."""
    count = len(papers)
    if arrivals is Arrivals.SPREAD:
        delays = [place * apart for place in rng.sample(range(count), count)]
    elif arrivals is Arrivals.MIXED and rng.random() < 1 / 3:
        delays = [rng.randrange(apart + 1) for _ in papers]
    else:
        return [0] * count
    versions = [at for at, paper in enumerate(papers) if paper.rank is not None]
    if versions:
        in_order = sorted(versions, key=lambda at: papers[at].rank or 0)
        times = sorted(delays[at] for at in versions)
        for at, time in zip(in_order, times, strict=True):
            delays[at] = time
    return delays
