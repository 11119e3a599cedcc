"""Papers that wait for their kin, in memory as they were read.

A paper never changes once it is in its message, so what is here is always true, whoever has decided what meanwhile; what was
forgotten, or was read by another worker, is read from its message again (`desk.recall`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tripoint.documents.columns import TABLES
from tripoint.platforms.clearance.records import KIND_OF, TRIO

PLACE = ("message_id", "position")
BYTES_MOST = 768 * 1024 * 1024
"""What the papers in memory take at most; then the older half is forgotten."""

COMPACTED_FROM = 20_000
"""Rows that are no longer waited for are taken out when they are that many, and more than those that are."""

SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    table: schema
    for name in TRIO
    for table, schema in (
        (KIND_OF[name].table, KIND_OF[name].schema),
        (KIND_OF[name].lines or "", TABLES[KIND_OF[name].lines or KIND_OF[name].table].schema),
    )
    if table
}
"""The tables of papers that are matched, and of their lines."""

_KINDS = {
    table: name for name in TRIO for table in (KIND_OF[name].table, KIND_OF[name].lines) if table is not None
}


class Nursery:
    """The waiting papers of one process, by table; not for several threads at once."""

    def __init__(self, bytes_most: int = BYTES_MOST) -> None:
        self._bytes_most = bytes_most
        self._frames = {table: pl.DataFrame(schema=schema) for table, schema in SCHEMAS.items()}
        self._places = pl.DataFrame(
            schema={"kind": pl.String(), "message_id": pl.Int64(), "position": pl.Int32()}
        )
        self._gone = 0

    def keep(self, places: pl.DataFrame, papers: Mapping[str, pl.DataFrame]) -> None:
        """Remember the papers at places (kind, message_id, position); `papers` has them, by table."""
        new = places.select("kind", *PLACE).join(self._places, on=["kind", *PLACE], how="anti")
        if new.is_empty():
            return
        for table, name in _KINDS.items():
            frame = papers.get(table)
            if frame is not None:
                mine = _at(frame, new, name).select(list(SCHEMAS[table]))
                self._frames[table] = pl.concat([self._frames[table], mine], rechunk=False)
        self._places = pl.concat([self._places, new])
        if sum(frame.estimated_size() for frame in self._frames.values()) > self._bytes_most:
            self._places = self._places.filter(pl.col("message_id") > pl.col("message_id").median())
            self._compact()

    def find(self, places: pl.DataFrame) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
        """The papers at places (kind, message_id, position), by table; and the places it does not know."""
        known = places.join(self._places, on=["kind", *PLACE], how="semi")
        found = {table: _at(frame, known, _KINDS[table]) for table, frame in self._frames.items()}
        return found, places.join(self._places, on=["kind", *PLACE], how="anti", maintain_order="left")

    def forget(self, places: pl.DataFrame) -> None:
        """The papers at places (kind, message_id, position) wait no longer."""
        before = self._places.height
        self._places = self._places.join(places, on=["kind", *PLACE], how="anti", maintain_order="left")
        self._gone += before - self._places.height
        if self._gone > max(COMPACTED_FROM, self._places.height):
            self._compact()

    def _compact(self) -> None:
        for table, frame in self._frames.items():
            self._frames[table] = _at(frame, self._places, _KINDS[table]).rechunk()
        self._gone = 0

    @property
    def papers(self) -> int:
        """How many papers wait here."""
        return self._places.height


def _at(frame: pl.DataFrame, places: pl.DataFrame, kind: str) -> pl.DataFrame:
    mine = places.filter(pl.col("kind") == kind).select(PLACE)
    return frame.join(mine, on=list(PLACE), how="semi", maintain_order="left")
