"""The same traffic again in one quiet process on a database of its own: what the disturbed run must have come to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from tests.crash.followups import RETURNED
from tests.crash.run import Run
from tests.platforms.clearance.state import state_of
from tripoint.kernel.clock import CHINA

DATABASE = "undisturbed"


def state_undisturbed(run: Run) -> dict[str, Any]:
    """What the traffic of a run comes to when nothing is killed and one process does it all."""
    server = run.installation.supervisor
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"drop database if exists {DATABASE} with (force)".encode())
        connection.execute(f"create database {DATABASE}".encode())
    with run.installation.operator(DATABASE) as engine:
        engine.seed_rates()
        engine.load_filings(run.traffic.filings)
        for letter in run.traffic.letters:
            engine.admit(letter.raw, sender_code=letter.sender, channel="api")
        engine.work_all()
        with engine.transaction() as tx:
            released = tx.rows("select order_no, list_no from clearings where state = 'released' order by 1")
        for row in released:
            for letter in run.followups.of(row["order_no"], row["list_no"]):
                engine.admit(letter.raw, sender_code=letter.sender, channel="api")
        engine.work_all()
        today = datetime.now(UTC).astimezone(CHINA).date()
        for row in released:
            if run.followups.chosen.get(row["order_no"]) == RETURNED:
                one = run.followups.returning(row["order_no"], row["list_no"])
                engine.confirm_return(one.list_no, one.cop_no, today)
        return state_of(engine)


def state_disturbed(run: Run) -> dict[str, Any]:
    """What the run itself came to."""
    with run.installation.operator() as engine:
        return state_of(engine)


def differences(quiet: dict[str, Any], disturbed: dict[str, Any]) -> list[str]:
    """Docket, findings, taxes, allowances and balances are row by row those of the quiet run, or this differs."""
    found = []
    for part, rows in quiet.items():
        mine, other = {str(row) for row in disturbed[part]}, {str(row) for row in rows}
        if disturbed[part] != rows:
            found.append(
                f"{part}: {sorted(mine - other)[:2]} where the quiet run has {sorted(other - mine)[:2]}"
            )
    return found
