"""A process that works at the inbox of a database, and may be told where it is to be killed with -9.

python -m tests.platforms.clearance.labourer URL admit FILE…      prints the number of each message it was promised
python -m tests.platforms.clearance.labourer URL work MOST [WHERE]  works rounds of MOST messages; dies at WHERE
python -m tests.platforms.clearance.labourer URL write KEY [WHERE]  writes and signs what is unwritten; dies at WHERE
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.cases.running import ARRIVAL
from tripoint.app import Engine
from tripoint.database import Database, DatabaseSettings, Transaction
from tripoint.kernel.clock import FixedClock
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.settings import Settings

KILLED_AT = (
    "marked_messages",
    "arriving_keys",
    "list_lines",
    "paper_versions",
    "touched_orders",
    "sealed_lists",
    "decided_lists",
    "live_decisions",
    "used_allowances",
    "receipt_blocks",
    "committed",
)
"""Words in the statements or copied tables at which a process can be told to die, in the order they come."""


def main(url: str, what: str, *rest: str) -> None:
    """Do what is asked; see above."""
    database = Database.open(DatabaseSettings(data_dir=Path("/nonexistent"), url=url), connections=2)
    key = Path(rest[0]) if what == "write" else None
    engine = Engine(
        Settings(signatures=SignaturePolicy.IGNORE, signing_key=key), database, FixedClock(ARRIVAL)
    )
    if what == "admit":
        for name in rest:
            print(engine.admit(Path(name).read_bytes()).message_id, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    where = rest[1] if len(rest) > 1 else ""
    if where:
        _die_at(where)
    print("ready", flush=True)
    sys.stdin.readline()
    done = 0
    while what == "write" and (scribed := engine.write_answers()) is not None:
        if where == "committed":
            os.kill(os.getpid(), signal.SIGKILL)
        done += scribed.messages
    while what == "work" and (worked := engine.work(int(rest[0]))) is not None:
        if where == "committed":
            os.kill(os.getpid(), signal.SIGKILL)
        done += worked.messages
    print(done, flush=True)
    database.close()


def _die_at(where: str) -> None:
    """Let the process die the first time a table of this name is copied to or a statement names it."""

    def deadly(method: Any) -> Any:
        def working(self: Transaction, named: Any, *rest: Any, **parameters: Any) -> Any:
            if where in str(named):
                os.kill(os.getpid(), signal.SIGKILL)
            return method(self, named, *rest, **parameters)

        return working

    for name in ("copy", "stage", "run", "rows", "frame"):
        setattr(Transaction, name, deadly(getattr(Transaction, name)))


if __name__ == "__main__":
    main(*sys.argv[1:])
