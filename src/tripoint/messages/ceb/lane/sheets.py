"""The rows the scanner has found so far, by message type, and what has been taken of them as frames."""

from __future__ import annotations

import polars as pl

from tripoint.messages.ceb.fields import Message, Node
from tripoint.messages.ceb.lane.plans import ARRIVAL, DIGEST, frame_of, plan_of, sheet_of
from tripoint.messages.ceb.lane.scanner import Batch, Sheet


class Sheets:
    """One sheet for each message type that came."""

    def __init__(self) -> None:
        self._sheets: dict[str, tuple[Message, Sheet]] = {}
        self._taken: dict[tuple[str, str], list[pl.DataFrame]] = {}

    def scan(
        self,
        message: Message,
        prefix: bytes,
        raw: bytes,
        start: int,
        message_id: int,
        arrival: int,
        text_max: int,
    ) -> tuple[int, int, list[tuple[int, int, int]], bytes | None] | None:
        """Take the papers of one message (`Sheet.scan`)."""
        if message.type not in self._sheets:
            self._sheets[message.type] = message, sheet_of(message)
        sheet = self._sheets[message.type][1]
        return sheet.scan(plan_of(message.type, prefix), raw, start, message_id, arrival, text_max)

    def undo(self, message: Message) -> None:
        """Forget the message of this type that was scanned last."""
        self._sheets[message.type][1].undo()

    def frame(self, type_: str, node: Node) -> pl.DataFrame | None:
        """All rows of one kind of node in the order they came, `ARRIVAL` behind; None where there are none."""
        for message, sheet in self._sheets.values():
            head, line = sheet.take()
            self._keep(message, message.head, head)
            if message.line is not None:
                self._keep(message, message.line, line)
        parts = self._taken.get((type_, node.name))
        if parts is not None and len(parts) > 1:
            parts[:] = [pl.concat(parts)]
        return parts[0] if parts else None

    def _keep(self, message: Message, node: Node, batch: Batch | None) -> None:
        if batch is not None:
            self._taken.setdefault((message.type, node.name), []).append(frame_of(batch, node))


def merged(
    rows: pl.DataFrame, positions: list[int], arrivals: list[int], scanned: pl.DataFrame | None
) -> pl.DataFrame:
    """Rows of the reference lane and of the scanner in the order the papers came."""
    if scanned is None:
        return rows
    if rows.is_empty():
        return scanned[rows.columns]
    return _woven(rows, positions, arrivals, scanned)


def merged_digests(
    digests: pl.Series, positions: list[int], arrivals: list[int], scanned: pl.DataFrame | None
) -> pl.Series:
    """The digests of `merged` heads: of rows of the reference lane, and those the scanner made."""
    if scanned is None:
        return digests
    if digests.is_empty():
        return scanned[DIGEST].alias(digests.name)
    own = digests.alias(DIGEST).to_frame()
    return _woven(own, positions, arrivals, scanned)[DIGEST].alias(digests.name)


def _woven(
    rows: pl.DataFrame, positions: list[int], arrivals: list[int], scanned: pl.DataFrame
) -> pl.DataFrame:
    """The rows put in between those the scanner found; both come in the order of the papers, and few are put in."""
    own = pl.Series([_key(*place) for place in zip(arrivals, positions, strict=True)], dtype=pl.Int64)
    assert own.is_sorted(), "papers are walked in the order they came"
    places = scanned.select_seq(_KEY).to_series().search_sorted(own).to_list()
    there = scanned[rows.columns]
    pieces, taken, put = [], 0, 0
    for at, place in enumerate(places):
        if place > taken:
            pieces += [rows.slice(put, at - put), there.slice(taken, place - taken)]
            taken, put = place, at
    pieces += [rows.slice(put), there.slice(taken)]
    return pl.concat(pieces, rechunk=True)


def _key(arrival: int, position: int) -> int:
    return arrival << 32 | position


_KEY = pl.col(ARRIVAL).cast(pl.Int64) * 2**32 + pl.col("position")
"""`_key` of the scanner's rows."""
