"""Rows that only grow, in few pages however many come, so that adding some does not touch those that are there."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

GROWTH = 4
"""A page is joined with the one before it where that is not so many times longer: there are few pages, each copied seldom."""


class Pages:
    """A set of rows with one schema; a row keeps its number for good."""

    def __init__(self, schema: Mapping[str, pl.DataType]) -> None:
        self._empty = pl.DataFrame(schema=dict(schema))
        self._pages: list[pl.DataFrame] = []
        self.height = 0

    def append(self, rows: pl.DataFrame) -> None:
        """Add rows; the first of them gets the number `height`."""
        if rows.is_empty():
            return
        # Rows that were picked out hold on to the text of all they were picked from: theirs is copied.
        self._pages.append(rows.with_columns_seq(pl.col(pl.String) + ""))
        self.height += rows.height
        while len(self._pages) > 1 and self._pages[-2].height < GROWTH * self._pages[-1].height:
            last = self._pages.pop()
            self._pages[-1] = pl.concat([self._pages[-1], last], rechunk=True)

    def at(self, numbers: pl.Series) -> pl.DataFrame:
        """The rows of these numbers, in the order asked for."""
        if numbers.is_empty():
            return self._empty
        return pl.concat(self._pages, rechunk=False)[numbers]

    @property
    def bytes(self) -> int:
        """What the rows take in memory, about."""
        return sum(int(page.estimated_size()) for page in self._pages)
