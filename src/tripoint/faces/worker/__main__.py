"""`python -m tripoint.faces.worker`: the worker as a process of its own; SIGTERM lets the round end first."""

from __future__ import annotations

import signal
import sys
import threading

from tripoint.app import Engine, Settings
from tripoint.faces.worker.loop import run
from tripoint.kernel import lines
from tripoint.kernel.refusals import Refusal


def main() -> int:
    """Work until SIGTERM or SIGINT; 2 where the settings or the database refuse."""
    lines.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Engine.open(Settings.load()) as engine:
            run(engine, stop)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal.code}: {refusal.text.zh} {refusal.text.en}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
