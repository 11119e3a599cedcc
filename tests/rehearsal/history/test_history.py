"""A made-up past: it is filled part by part, begun again where it ended, and seen as settled lists."""

from __future__ import annotations

from tripoint.database import Database
from tripoint.rehearsal.history import store


def test_fills_settled_lists_and_goes_on_where_it_ended(fresh_database: Database) -> None:
    with fresh_database.transaction() as tx:
        assert store.fill(tx, 1000) == 1000
    with fresh_database.transaction() as tx:
        assert store.done(tx) == 1000
        assert store.fill(tx, 1000) == 1000
        assert store.fill(tx, 3000) == 3000
        counted = tx.one(
            "select count(*) as lists, count(distinct order_no) as orders, count(distinct waybill_no) as waybills,"
            " count(distinct payment_no) as payments, count(distinct guid) as guids, count(distinct list_no) as numbers,"
            " sum(tax)::bigint as tax from sealed_lists"
        )
        assert counted is not None
        assert {
            counted[name] for name in ("lists", "orders", "waybills", "payments", "guids", "numbers")
        } == {3000}
        total = tx.one("select sum(lists)::bigint as lists, sum(tax)::bigint as tax from sealed_totals")
        assert total == {"lists": 3000, "tax": counted["tax"]}
        lists = tx.value("select count(*) from clearings where state = 'released'")
        assert lists == 3000


def test_every_buyer_has_an_allowance_that_was_drawn_on(fresh_database: Database) -> None:
    with fresh_database.transaction() as tx:
        store.fill(tx, 1000)
        without = tx.value(
            "select count(*) from sealed_lists as s where not exists (select from allowances as a where a.person_id = s.person_id)"
        )
        assert without == 0
        assert tx.value("select count(*) from messages") == 40
        assert tx.value("select sum(receipts) from outbox") == 10_000
        assert tx.value("select count(*) from receipt_blocks where not written") == 0
