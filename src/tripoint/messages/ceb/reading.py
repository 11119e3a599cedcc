"""From parsed messages to columns: every paper of a batch becomes a row, every oddity a fault.

The shape of the rows is `documents.columns`; the rules are the field tables (GACC notice 2018-113, revision 2022-05),
read with the tolerance real messages need.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from tripoint.documents.columns import TABLES
from tripoint.documents.digests import digests
from tripoint.messages.ceb.converting import shown, typed, why
from tripoint.messages.ceb.few import ROWS_MOST, typed_few
from tripoint.messages.ceb.fields import MESSAGES, Message, Node
from tripoint.messages.ceb.lane import IS_BUILT
from tripoint.messages.ceb.octets import DEFAULT, Limits
from tripoint.messages.ceb.parsing import Parsed
from tripoint.messages.ceb.walking import Collected, Fault, Faults, Rows, Walk

if TYPE_CHECKING:
    from tripoint.messages.ceb.lane.opening import Scanned
    from tripoint.messages.ceb.lane.sheets import Sheets

FAULTS_SCHEMA: dict[str, pl.DataType] = {
    "message_id": pl.Int64(),
    "table": pl.String(),
    "position": pl.Int32(),
    "line_no": pl.Int32(),
    "path": pl.String(),
    "column": pl.String(),
    "code": pl.String(),
    "value": pl.String(),
    "tolerated": pl.Boolean(),
}
"""What `Reader.faults` gives: position is null where the whole message is meant, line_no where no line is."""


class Reader:
    """Collects messages of any types; gives one frame for each table and all the faults."""

    def __init__(self) -> None:
        self._collected = Collected()
        self._arrivals = 0
        self._sheets: Sheets | None = None
        self._scan: Callable[[bytes, Sheets, Collected, int, int, Limits], Scanned | None]
        self._own: dict[tuple[str, str], pl.DataFrame] = {}
        """The rows of the reference lane by message type and node, as the last result has them."""
        self._read: tuple[dict[str, pl.DataFrame], list[Fault], int] | None = None

    def add(self, message_id: int, parsed: Parsed) -> None:
        """Take the papers of one message; their rows will carry `message_id` and their position from 0."""
        self._read = None
        walk = Walk(self._collected, parsed.message, message_id, self._arrivals)
        self._arrivals += 1
        walk.whole(parsed.root)

    def scan(self, message_id: int, raw: bytes, limits: Limits = DEFAULT) -> Scanned | None:
        """Take one message by the fast lane; None, and nothing taken, where it is for `parse` and `add`."""
        if not IS_BUILT:
            return None
        if self._sheets is None:
            # Not above: a scanner compiled from an older source cannot be told what these tell it.
            from tripoint.messages.ceb.lane import opening, sheets

            self._sheets, self._scan = sheets.Sheets(), opening.scan
        scanned = self._scan(raw, self._sheets, self._collected, message_id, self._arrivals, limits)
        if scanned is not None:
            self._read = None
            self._arrivals += 1
        return scanned

    def frames(self) -> dict[str, pl.DataFrame]:
        """The rows of every table that has any, with the exact schema of `documents.columns`.

        A paper with faults keeps its row; what could not be read is null.
        """
        return self._result()[0]

    def faults(self) -> pl.DataFrame:
        """What is odd, in the order of the messages and of each document (`FAULTS_SCHEMA`); of a flood, the kept ones."""
        return self._table_of(self.listed())

    def digests(self) -> dict[str, pl.Series]:
        """The digest of every paper (`documents.digests`), by the table of its head and in the order of its rows."""
        self._result()
        found: dict[str, list[pl.Series]] = {}
        for (type_, name), rows in self._collected.rows.items():
            message = MESSAGES[type_]
            if name == message.head.name:
                series = self._digests(message, rows)
                if not series.is_empty():
                    found.setdefault(message.head.table, []).append(series)
        return {table: pl.concat(parts) for table, parts in found.items()}

    def _digests(self, message: Message, rows: Rows) -> pl.Series:
        heads, line = self._own[message.type, rows.node.name], message.line
        lines = self._own[message.type, line.name] if line is not None else None
        own = digests(rows.node.table, heads, line.table if line is not None else None, lines)
        if self._sheets is None:
            return own
        from tripoint.messages.ceb.lane.sheets import merged_digests

        return merged_digests(own, rows.positions, rows.arrivals, self._sheets.frame(message.type, rows.node))

    def refused(self) -> pl.DataFrame:
        """The papers that cannot be taken: message_id and position, once each."""
        faults = self.faults().filter(~pl.col("tolerated") & pl.col("position").is_not_null())
        return faults.select_seq("message_id", "position").unique(maintain_order=True)

    def listed(self) -> list[Fault]:
        """The faults one by one, in document order."""
        return self._result()[1]

    def in_all(self) -> int:
        """How many faults there are, also beyond those that are kept (`walking.FAULTS_KEPT`)."""
        return self._result()[2]

    def _result(self) -> tuple[dict[str, pl.DataFrame], list[Fault], int]:
        if self._read is None:
            faults = self._collected.faults.copy()
            parts: dict[str, list[pl.DataFrame]] = {}
            for key, rows in self._collected.rows.items():
                own = _frame(rows, faults) if rows.texts else TABLES[rows.node.table].empty()
                self._own[key] = own
                frame = self._merged(key[0], rows, own)
                if not frame.is_empty():
                    parts.setdefault(rows.node.table, []).append(frame)
            frames = {name: pl.concat(found) for name, found in parts.items()}
            self._read = frames, sorted(faults.kept, key=lambda fault: fault.place), faults.in_all()
        return self._read

    def _merged(self, type_: str, rows: Rows, own: pl.DataFrame) -> pl.DataFrame:
        """The rows of one kind of node from both lanes, in the order they came."""
        if self._sheets is None:
            return own
        from tripoint.messages.ceb.lane.sheets import merged

        return merged(own, rows.positions, rows.arrivals, self._sheets.frame(type_, rows.node))

    def _table_of(self, faults: list[Fault]) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "message_id": [f.message_id for f in faults],
                "table": [f.table for f in faults],
                "position": [f.position for f in faults],
                "line_no": [f.line[0].line_numbers[f.line[1]] if f.line else None for f in faults],
                "path": [f.path for f in faults],
                "column": [f.column for f in faults],
                "code": [f.code for f in faults],
                "value": [f.value for f in faults],
                "tolerated": [f.tolerated for f in faults],
            },
            schema=FAULTS_SCHEMA,
        )


def _frame(rows: Rows, faults: Faults) -> pl.DataFrame:
    """The typed rows of one kind of node, and what is odd about their values put to `faults`."""
    node = rows.node
    columns = list(zip(*rows.texts, strict=True)) or [()] * len(node.fields)
    values, odd = _typed(node, columns)
    for at, field in enumerate(node.fields):
        for row in odd.get(field.element, ()):
            for fault in _faults_of(rows, row, at, columns[at][row]):
                faults.note(fault)
    if node.is_("line"):
        number = next(field.element for field in node.fields if field.column == "line_no")
        rows.line_numbers = values[number].to_list()
        for fault in _numbered_twice(rows):
            faults.note(fault)
    by_column = {field.column: field.element for field in node.fields}
    place = {
        "message_id": pl.Series(rows.message_ids, dtype=pl.Int64),
        "position": pl.Series(rows.positions, dtype=pl.Int32),
    }
    table = TABLES[node.table]
    return pl.DataFrame(
        [
            values[by_column[name]].alias(name)
            if name in by_column
            else place.get(name, pl.Series([None] * len(rows.texts), dtype=kind.frame_type)).alias(name)
            for name, kind in table.columns.items()
        ],
        schema=table.schema,
    )


def _typed(
    node: Node, columns: Sequence[Sequence[str | None]]
) -> tuple[Mapping[str, pl.Series], dict[str, list[int]]]:
    """Values by element and the rows of which something is to be said: few rows one by one, many as whole columns."""
    if len(columns[0]) <= ROWS_MOST:
        return typed_few(node.fields, columns)
    values, odd = typed(node.fields, columns)
    return values.to_dict(), {name: odd[name].arg_true().to_list() for name in odd.columns}


def _numbered_twice(rows: Rows) -> list[Fault]:
    """Lines of one paper with one number: which of them is meant by the number nobody could say."""
    keys = list(zip(rows.message_ids, rows.positions, rows.line_numbers, strict=True))
    found = Counter(keys)
    twice = [row for row, key in enumerate(keys) if key[2] is not None and found[key] > 1]
    at, field = next((at, field) for at, field in enumerate(rows.node.fields) if field.column == "line_no")
    return [
        Fault(
            message_id=rows.message_ids[row],
            table=rows.node.table,
            position=rows.positions[row],
            path=f"{rows.node.name}.{field.element}",
            column=field.column,
            code="FIELD-30",
            value=str(rows.line_numbers[row]),
            limit="",
            place=(rows.arrivals[row], rows.positions[row], rows.ordinals[row], 2 * at),
            line=(rows, row),
        )
        for row in twice
    ]


def _faults_of(rows: Rows, row: int, at: int, raw: str | None) -> list[Fault]:
    field = rows.node.fields[at]
    ordinal = rows.ordinals[row]
    return [
        Fault(
            message_id=rows.message_ids[row],
            table=rows.node.table,
            position=rows.positions[row],
            path=f"{rows.node.name}.{field.element}",
            column=field.column,
            code=code,
            value=shown(field, raw),
            limit=limit,
            place=(rows.arrivals[row], rows.positions[row], ordinal, 2 * at),
            line=(rows, row) if ordinal else None,
        )
        for code, limit in why(field, raw)
    ]
