"""Nothing in the tables or statements stands in the way of a cluster that spreads rows by their order number."""

from __future__ import annotations

from pathlib import Path

import pytest

import tripoint
from tests.database.cluster import Table, breaches_in, read_tables
from tripoint.database import Transaction
from tripoint.database.statements import parse

SOURCE = Path(tripoint.__file__).parent
DATABASE = SOURCE / "database"
STATEMENTS = sorted(path for path in SOURCE.rglob("*.sql") if not path.is_relative_to(DATABASE))

TABLES = {
    "orders": Table(frozenset({"order_no", "buyer_id"}), "order_no"),
    "payments": Table(frozenset({"order_no", "payment_no"}), "order_no"),
    "persons": Table(frozenset({"person_id"}), "person_id"),
    "rates": Table(frozenset({"code", "rate"})),
}


def test_every_table_is_placed_and_its_keys_allow_it(tx: Transaction) -> None:
    _, breaches = read_tables(tx)
    assert breaches == []


def test_every_statement_of_every_store_runs_on_a_cluster(tx: Transaction) -> None:
    tables, _ = read_tables(tx)
    breaches = [
        f"{path.relative_to(SOURCE)}: {statement.name}: {breach}"
        for path in STATEMENTS
        for statement in parse(path.read_text(encoding="utf-8")).values()
        for breach in breaches_in(statement.text, tables)
    ]
    assert breaches == []


@pytest.mark.parametrize(
    ("planted", "breach"),
    [
        ("create table planted (a text)", "no comment begins"),
        (
            "create table planted (a text); comment on table planted is 'somewhere. It is.'",
            "no comment begins",
        ),
        ("create table planted (a text); comment on table planted is 'local.'", "no comment begins"),
        (
            "create table planted (a text); comment on table planted is 'distributed by b. It is.'",
            "missing or may be",
        ),
        (
            "create table planted (a text); comment on table planted is 'distributed by a. It is.'",
            "missing or may be",
        ),
        (
            (
                "create table planted (a text not null, b int primary key);"
                "comment on table planted is 'distributed by a. It is.'"
            ),
            "planted_pkey lacks the distribution column a",
        ),
        (
            (
                "create table planted (a text not null, b int); create unique index stray on planted (b) include (a);"
                "comment on table planted is 'distributed by a. It is.'"
            ),
            "stray lacks the distribution column a",
        ),
        (
            (
                "create table planted (a text primary key);"
                "create trigger stray before update on planted for each row"
                " execute function suppress_redundant_updates_trigger();"
                "comment on table planted is 'distributed by a. It is.'"
            ),
            "the trigger stray",
        ),
        (
            (
                "create table other (n int primary key); comment on table other is 'local. It is.';"
                "create table planted (a text primary key, n int references other);"
                "comment on table planted is 'distributed by a. It is.'"
            ),
            "to the local table other",
        ),
        (
            (
                "create table other (a text primary key); comment on table other is 'distributed by a. It is.';"
                "create table planted (a text primary key, b text references other);"
                "comment on table planted is 'distributed by a. It is.'"
            ),
            "planted_b_fkey lacks the distribution columns",
        ),
    ],
)
def test_catches_a_planted_table_that_a_cluster_refuses(tx: Transaction, planted: str, breach: str) -> None:
    tx.script(planted)
    _, breaches = read_tables(tx)
    assert len(breaches) == 1
    assert breaches[0].startswith("planted: ")
    assert breach in breaches[0]


def test_accepts_tables_that_a_cluster_accepts(tx: Transaction) -> None:
    tx.script(
        "create table other (a text, n int, primary key (a, n)); comment on table other is 'distributed by a. Yes.';"
        "create table planted (a text, n int, m int, primary key (a, m), foreign key (a, n) references other);"
        "create index on planted (n); comment on table planted is 'distributed by a. Yes.'"
    )
    tables, breaches = read_tables(tx)
    assert breaches == []
    assert tables["planted"] == Table(frozenset({"a", "n", "m"}), "a")


@pytest.mark.parametrize(
    "statement",
    [
        "select * from orders, payments",
        "select * from orders o join payments p on p.payment_no = o.buyer_id",
        "select * from orders o left join payments p on p.payment_no = o.order_no",
        "select * from orders o join payments p on p.order_no = o.order_no or true",
        "select * from orders o join persons s on s.person_id = o.buyer_id",
        "select * from staged k join orders o on o.order_no = k.order_no join payments p on p.payment_no = k.payment_no",
        "select * from (select * from orders o join payments p on true) as q",
        "with q as (select o.* from orders o join payments p on true) select * from q",
        "select 1 from orders union all select 1 from orders o join payments p on true",
        "delete from orders o using payments p where p.payment_no = o.buyer_id",
        "update orders o set buyer_id = p.payment_no from payments p where p.payment_no = %(no)s",
        "select * from orders o where exists (select from payments p where p.payment_no = o.buyer_id)",
        "select (select max(payment_no) from payments p where p.payment_no = o.buyer_id) from orders o",
        "insert into rates select o.order_no, 1 from orders o join payments p on true",
    ],
)
def test_catches_a_join_off_the_distribution_columns(statement: str) -> None:
    assert len(breaches_in(statement, TABLES)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "select * from orders o join payments p using (order_no)",
        "select * from orders o, payments p where o.order_no = p.order_no and p.payment_no like 'a%%'",
        "select * from staged k join orders o on o.order_no = k.order_no left join payments p on p.order_no = k.order_no",
        "select * from staged k join orders using (order_no) join payments using (order_no)",
        "select * from orders o join payments p on (p.order_no, p.payment_no) = (o.order_no, o.buyer_id)",
        "select * from orders o, payments p where o.order_no = %(no)s and p.order_no = %(no)s",
        "select * from orders o join rates r on r.code = o.buyer_id",
        "select * from orders o where exists (select from payments p where p.order_no = o.order_no)",
        "select * from orders o where not exists (select from payments where order_no = o.order_no)",
        "select * from orders where buyer_id in (select payment_no from payments)",
        "with q as (select buyer_id from orders) select * from q join payments p on p.payment_no = q.buyer_id",
        "delete from orders o using staged k where k.order_no = o.order_no returning o.*",
        "insert into orders as o select * from staged on conflict (order_no) do update set buyer_id = excluded.buyer_id",
        "select * from rates for update skip locked",
        "select * from orders o join rates r on true for update of r skip locked",
        "select * from orders for update",
    ],
)
def test_accepts_what_a_cluster_accepts(statement: str) -> None:
    assert breaches_in(statement, TABLES) == []


@pytest.mark.parametrize(
    "statement",
    [
        "select * from orders for update skip locked",
        "select * from rates r join orders o on true for update of o skip locked",
        "delete from orders where order_no in (select order_no from orders limit 5 for no key update skip locked)",
        "with q as (select order_no from orders for share skip locked) select * from q",
    ],
)
def test_catches_skip_locked_on_a_distributed_table(statement: str) -> None:
    assert any("SKIP LOCKED" in breach for breach in breaches_in(statement, TABLES))
