"""Who of a worker's threads has messages to work on: deciding goes before writing receipts."""

from __future__ import annotations

import threading


class Deciding:
    """Whether any hand has work to do: writing receipts then stands back."""

    def __init__(self) -> None:
        self._busy: set[int] = set()

    def begin(self) -> None:
        """This thread has work."""
        self._busy.add(threading.get_ident())

    def rest(self) -> None:
        """This thread has none."""
        self._busy.discard(threading.get_ident())

    def is_set(self) -> bool:
        """Whether any has."""
        return bool(self._busy)
