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

GROWN = 4
"""A staged set so many times larger than the one last analyzed is analyzed again."""


class StagedTables:
    """The temporary tables of one connection: the types of their columns, and the rows each had when it was analyzed."""

    def __init__(self) -> None:
        self.types: dict[str, dict[str, str]] = {}
        self._analyzed: dict[str, int] = {}

    def copy(self) -> StagedTables:
        """The same tables, to be changed by a transaction that may fail."""
        same = StagedTables()
        same.types, same._analyzed = dict(self.types), dict(self._analyzed)
        return same

    def make(self, table: str, types: dict[str, str]) -> None:
        """A table was made; it has not been analyzed."""
        self.types[table] = types
        self._analyzed.pop(table, None)

    def must_analyze(self, table: str, rows: int) -> bool:
        """Whether so many rows are many more than when the table was analyzed last; notes that it is done then."""
        if rows > GROWN * self._analyzed.get(table, 0):
            self._analyzed[table] = rows
            return True
        return False


class Transaction:
    """The statements of one transaction; `statements` counts those sent, making staged tables ready aside. Whoever opened it commits it."""

    def __init__(self, connection: psycopg.Connection[Any], tables: StagedTables | None = None) -> None:
        self._connection = connection
        self._tables = StagedTables() if tables is None else tables.copy()
        self._filled: set[str] = set()
        self._held: set[str] = set()
        self.statements = 0

    @property
    def tables(self) -> StagedTables:
        """The temporary tables that the connection has once this transaction has been committed."""
        return self._tables

    def run(self, statement: Runnable, /, **params: object) -> int:
        """Run a statement; returns how many rows it touched."""
        with self._cursor(statement, params) as cursor:
            return max(0, cursor.rowcount)

    def rows(self, statement: Runnable, /, **params: object) -> list[Row]:
        """All rows of a statement, as dictionaries; for small sets. Large ones go out by `frame`."""
        with self._cursor(statement, params) as cursor:
            return cursor.fetchall()

    def blobs(self, statement: Runnable, /, **params: object) -> list[Row]:
        """All rows of a statement that gives large bytes: they cross as they are, not as text twice as long."""
        with self._cursor(statement, params, binary=True) as cursor:
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
        return columns.from_copy(raw.getvalue(), pl.Schema(schema))

    def stage(self, table: str, frame: pl.DataFrame, /, *, analyze: Sequence[str] = ()) -> None:
        """Put a set into the temporary table `table`, empty again when the transaction ends; staging again replaces it.

        The table itself stays for as long as its connection: making one costs ten times what filling it does. Name in
        `analyze` the columns whose spread the planner must know; it knows the number of rows without.
        """
        from psycopg import sql

        types = columns.column_types(frame.schema)
        name = sql.Identifier("pg_temp", table)
        if self._tables.types.get(table) == types:
            if table in self._filled:
                self._prepare(sql.SQL("truncate {}").format(name))
        else:
            if table in self._tables.types:
                self._prepare(sql.SQL("drop table {}").format(name))
            wanted = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
                for column, kind in types.items()
            )
            made = sql.SQL("create temporary table {} ({}) on commit delete rows").format(name, wanted)
            self._prepare(made)
            self._tables.make(table, types)
        self._filled.add(table)
        self._fill(name, frame)
        if analyze and self._tables.must_analyze(table, frame.height):
            chosen = sql.SQL(", ").join(map(sql.Identifier, analyze))
            self._prepare(sql.SQL("analyze {} ({})").format(name, chosen))

    def copy(self, table: str, frame: pl.DataFrame, /) -> int:
        """Append a set to a table (`name` or `schema.name`); columns go by name, those not given take their default.

        An empty set is not sent.
        """
        from psycopg import sql

        columns.column_types(frame.schema)
        return self._fill(sql.Identifier(*table.split(".")), frame)

    def lock(self, name: str) -> None:
        """Wait until no other transaction holds the lock of this name, and hold it to the end of this one."""
        self.run("select pg_advisory_xact_lock(%(key)s)", key=lock_key(name))

    def try_lock(self, name: str) -> bool:
        """Take the lock of this name if it is free; False when another transaction holds it."""
        return bool(self.value("select pg_try_advisory_xact_lock(%(key)s)", key=lock_key(name)))

    def hold(self, name: str) -> None:
        """Wait until nobody holds the lock of this name, and hold it until it is let go, or to the transaction's end."""
        self._held.add(name)
        self.run("select pg_advisory_lock(%(key)s)", key=lock_key(name))

    def let_go(self, name: str) -> None:
        """Let others have the lock of this name, if it is held."""
        if name in self._held:
            self.run("select pg_advisory_unlock(%(key)s)", key=lock_key(name))
            self._held.discard(name)

    def end(self) -> None:
        """Undo what is not committed and let go of what is held: a lock outlives a transaction that breaks off."""
        import psycopg

        if not self._held:
            return
        self._held.clear()
        try:
            self._connection.rollback()
            self._connection.execute(b"select pg_advisory_unlock_all()")
            self._connection.commit()
        except psycopg.Error:  # what the server is not told it learns from the end of the connection
            self._connection.close()

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is done inside is undone when an exception leaves it; the transaction itself goes on."""
        from psycopg.pq import TransactionStatus

        tables, filled = self._tables.copy(), set(self._filled)
        try:
            with told():
                if self._connection.info.transaction_status == TransactionStatus.IDLE:
                    # The driver would take the first thing done for the transaction itself, and commit it.
                    self._connection.execute(b"select")
                with self._connection.transaction():
                    yield
        except BaseException:
            self._tables, self._filled = tables, filled
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
    def _cursor(
        self, statement: Runnable, params: Mapping[str, object], *, binary: bool = False
    ) -> Iterator[psycopg.Cursor[Row]]:
        from psycopg.rows import dict_row

        with self._sent(), self._connection.cursor(row_factory=dict_row, binary=binary) as cursor:
            # The parameters are always handed over, so that a percent sign is doubled in every statement alike.
            cursor.execute(_text(statement).encode(), params)
            yield cursor

    def _prepare(self, statement: Any) -> None:
        """Make a staged table ready; not counted, for what is needed depends on what the connection staged before."""
        with told():
            self._connection.execute(statement)

    def _fill(self, name: Any, frame: pl.DataFrame) -> int:
        """Send a set; the caller has held that each of its columns has a type there."""
        from psycopg import sql

        if frame.is_empty():
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
