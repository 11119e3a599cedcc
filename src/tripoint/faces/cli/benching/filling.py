"""Filling in history before a benchmark, with a bar; what was filled in before counts, also where that was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tripoint.faces.cli.speaking import Talk
from tripoint.rehearsal.history import store

if TYPE_CHECKING:
    from tripoint.app import Engine


def fill(engine: Engine, talk: Talk, lists: int) -> None:
    """Fill in settled lists until there are so many."""
    with engine.transaction() as tx:
        done = store.done(tx)
    if done >= lists:
        return
    with talk.progress("填入历史清单", "filling in history") as told:
        while done < lists:
            with engine.transaction() as tx:
                done = store.fill(tx, lists)
            told(done, lists)
    with engine.transaction() as tx:
        store.weigh(tx)
