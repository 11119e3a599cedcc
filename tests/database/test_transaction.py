"""What a transaction promises to stores: counted statements, locks, savepoints, refusals that quote no row."""

from __future__ import annotations

import threading

import polars as pl
import psycopg
import pytest

from tripoint.database import Database, Transaction
from tripoint.kernel.refusals import Busy

LISTS = pl.Schema({"order_no": pl.String, "amount": pl.Int64})


def lists(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"order_no": [f"A{at}" for at in range(count)], "amount": list(range(count))}, schema=LISTS
    )


@pytest.mark.parametrize("analyze", [(), ("order_no",)])
def test_one_row_and_ten_thousand_take_the_same_number_of_statements(
    tx: Transaction, analyze: tuple[str, ...]
) -> None:
    counts = []
    for count in (0, 1, 10_000, 2):
        before = tx.statements
        tx.stage("counted", lists(count), analyze=analyze)
        assert tx.frame("select * from counted", LISTS).height == count
        counts.append(tx.statements - before)
    # Filling it and reading it: an empty set is not sent.
    assert counts == [1, 2, 2, 2]


def test_run_tells_how_many_rows_it_touched(tx: Transaction) -> None:
    tx.stage("staged", lists(5))
    assert tx.run("update staged set amount = 0 where amount > %(least)s", least=2) == 2
    assert tx.run("create temporary table other (n int)") == 0


def test_rows_one_and_value_give_dictionaries_and_none(tx: Transaction) -> None:
    tx.stage("staged", lists(2))
    everything = tx.rows("select * from staged order by amount")
    assert everything == [{"order_no": "A0", "amount": 0}, {"order_no": "A1", "amount": 1}]
    assert tx.one("select * from staged where amount = %(amount)s", amount=7) is None
    assert tx.value("select amount from staged where order_no = %(order_no)s", order_no="A1") == 1
    with pytest.raises(AssertionError, match="2 rows"):
        tx.one("select * from staged")


def test_blobs_are_the_rows_with_bytes_as_they_are(tx: Transaction) -> None:
    text = "select %(raw)s::bytea as raw, 7::bigint as n, 'zstd' as packing, timestamptz '2024-06-01 00:00+00' as at"
    assert tx.blobs(text, raw=b"\x00\\'") == tx.rows(text, raw=b"\x00\\'")


def test_a_frame_takes_parameters_that_hold_quotes(tx: Transaction) -> None:
    found = tx.frame(
        "select %(text)s::text as t, '100%%' as p", {"t": pl.String, "p": pl.String}, text="it's \\ %s"
    )
    assert found.rows() == [("it's \\ %s", "100%")]


def test_deleted_rows_come_out_as_a_frame(tx: Transaction) -> None:
    tx.stage("staged", lists(3))
    assert tx.frame("delete from staged where amount > 0 returning *", LISTS).height == 2
    assert tx.value("select count(*) from staged") == 1


def test_staging_again_replaces_the_set_even_with_other_columns(tx: Transaction) -> None:
    tx.stage("staged", lists(3))
    tx.stage("staged", lists(2))
    assert tx.value("select count(*) from staged") == 2
    tx.stage("staged", pl.DataFrame({"other": [True]}))
    assert tx.rows("select * from staged") == [{"other": True}]


def test_a_staged_set_is_gone_with_its_transaction(fresh_database: Database) -> None:
    with fresh_database.transaction() as tx:
        tx.stage("staged", lists(1))
    with fresh_database.transaction() as tx:
        assert tx.value("select count(*) from staged") == 0
        tx.stage("staged", lists(2))
        assert tx.value("select count(*) from staged") == 2


def test_tables_of_a_transaction_that_failed_are_made_again(fresh_database: Database) -> None:
    with fresh_database.transaction() as tx:
        tx.stage("staged", lists(1))
    other = pl.DataFrame({"other": [True]})
    with pytest.raises(ZeroDivisionError), fresh_database.transaction() as tx:
        tx.stage("staged", other)
        tx.stage("second", lists(1))
        raise ZeroDivisionError
    with fresh_database.transaction() as tx:
        tx.stage("staged", lists(3))
        tx.stage("second", other)
        assert tx.value("select count(*) from staged") == 3
        assert tx.rows("select * from second") == [{"other": True}]
    with fresh_database.transaction() as tx:
        tx.stage("staged", other)
        assert tx.rows("select * from staged") == [{"other": True}]


def test_copy_appends_by_name_and_leaves_defaults_to_the_table(tx: Transaction) -> None:
    tx.run("create temporary table kept (amount bigint, note text default 'none', order_no text)")
    assert tx.copy("kept", lists(2)) == 2
    assert tx.copy("kept", lists(0)) == 0
    assert tx.rows("select note, order_no from kept where amount = 1") == [{"note": "none", "order_no": "A1"}]


def test_a_savepoint_undoes_what_it_holds_and_the_rest_stands(tx: Transaction) -> None:
    tx.stage("staged", lists(1))
    with pytest.raises(ZeroDivisionError), tx.savepoint():
        tx.run("delete from staged")
        tx.stage("second", lists(1))
        raise ZeroDivisionError
    assert tx.value("select count(*) from staged") == 1
    tx.stage("second", lists(2))
    assert tx.value("select count(*) from second") == 2


def test_an_exception_rolls_the_transaction_back(fresh_database: Database) -> None:
    with fresh_database.transaction() as tx:
        tx.run("create table kept (n int)")
    with pytest.raises(ZeroDivisionError), fresh_database.transaction() as tx:
        tx.run("insert into kept values (1)")
        raise ZeroDivisionError
    with fresh_database.transaction() as tx:
        assert tx.value("select count(*) from kept") == 0


def test_a_lock_is_held_to_the_end_of_the_transaction(database: Database) -> None:
    with database.transaction() as first:
        first.lock("a name")
        with database.transaction() as second:
            assert not second.try_lock("a name")
            assert second.try_lock("another name")
    with database.transaction() as third:
        assert third.try_lock("a name")


def test_what_is_held_is_let_go_before_the_end_and_at_the_end_however_that_comes(database: Database) -> None:
    def is_free() -> bool:
        with database.transaction() as other:
            return other.try_lock("a name")

    with database.transaction() as tx:
        tx.hold("a name")
        assert not is_free()
        tx.let_go("a name")
        assert is_free()
        tx.let_go("a name")
        tx.hold("a name")
    assert is_free()
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        tx.hold("a name")
        raise ZeroDivisionError
    assert is_free()
    with pytest.raises(psycopg.errors.UndefinedTable), database.transaction() as tx:
        tx.hold("a name")
        tx.run("select from nowhere")
    assert is_free()
    with pytest.raises(Busy), database.transaction() as tx:
        tx.hold("a name")
        tx.run("select pg_terminate_backend(pg_backend_pid())")
    assert is_free()


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("40001", "DATABASE-CONTENTION"), ("40P01", "DATABASE-CONTENTION"), ("53100", "DATABASE-FULL"),
        ("53200", "DATABASE-FULL"), ("53300", "DATABASE-CROWDED"), ("57P03", "DATABASE-STARTING"),
        ("57P01", "DATABASE-GONE"), ("57P04", "DATABASE-GONE"), ("08006", "DATABASE-GONE"),
        ("57014", "DATABASE-BROKE-OFF"), ("25P03", "DATABASE-BROKE-OFF"), ("25P04", "DATABASE-BROKE-OFF"),
    ],
)  # fmt: skip
def test_what_may_pass_is_refused_as_busy(tx: Transaction, state: str, code: str) -> None:
    with pytest.raises(Busy) as caught, tx.savepoint():
        tx.script(f"do $$ begin raise exception 'no' using errcode = '{state}'; end $$")
    assert caught.value.code == code
    assert caught.value.text.zh
    assert caught.value.text.en


def test_a_fault_names_the_constraint_and_quotes_no_row(tx: Transaction) -> None:
    tx.run("create temporary table buyers (buyer_id text primary key, age int check (age > 0))")
    tx.run("insert into buyers values ('11010519491231002X', 1)")
    with pytest.raises(psycopg.errors.UniqueViolation, match="buyers_pkey") as caught, tx.savepoint():
        tx.run("insert into buyers values ('11010519491231002X', 1)")
    assert "11010519491231002X" not in str(caught.value)
    with pytest.raises(psycopg.errors.CheckViolation) as check, tx.savepoint():
        tx.run("insert into buyers values ('110105194912310021', -1)")
    assert "110105194912310021" not in str(check.value)
    with pytest.raises(psycopg.DataError) as bad, tx.savepoint():
        tx.value("select %(id)s::text::int", id="11010519491231002X")
    assert "11010519491231002X" not in str(bad.value)


def test_two_that_lock_each_other_out_both_succeed_when_retrying(fresh_database: Database) -> None:
    with fresh_database.transaction() as tx:
        tx.run("create table books (book_no int primary key, n int)")
        tx.run("insert into books values (1, 0), (2, 0)")
    met = threading.Barrier(2, timeout=10)
    tries: list[int] = []

    def add(first: int, second: int) -> None:
        mine = []

        def work(tx: Transaction) -> None:
            mine.append(1)
            tx.run("update books set n = n + 1 where book_no = %(no)s", no=first)
            if len(mine) == 1:
                met.wait()
            tx.run("update books set n = n + 1 where book_no = %(no)s", no=second)

        fresh_database.retrying(work)
        tries.append(len(mine))

    threads = [threading.Thread(target=add, args=order) for order in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(tries) == [1, 2]
    with fresh_database.transaction() as tx:
        assert [row["n"] for row in tx.rows("select n from books")] == [2, 2]


def test_retrying_gives_up_and_passes_other_exceptions_on_at_once(database: Database) -> None:
    tries = []

    def contend(tx: Transaction) -> None:
        tries.append(1)
        tx.script("do $$ begin raise exception 'no' using errcode = '40001'; end $$")

    with pytest.raises(Busy):
        database.retrying(contend, attempts=3)
    assert len(tries) == 3
    with pytest.raises(ZeroDivisionError):
        database.retrying(lambda _: 1 // 0)


def test_a_savepoint_is_one_also_where_it_comes_first(fresh_database: Database) -> None:
    with fresh_database.transaction() as tx:
        with tx.savepoint():
            inside = tx.value("select pg_current_xact_id()::text")
        assert tx.value("select pg_current_xact_id()::text") == inside
