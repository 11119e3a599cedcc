"""A worker that lives long and does as it is told, line by line: what tests need of a process that starts but once.

python -m tests.crash.hand URL      reads lines: `work MOST`, `admit FILE…`, `at MOMENT`; answers each with a line of JSON
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.cases.running import ARRIVAL
from tests.house.checkout import ROOT
from tripoint.app import Engine
from tripoint.database import Database, DatabaseSettings
from tripoint.kernel.clock import FixedClock
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.settings import Settings


class Hand:
    """The process as its test sees it."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.hand", url],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.answer() == "ready"

    def tell(self, *words: object) -> None:
        """Have something done, without waiting."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """What came of it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the process ended with {self._process.wait(20)}"
        return json.loads(line)

    def do(self, *words: object) -> Any:
        """Have something done and wait for what comes of it."""
        self.tell(*words)
        return self.answer()

    def end(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def main(url: str) -> None:
    """Do what is asked; see above."""
    database = Database.open(DatabaseSettings(data_dir=Path("/nonexistent"), url=url), connections=2)
    clock = FixedClock(ARRIVAL)
    engine = Engine(Settings(signatures=SignaturePolicy.IGNORE), database, clock)
    _say("ready")
    for line in sys.stdin:
        what, *rest = line.split()
        if what == "work":
            done = 0
            while (worked := engine.work(int(rest[0]))) is not None:
                done += worked.messages
            _say(done)
        elif what == "admit":
            _say([_admitted(engine, name) for name in rest])
        elif what == "at":
            clock.at = datetime.fromisoformat(rest[0])
            _say(rest[0])
    database.close()


def _admitted(engine: Engine, name: str) -> list[Any]:
    kept = engine.admit(Path(name).read_bytes())
    return [kept.message_id, kept.is_new]


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
