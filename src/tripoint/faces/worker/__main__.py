"""`python -m tripoint.faces.worker`: the worker as a process of its own; SIGTERM lets the round end first."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading

from tripoint.app import Engine
from tripoint.faces.worker.loop import run
from tripoint.kernel.refusals import Refusal
from tripoint.registers.processes import lines
from tripoint.registers.processes.allocating import leave_lasting_things, settle
from tripoint.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Work until SIGTERM or SIGINT; 2 where the settings or the database refuse."""
    parser = argparse.ArgumentParser(prog="tripoint.faces.worker", description="Work on what has arrived.")
    parser.add_argument("--with-stdin", action="store_true", help="end when standard input does")
    chosen = parser.parse_args(arguments)
    lines.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(stop))
    if chosen.with_stdin:
        threading.Thread(target=_outlive_nobody, args=(stop,), name="stdin", daemon=True).start()
    try:
        with Engine.open(Settings.load()) as engine:
            leave_lasting_things()
            run(engine, stop)
    except Refusal as refusal:
        sys.stderr.write(f"{refusal.code}: {refusal.text.zh} {refusal.text.en}\n")
        return 2
    return 0


def _stop(stop: threading.Event) -> None:
    """End after the round at the first signal; at once at the second: what is not committed is done again by another."""
    if stop.is_set():
        os._exit(0)
    stop.set()


def _outlive_nobody(stop: threading.Event) -> None:
    """Wait until whoever started us has gone."""
    while os.read(0, 1024):
        pass
    stop.set()


if __name__ == "__main__":
    settle()
    sys.exit(main())
