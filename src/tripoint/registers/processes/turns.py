"""Turns of the hands of one process: who takes messages while the other writes down what it has decided."""

from __future__ import annotations

import threading


class Turn:
    """Whose turn it is of one process's hands to take messages; passed on once the taker has ruled on his.

    Taken earlier, messages would lie read while more arrive, and wait for a decision twice as long.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._lock, self._has_it = lock, False

    def __enter__(self) -> Turn:
        self._lock.acquire()
        self._has_it = True
        return self

    def pass_on(self) -> None:
        """Let the next one take messages."""
        if self._has_it:
            self._has_it = False
            self._lock.release()

    def __exit__(self, *_: object) -> None:
        self.pass_on()
