"""Migrations go forward, once each, in order, and add up to schema.sql."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from tests.database.catalogs import catalog
from tripoint.database import Database, Transaction, migrate, migration_status
from tripoint.database.migration import FOLDER, SCHEMA, read, write_schema
from tripoint.kernel.refusals import Conflict

Make = Callable[..., AbstractContextManager[Database]]


@pytest.fixture
def empty_database(new_database: Make) -> Iterator[Database]:
    with new_database("template0") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "0001_first", "create table first (n int); insert into first values (1);")
    write(tmp_path, "0002_second", "create table second (n int);")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.sql").write_text(text, encoding="utf-8")


def test_the_products_migrations_add_up_to_the_schema(
    fresh_database: Database, empty_database: Database
) -> None:
    with empty_database.transaction() as tx:
        tx.script(SCHEMA.read_text(encoding="utf-8"))
        from_schema = catalog(tx)
    with fresh_database.transaction() as tx:
        from_migrations = catalog(tx)
    assert sorted(from_migrations - from_schema) == []
    assert sorted(from_schema - from_migrations) == []
    assert len(from_schema) > 100


@pytest.mark.parametrize(
    "change",
    [
        "alter table planted alter column a type varchar(60)",
        "alter table planted alter column a drop not null",
        "alter table planted alter column n set default 1",
        "alter table planted add constraint stray check (a <> '')",
        "create index stray on planted (a)",
        "comment on table planted is 'local. Another.'",
        "comment on column planted.a is 'Another.'",
        "alter table planted add column stray int default 1",
        "alter table planted set (fillfactor = 70)",
        "create view stray as select 1 as n",
        "create sequence stray",
    ],
)
def test_a_difference_in_the_catalogs_is_seen(tx: Transaction, change: str) -> None:
    tx.run("create table planted (a text not null, n int)")
    before = catalog(tx)
    tx.script(change)
    assert catalog(tx) != before


def test_the_products_migrations_are_numbered_without_a_gap() -> None:
    assert [one.number for one in read(FOLDER)] == list(range(1, len(read(FOLDER)) + 1))


def test_applies_what_is_pending_once(empty_database: Database, folder: Path) -> None:
    assert migration_status(empty_database, folder).pending == ("0001_first", "0002_second")
    assert migrate(empty_database, folder) == ["0001_first", "0002_second"]
    assert migrate(empty_database, folder) == []
    write(folder, "0003_third", "create table third (n int)")
    assert migration_status(empty_database, folder).pending == ("0003_third",)
    assert migrate(empty_database, folder) == ["0003_third"]
    status = migration_status(empty_database, folder)
    assert status.applied == ("0001_first", "0002_second", "0003_third")
    assert status.pending == ()
    with empty_database.transaction() as tx:
        assert tx.value("select count(*) from first") == 1


def test_one_that_fails_leaves_nothing_and_those_before_it_stand(
    empty_database: Database, folder: Path
) -> None:
    write(folder, "0003_third", "create table third (n int); select 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_database, folder)
    with empty_database.transaction() as tx:
        assert tx.value("select to_regclass('second') is not null and to_regclass('third') is null")
    write(folder, "0003_third", "create table third (n int)")
    assert migrate(empty_database, folder) == ["0003_third"]


def test_several_that_migrate_at_once_apply_each_once(empty_database: Database, folder: Path) -> None:
    done: list[str] = []
    threads = [
        threading.Thread(target=lambda: done.extend(migrate(empty_database, folder))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == ["0001_first", "0002_second"]


def test_refuses_an_edited_a_missing_and_a_late_migration(empty_database: Database, folder: Path) -> None:
    migrate(empty_database, folder)
    write(folder, "0001_first", "create table first (n bigint);")
    with pytest.raises(Conflict, match="MIGRATION-EDITED: 0001_first"):
        migrate(empty_database, folder)
    (folder / "0001_first.sql").unlink()
    with pytest.raises(Conflict, match="MIGRATION-MISSING"):
        migration_status(empty_database, folder)
    write(folder, "0001_first", "create table first (n int); insert into first values (1);")
    write(folder, "0000_late", "select 1")
    with pytest.raises(Conflict, match="MIGRATION-LATE"):
        migrate(empty_database, folder)


@pytest.mark.parametrize("name", ["1_first", "0003-third", "0001_again"])
def test_refuses_a_stray_name_and_a_number_used_twice(folder: Path, name: str) -> None:
    write(folder, name, "select 1")
    with pytest.raises(ValueError, match=name):
        read(folder)


def test_the_schema_is_written_as_the_migrations_one_after_another(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "schema.txt"
    write_schema(folder, target)
    text = target.read_text(encoding="utf-8")
    assert text.index("create table first") < text.index("create table second")
    assert text.startswith("-- What the numbered migrations add up to")
