"""Messages are claimed oldest first, and only those that are worked on; rounds decide in the order in which they took."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from tests.platforms.clearance.test_from_outside import PATIENCE
from tripoint.database import Database, Transaction
from tripoint.exchange import desk as exchange
from tripoint.exchange import store
from tripoint.exchange.records import Packed, Posted
from tripoint.platforms.clearance import desk as clearance

AT = datetime(2026, 6, 1, tzinfo=UTC)
BODIES = [b"<a>%d</a>" % n for n in range(5)]
SIZE = len(BODIES[0])


@pytest.fixture
def kept(fresh_database: Database) -> list[int]:
    """Five messages of one size."""
    with fresh_database.transaction() as tx:
        return [one.message_id for one in store.put(tx, [Packed.of(Posted(raw=raw)) for raw in BODIES], AT)]


def claimed(tx: Transaction, *, fit: float = 5, most: int = 100) -> list[int]:
    return [row["message_id"] for row in store.claim(tx, most=most, bytes_most=max(1, int(fit * SIZE)))]


def test_what_does_not_fit_is_free_for_the_next(fresh_database: Database, kept: list[int]) -> None:
    with fresh_database.transaction() as one, fresh_database.transaction() as other:
        assert claimed(one, fit=2) == kept[:2]
        assert claimed(other) == kept[2:]


@pytest.mark.parametrize(("fit", "count"), [(2.5, 3), (2, 2), (0.1, 1), (9, 5)])
def test_the_last_of_them_may_be_larger_than_what_is_left(
    fresh_database: Database, kept: list[int], fit: float, count: int
) -> None:
    with fresh_database.transaction() as tx:
        assert claimed(tx, fit=fit) == kept[:count]


@pytest.mark.parametrize("at_once", [1, 2, 100])
@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_those_of_others_are_passed_over_and_take_no_room(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, kept: list[int], at_once: int, most: int
) -> None:
    monkeypatch.setattr(store, "CLAIMED_AT_ONCE", at_once)
    free = [kept[0], kept[2], kept[4]]
    with fresh_database.transaction() as one, fresh_database.transaction() as other:
        assert [store.claim_one(one, number) is not None for number in (kept[1], kept[3])] == [True, True]
        assert store.claim_one(other, kept[1]) is None
        assert claimed(other, fit=3, most=most) == free[:most]
        assert claimed(other, fit=3, most=most) == free[:most], "its own may be claimed again"


@pytest.mark.parametrize("is_broken_off", [False, True])
def test_rounds_read_side_by_side_and_decide_in_the_order_in_which_they_took(
    fresh_database: Database, kept: list[int], is_broken_off: bool
) -> None:
    """The second has what the first left, and waits for it before deciding; a first that breaks off is waited for no longer."""
    order: list[str] = []
    has_taken = threading.Event()

    def second() -> None:
        with fresh_database.transaction() as tx:
            begun = clearance.begin(tx, most=100, bytes_most=10**6)
            assert begun is not None
            assert [one.message_id for one in begun.arrivals] == kept[2:]
            has_taken.set()
            exchange.wait_for_round_before(tx, begun.number)
            clearance.decide_alone(tx)
            order.append("second")

    def first() -> None:
        with fresh_database.transaction() as tx:
            begun = clearance.begin(tx, most=2, bytes_most=10**6)
            assert begun is not None
            assert [one.message_id for one in begun.arrivals] == kept[:2]
            other.start()
            assert has_taken.wait(PATIENCE)
            other.join(0.5)
            assert other.is_alive()
            if is_broken_off:
                raise ZeroDivisionError
            exchange.wait_for_round_before(tx, begun.number)
            clearance.decide_alone(tx)
            exchange.pass_round_on(tx, begun.number)
            other.join(0.5)
            assert other.is_alive()
            order.append("first")

    other = threading.Thread(target=second)
    with pytest.raises(ZeroDivisionError) if is_broken_off else nullcontext():
        first()
    other.join(PATIENCE)
    assert not other.is_alive()
    assert order == (["second"] if is_broken_off else ["first", "second"])


def test_nothing_is_begun_where_nothing_is_left(fresh_database: Database, kept: list[int]) -> None:
    with fresh_database.transaction() as one, fresh_database.transaction() as other:
        assert clearance.begin(one, most=100, bytes_most=10**6) is not None
        assert clearance.begin(other, most=100, bytes_most=10**6) is None
        assert clearance.begin(other, most=100, bytes_most=10**6) is None
