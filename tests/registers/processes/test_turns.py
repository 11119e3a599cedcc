"""A turn is one hand's at a time, until it is passed on or ends."""

from __future__ import annotations

import threading

import pytest

from tripoint.registers.processes.turns import Turn


def test_the_next_hand_has_the_turn_once_it_is_passed_on() -> None:
    lock = threading.Lock()
    with Turn(lock) as first:
        assert lock.locked()
        first.pass_on()
        with Turn(lock):
            first.pass_on()  # not its own any more: it stays with the other
            assert lock.locked()
        assert not lock.locked()


def test_a_hand_that_fails_keeps_no_turn() -> None:
    lock = threading.Lock()
    with pytest.raises(ZeroDivisionError), Turn(lock):
        raise ZeroDivisionError
    assert not lock.locked()
