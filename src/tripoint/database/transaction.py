"""One transaction on one connection: what stores run their statements in, sets in and sets out."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, LiteralString

from tripoint.database import columns
from tripoint.database.failures import told
from tripoint.database.statements import Statement

if TYPE_CHECKING:
    import polars as pl
    import psycopg

Row = dict[str, Any]
"""One row: column name to value; numeric is Decimal, timestamptz is a datetime in UTC."""

Runnable = Statement | LiteralString

CHUNK_BYTES = 1 << 18


class Transaction:
    """The statements of one transaction; `statements` counts those sent. Whoever opened it commits it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._staged: dict[str, dict[str, str]] = {}
        self.statements = 0

    def run(self, statement: Runnable, /, **params: object) -> int:
        """Run a statement; returns how many rows it touched."""
        with self._cursor(statement, params) as cursor:
            return max(0, cursor.rowcount)

    def rows(self, statement: Runnable, /, **params: object) -> list[Row]:
        """All rows of a statement, as dictionaries; for small sets. Large ones go out by `frame`."""
        with self._cursor(statement, params) as cursor:
            return cursor.fetchall()

    def one(self, statement: Runnable, /, **params: object) -> Row | None:
        """The only row, or None; a second row is a fault."""
        found = self.rows(statement, **params)
        assert len(found) <= 1, f"{_name(statement)} gave {len(found)} rows where one was asked for"
        return found[0] if found else None

    def value(self, statement: Runnable, /, **params: object) -> Any:
        """The first column of the only row; None when there is no row or the value is null."""
        row = self.one(statement, **params)
        return None if row is None else next(iter(row.values()))

    def frame(
        self, statement: Runnable, schema: Mapping[str, pl.DataType | type[pl.DataType]], /, **params: object
    ) -> pl.DataFrame:
        """A set out as columns: exactly the schema's names, order and types, whatever order the statement has."""
        import polars as pl

        raw = io.BytesIO()
        text = f"copy ({_text(statement)}) to stdout (format text, header)"
        with self._sent(), self._connection.cursor() as cursor, cursor.copy(text.encode(), params) as copy:
            for piece in copy:
                raw.write(piece)
        return columns.from_copy(raw, pl.Schema(schema))

    def stage(self, table: str, frame: pl.DataFrame, /, *, analyze: Sequence[str] = ()) -> None:
        """Put a set into the temporary table `table`, which ends with the transaction; staging again replaces it.

        Name in `analyze` the columns whose spread the planner must know; it knows the number of rows without.
        """
        from psycopg import sql

        types = columns.column_types(frame.schema)
        name = sql.Identifier("pg_temp", table)
        if self._staged.get(table) == types:
            self._run_composed(sql.SQL("truncate {}").format(name))
        else:
            if table in self._staged:
                self._run_composed(sql.SQL("drop table {}").format(name))
            wanted = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
                for column, kind in types.items()
            )
            self._run_composed(sql.SQL("create temporary table {} ({}) on commit drop").format(name, wanted))
            self._staged[table] = types
        self._fill(name, frame)
        if analyze:
            chosen = sql.SQL(", ").join(map(sql.Identifier, analyze))
            self._run_composed(sql.SQL("analyze {} ({})").format(name, chosen))

    def copy(self, table: str, frame: pl.DataFrame, /) -> int:
        """Append a set to a table (`name` or `schema.name`); columns go by name, those not given take their default.

        An empty set is not sent.
        """
        from psycopg import sql

        return self._fill(sql.Identifier(*table.split(".")), frame)

    def lock(self, name: str) -> None:
        """Wait until no other transaction holds the lock of this name, and hold it to the end of this one."""
        self.run("select pg_advisory_xact_lock(%(key)s)", key=lock_key(name))

    def try_lock(self, name: str) -> bool:
        """Take the lock of this name if it is free; False when another transaction holds it."""
        return bool(self.value("select pg_try_advisory_xact_lock(%(key)s)", key=lock_key(name)))

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is done inside is undone when an exception leaves it; the transaction itself goes on."""
        staged = dict(self._staged)
        try:
            with told(), self._connection.transaction():
                yield
        except BaseException:
            self._staged = staged
            raise

    def script(self, text: str) -> None:
        """Run a file of several statements as it stands, without parameters; for migrations."""
        with self._sent():
            self._connection.execute(text.encode())

    @contextlib.contextmanager
    def _sent(self) -> Iterator[None]:
        self.statements += 1
        with told():
            yield

    @contextlib.contextmanager
    def _cursor(self, statement: Runnable, params: Mapping[str, object]) -> Iterator[psycopg.Cursor[Row]]:
        from psycopg.rows import dict_row

        with self._sent(), self._connection.cursor(row_factory=dict_row) as cursor:
            # The parameters are always handed over, so that a percent sign is doubled in every statement alike.
            cursor.execute(_text(statement).encode(), params)
            yield cursor

    def _run_composed(self, statement: Any) -> None:
        with self._sent():
            self._connection.execute(statement)

    def _fill(self, name: Any, frame: pl.DataFrame) -> int:
        from psycopg import sql

        if frame.is_empty():
            columns.column_types(frame.schema)
            return 0
        data = columns.to_copy(frame)
        chosen = sql.SQL(", ").join(map(sql.Identifier, frame.columns))
        text = sql.SQL("copy {} ({}) from stdin (format text)").format(name, chosen)
        with self._sent(), self._connection.cursor() as cursor:
            with cursor.copy(text) as copy:
                for start in range(0, len(data), CHUNK_BYTES):
                    copy.write(data[start : start + CHUNK_BYTES])
            return max(0, cursor.rowcount)


def lock_key(name: str) -> int:
    """The signed 64-bit number that stands for a lock's name on the server."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _text(statement: Runnable) -> str:
    return statement.text if isinstance(statement, Statement) else statement


def _name(statement: Runnable) -> str:
    return statement.name if isinstance(statement, Statement) else statement
