"""Waits are counted from when a message was due, and a trade is complete with the last of its papers."""

from __future__ import annotations

import polars as pl

from tripoint.rehearsal.rush.figures import ack_ms, completed_at, per_second, release_ms, waits


def test_percentiles_are_times_that_occurred():
    told = waits(pl.Series([float(n) for n in range(1, 1001)]))
    assert told is not None
    assert (told.p50, told.p99, told.worst) == (501.0, 991.0, 1000.0)
    assert waits(pl.Series([], dtype=pl.Float64)) is None


def test_a_message_that_was_sent_late_has_waited_since_it_was_due():
    messages = pl.DataFrame({"due": [10.0, 10.1], "sent": [12.0, 10.1], "acked": [12.5, 10.2]})
    assert [round(ms) for ms in ack_ms(messages)] == [2500, 100]


def test_a_trade_waits_from_its_last_paper():
    messages = pl.DataFrame({"due": [1.0, 5.0, 3.0]})
    papers = pl.DataFrame(
        {"trade": [0, 0, 1, 1], "message": [0, 1, 0, 2]}, schema={"trade": pl.UInt32, "message": pl.UInt32}
    )
    complete = completed_at(papers, messages)
    assert complete["complete"].to_list() == [5.0, 3.0]
    released = pl.DataFrame({"trade": [1], "at": [3.5]}, schema={"trade": pl.UInt32, "at": pl.Float64})
    assert release_ms(complete, released).to_list() == [500.0]


def test_counts_releases_by_second():
    assert per_second(pl.Series([10.2, 10.9, 12.5])) == [(0, 2), (2, 1)]
