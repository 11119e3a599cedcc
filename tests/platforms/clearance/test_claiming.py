"""Messages are claimed oldest first, and only those that are worked on: nobody else passes over the others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tripoint.database import Database, Transaction
from tripoint.exchange import store
from tripoint.exchange.records import Packed, Posted

AT = datetime(2026, 6, 1, tzinfo=UTC)
BODIES = [b"<a>%d</a>" % n for n in range(5)]
SIZE = len(BODIES[0])


@pytest.fixture
def kept(fresh_database: Database) -> list[int]:
    """Five messages of one size."""
    with fresh_database.transaction() as tx:
        return [one.message_id for one in store.put(tx, [Packed.of(Posted(raw=raw)) for raw in BODIES], AT)]


def claimed(tx: Transaction, *, fit: int = 5) -> list[int]:
    return [row["message_id"] for row in store.claim(tx, most=100, bytes_most=fit * SIZE)]


def test_what_does_not_fit_is_free_for_the_next(fresh_database: Database, kept: list[int]) -> None:
    with fresh_database.transaction() as one, fresh_database.transaction() as other:
        assert claimed(one, fit=2) == kept[:2]
        assert claimed(other) == kept[2:]


def test_the_last_of_them_may_be_larger_than_what_is_left(fresh_database: Database, kept: list[int]) -> None:
    with fresh_database.transaction() as tx:
        rows = store.claim(tx, most=100, bytes_most=2 * SIZE + 1)
        assert [row["message_id"] for row in rows] == kept[:3]
    with fresh_database.transaction() as tx:
        assert [row["message_id"] for row in store.claim(tx, most=100, bytes_most=1)] == kept[:1]


def test_who_waited_for_older_messages_keeps_nobody_from_them(
    fresh_database: Database, kept: list[int]
) -> None:
    with fresh_database.transaction() as waiting, fresh_database.transaction() as other:
        store.wait_for_older(waiting, kept[-1])
        assert claimed(other) == kept
