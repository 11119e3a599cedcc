"""What a thread has computed is told with what Polars computed for it, and without what others do meanwhile."""

from __future__ import annotations

import threading
import time

import polars as pl

from tripoint.registers.processes import computing


def test_time_passes_only_for_who_computes() -> None:
    begun, process = computing.seconds(), time.process_time()
    frame = pl.DataFrame({"n": range(300_000)})
    while time.process_time() - process < 0.2:
        frame.select(pl.col("n").cast(pl.String).str.len_chars().sum())
    spent = computing.seconds() - begun
    assert 0.1 < spent < 1.0
    busy = threading.Event()

    def compute() -> None:
        while not busy.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    begun = computing.seconds()
    time.sleep(0.2)
    waited = computing.seconds() - begun
    busy.set()
    thread.join()
    assert waited < 0.1
