"""Papers that wait for their kin, in memory as they were read.

A paper never changes once it is in its message, so what is here is always true, whoever has decided what meanwhile; what was
forgotten, or was read by another worker, is read from its message again (`desk.recall`). What a round costs does not depend
on how many wait: papers come on top of those that are there, and an index says where each is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from tripoint.documents.columns import TABLES
from tripoint.platforms.clearance.papers.rows import place
from tripoint.platforms.clearance.papers.waiting.pages import Pages
from tripoint.platforms.clearance.records import KIND_OF, TRIO, Kind

BYTES_MOST = 768 * 1024 * 1024
"""What the papers in memory take at most; then the older half is forgotten."""

BYTES_INDEXED = 128
"""What the index takes for one paper, about."""

COMPACTED_FROM = 20_000
"""Rows that are no longer waited for are taken out when they are that many, and more than those that are."""

_FROM, _LINES = "first line", "lines"
"""Beside a paper: the number of its first line, and how many it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Papers of one kind in the order asked for, their lines, and for each line which of the papers it belongs to."""

    heads: pl.DataFrame
    lines: pl.DataFrame | None
    owners: pl.Series


class Nursery:
    """The waiting papers of one process, by kind; not for several threads at once: who holds the platform's lock has it."""

    def __init__(self, bytes_most: int = BYTES_MOST) -> None:
        self._bytes_most = bytes_most
        self._shelves = {name: _Shelf(KIND_OF[name]) for name in TRIO}

    def keep(self, places: pl.DataFrame, papers: Mapping[str, pl.DataFrame]) -> None:
        """Remember the papers at places (kind, message_id, position); `papers` has them, by table."""
        for name, mine in _by_kind(places):
            kind = KIND_OF[name]
            if kind.table in papers:
                lines = papers.get(kind.lines) if kind.lines else None
                self._shelves[name].keep(mine, papers[kind.table], lines)
        if sum(shelf.bytes for shelf in self._shelves.values()) > self._bytes_most:
            self._forget_half()

    def knows(self, name: str, places: pl.Series) -> pl.Series:
        """Which of the places (`rows.place`) of papers of a kind it knows."""
        rows = self._shelves[name].rows
        return pl.Series([at in rows for at in places.to_list()], dtype=pl.Boolean())

    def find(self, name: str, places: pl.Series) -> Found:
        """The papers of a kind at places (`rows.place`), all of which it knows."""
        return self._shelves[name].find(places)

    def forget(self, places: pl.DataFrame) -> None:
        """The papers at places (kind, message_id, position) wait no longer."""
        for name, mine in _by_kind(places):
            self._shelves[name].forget(mine.to_list())

    def _forget_half(self) -> None:
        waiting = pl.Series([at for shelf in self._shelves.values() for at in shelf.rows], dtype=pl.Int64())
        middle = waiting.median()
        assert isinstance(middle, (int, float)), "memory is full, so something is in it"
        for shelf in self._shelves.values():
            shelf.rows = {at: number for at, number in shelf.rows.items() if at > middle}
            shelf.compact()

    @property
    def papers(self) -> int:
        """How many papers wait here."""
        return sum(len(shelf.rows) for shelf in self._shelves.values())


class _Shelf:
    """The waiting papers of one kind: `rows` tells the number of each by its place."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._heads_schema = kind.schema | ({_FROM: pl.Int64(), _LINES: pl.Int64()} if kind.lines else {})
        self._clear()

    def _clear(self) -> None:
        self.rows: dict[int, int] = {}
        self._heads = Pages(self._heads_schema)
        self._lines = Pages(TABLES[self.kind.lines].schema) if self.kind.lines else None

    def keep(self, places: pl.Series, heads: pl.DataFrame, lines: pl.DataFrame | None) -> None:
        new = [at for at in places.to_list() if at not in self.rows]
        wanted = pl.Series(new, dtype=pl.Int64()).implode()
        mine = heads.filter(place().is_in(wanted)).select_seq(list(self.kind.schema))
        if self._lines is not None:
            theirs = TABLES[self.kind.lines or ""].empty()
            if lines is not None:
                theirs = lines.filter(place().is_in(wanted)).select_seq(theirs.columns)
            mine, theirs = _bound(mine, theirs)
            mine = mine.with_columns_seq(pl.col(_FROM) + self._lines.height)
            self._lines.append(theirs)
        self._add(mine)

    def _add(self, heads: pl.DataFrame) -> None:
        self.rows.update(_numbered(heads.select_seq(place()).to_series(), self._heads.height))
        self._heads.append(heads.select_seq(list(self._heads_schema)))

    def find(self, places: pl.Series) -> Found:
        numbers = pl.Series([self.rows[at] for at in places.to_list()], dtype=pl.UInt32())
        heads = self._heads.at(numbers)
        if self._lines is None:
            return Found(heads=heads, lines=None, owners=pl.Series(dtype=pl.UInt32()))
        spans = heads.select_seq(
            pl.int_ranges(_FROM, pl.col(_FROM) + pl.col(_LINES)).alias("line"),
            pl.int_range(pl.len(), dtype=pl.UInt32()).alias("owner"),
        )
        at = spans.explode("line").drop_nulls()
        return Found(heads=heads.drop(_FROM, _LINES), lines=self._lines.at(at["line"]), owners=at["owner"])

    def forget(self, places: Iterable[int]) -> None:
        for at in places:
            self.rows.pop(at, None)
        if self._heads.height - len(self.rows) > max(COMPACTED_FROM, len(self.rows)):
            self.compact()

    def compact(self) -> None:
        """Take out the rows that nothing waits for."""
        found = self.find(pl.Series(sorted(self.rows), dtype=pl.Int64()))
        self._clear()
        heads = found.heads
        if self._lines is not None and found.lines is not None:
            heads, lines = _bound(heads, found.lines)
            self._lines.append(lines)
        self._add(heads)

    @property
    def bytes(self) -> int:
        lines = self._lines.bytes if self._lines is not None else 0
        return self._heads.bytes + lines + BYTES_INDEXED * len(self.rows)


def _by_kind(places: pl.DataFrame) -> Iterator[tuple[str, pl.Series]]:
    """The places (`rows.place`) of each kind."""
    for (name,), mine in places.partition_by("kind", as_dict=True, maintain_order=True).items():
        yield str(name), mine.select_seq(place()).to_series()


def _numbered(places: pl.Series, first: int) -> Iterator[tuple[int, int]]:
    return zip(places.to_list(), range(first, first + len(places)), strict=True)


def _bound(heads: pl.DataFrame, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The papers, each with its first line's number (from nought) and how many it has; the lines, those of a paper together."""
    of = lines.select_seq(place()).to_series()
    if not of.is_sorted():
        order = of.arg_sort()
        lines, of = lines[order], of.gather(order)
    runs = of.rle().struct.unnest()
    spans = runs.select_seq(
        pl.col("value").alias("of"),
        (pl.col("len").cum_sum() - pl.col("len")).cast(pl.Int64).alias(_FROM),
        pl.col("len").cast(pl.Int64).alias(_LINES),
    )
    bound = (
        heads.with_columns_seq(place().alias("of"))
        .join(spans, on="of", how="left", maintain_order="left")
        .with_columns_seq(pl.col(_FROM, _LINES).fill_null(0))
        .drop("of")
    )
    return bound, lines
