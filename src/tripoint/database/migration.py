"""How the tables come to be: numbered SQL files, forward only, each applied once and never edited after."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from tripoint.database.connection import Database
from tripoint.database.transaction import Transaction
from tripoint.kernel.refusals import Conflict

FOLDER = Path(__file__).parent / "migrations"
SCHEMA = Path(__file__).parent / "schema.sql"
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

_OWN_TABLE = """
create table if not exists migrations (
    number     smallint    primary key,
    name       text        not null,
    checksum   text        not null,
    applied_at timestamptz not null default now()
);
comment on table migrations is 'local. Which numbered migrations this database has been through.';
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file; the checksum is SHA-256 of its text, line ends apart."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """What an applied migration is recognised by."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Which migrations the database has been through and which are still to come, as `NNNN_name`."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]


def read(folder: Path = FOLDER) -> list[Migration]:
    """The migrations of a folder in order; raises ValueError for a stray name or a number used twice."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path.name} is not named NNNN_name.sql")
        number = int(match[1])
        if number in found:
            raise ValueError(f"{path.name} has the number of {found[number].name}")
        found[number] = Migration(number, path.stem, path.read_text(encoding="utf-8"))
    return list(found.values())


def migrate(database: Database, folder: Path = FOLDER) -> list[str]:
    """Apply what is pending, each in a transaction of its own; returns the names. Several processes may call it."""
    migrations = read(folder)
    done: list[str] = []
    while True:
        with database.transaction() as tx:
            tx.lock("tripoint.migrations")
            tx.script(_OWN_TABLE)
            pending = _pending(migrations, _applied(tx))
            if not pending:
                return done
            _apply(tx, pending[0])
        done.append(pending[0].name)


def migration_status(database: Database, folder: Path = FOLDER) -> MigrationStatus:
    """What is applied and what is pending; refuses as `migrate` does when the two histories differ."""
    with database.transaction() as tx:
        known = tx.value("select to_regclass('migrations') is not null")
        applied = _applied(tx) if known else {}
    pending = _pending(read(folder), applied)
    return MigrationStatus(tuple(name for name, _ in applied.values()), tuple(one.name for one in pending))


def write_schema(folder: Path = FOLDER, schema: Path = SCHEMA) -> None:
    """Write schema.sql as the migrations one after another; by hand from the first migration that alters."""
    head = (
        "-- What the numbered migrations add up to; a test builds a database from either and compares them.\n"
    )
    parts = [f"\n-- {one.name}\n{one.text.strip()}\n" for one in read(folder)]
    schema.write_text(head + "".join(parts), encoding="utf-8")


def _applied(tx: Transaction) -> dict[int, tuple[str, str]]:
    found = tx.rows("select number, name, checksum from migrations order by number")
    return {row["number"]: (row["name"], row["checksum"]) for row in found}


def _apply(tx: Transaction, migration: Migration) -> None:
    tx.script(migration.text)
    tx.run(
        "insert into migrations (number, name, checksum) values (%(number)s, %(name)s, %(checksum)s)",
        number=migration.number,
        name=migration.name,
        checksum=migration.checksum,
    )


def _pending(migrations: list[Migration], applied: dict[int, tuple[str, str]]) -> list[Migration]:
    """Those not yet applied; refuses an edited, a missing and a late one: a line of numbers only grows at its end."""
    here = {one.number: one for one in migrations}
    for number, (name, checksum) in applied.items():
        if number not in here:
            raise Conflict(
                "MIGRATION-MISSING",
                f"数据库已执行迁移 {name}，而本程序没有它。请使用更新的程序版本。",
                f"The database has been through {name}, which this program lacks. Run a newer version of the program.",
            )
        if here[number].checksum != checksum:
            raise Conflict(
                "MIGRATION-EDITED",
                f"迁移 {name} 在执行之后被改动。请恢复原文，并把改动写成新的迁移。",
                f"{name} was edited after it was applied. Restore its text and write the change as a new migration.",
            )
    pending = [one for one in migrations if one.number not in applied]
    if applied and pending and pending[0].number < max(applied):
        raise Conflict(
            "MIGRATION-LATE",
            f"迁移 {pending[0].name} 的编号小于已执行的迁移。请给它下一个编号。",
            f"{pending[0].name} is numbered before one that is already applied. Give it the next number.",
        )
    return pending
