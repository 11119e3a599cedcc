"""Decisions: the worst finding decides, pools are never overdrawn, and drawing equals a plain model served in order."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tripoint.kernel.findings import Severity
from tripoint.pipeline.check import FINDINGS
from tripoint.pipeline.decision import DRAWS, JUDGED, decide, draw, weigh

POOLS = ("a", "b", "c")
amounts = st.integers(1, 10**13)
asked = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(POOLS), amounts), max_size=40)
rooms = st.dictionaries(st.sampled_from(POOLS), st.integers(0, 10**14))


def drawn(rows: list[tuple[int, str, int]]) -> pl.DataFrame:
    return pl.DataFrame([(*row, "LIMIT-02", "list.buyer_id") for row in rows], schema=DRAWS, orient="row")


def served(rows: list[tuple[int, str, int]], room: dict[str, int]) -> set[tuple[int, str]]:
    """The plain model: row after row, all pools or none."""
    left, failed = dict(room), set()
    for row in sorted({row for row, _, _ in rows}):
        wanted: dict[str, int] = {}
        for own, pool, amount in rows:
            if own == row:
                wanted[pool] = wanted.get(pool, 0) + amount
        lacking = {pool for pool, amount in wanted.items() if amount > left.get(pool, 0)}
        failed |= {(row, pool) for pool in lacking}
        if not lacking:
            left |= {pool: left.get(pool, 0) - amount for pool, amount in wanted.items()}
    return failed


@given(asked, rooms)
def test_drawing_equals_the_plain_model(rows: list[tuple[int, str, int]], room: dict[str, int]) -> None:
    failed = draw(drawn(rows), room)
    assert set(failed.select("row", "pool").iter_rows()) == served(rows, room)


@given(asked, rooms)
def test_what_is_drawn_never_passes_the_room(rows: list[tuple[int, str, int]], room: dict[str, int]) -> None:
    lost = set(draw(drawn(rows), room)["row"])
    taken: dict[str, int] = {}
    for row, pool, amount in rows:
        if row not in lost:
            taken[pool] = taken.get(pool, 0) + amount
    assert all(amount <= room.get(pool, 0) for pool, amount in taken.items())


@given(asked, rooms)
def test_room_is_not_changed_by_drawing(rows: list[tuple[int, str, int]], room: dict[str, int]) -> None:
    before = dict(room)
    draw(drawn(rows), room)
    assert room == before


def judged(*findings: tuple[int, str, str]) -> pl.DataFrame:
    rows = [(row, code, "list.x", None, None, None, None, severity, 0) for row, code, severity in findings]
    return pl.DataFrame(rows, schema=JUDGED, orient="row")


severities = st.sampled_from([Severity.NOTE, Severity.HOLD, Severity.REFUSE])


@given(st.lists(st.tuples(st.integers(0, 5), severities)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_worst_finding_decides(found: list[tuple[int, Severity]], whole: list[bool]) -> None:
    sets = pl.DataFrame({"row": range(6), "waits_for": ["" if is_whole else "payment" for is_whole in whole]})
    states = dict(
        decide(sets, judged(*((row, "X-01", str(s)) for row, s in found))).select("row", "state").iter_rows()
    )
    for row, is_whole in enumerate(whole):
        mine = {severity for own, severity in found if own == row}
        if Severity.REFUSE in mine:
            assert states[row] == "refused"
        elif not is_whole:
            assert states[row] == "waiting"
        else:
            assert states[row] == ("held" if Severity.HOLD in mine else "ready")


def test_a_finding_that_is_off_falls_away_and_a_mode_may_weigh_otherwise() -> None:
    findings = pl.DataFrame(
        [(row, code, "list.x", None, None, None, None) for row in (0, 1) for code in ("A-01", "A-02")],
        schema=FINDINGS,
        orient="row",
    )
    modes = pl.DataFrame({"row": [0, 1], "supervision_mode": ["9610", "1210"]})
    weights = {("", "A-01"): Severity.REFUSE, ("", "A-02"): Severity.OFF, ("1210", "A-01"): Severity.NOTE}
    told = weigh(findings, modes, weights, {"A-01": 0, "A-02": 1})
    assert list(told.select("row", "code", "severity").iter_rows()) == [
        (0, "A-01", "refuse"),
        (1, "A-01", "note"),
    ]
