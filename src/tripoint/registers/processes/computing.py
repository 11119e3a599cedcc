"""How long this thread has computed, with what Polars computed for it: its work is done in a thread of its own.

Where two threads hand Polars work at the same time, each is told the other's as well: little, for one of them mostly scans,
hashes and waits.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_TASKS = Path("/proc/self/task")
_PER_THREAD = 6
"""What makes a thread's number the number of its CPU clock (Linux: CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED)."""


def seconds() -> float:
    """CPU time in seconds, to be compared with an earlier one of the same thread."""
    spent = time.thread_time()
    for clock in _clocks(os.getpid()):
        spent += time.clock_gettime(clock)
    return spent


_known: dict[int, tuple[int, ...]] = {}
"""The clocks of Polars' threads by process: the threads begin with the first step that needs them, and last."""


def _clocks(process: int) -> tuple[int, ...]:
    """The clocks of Polars' threads; none as long as there are none, or where the system has no such files."""
    if process not in _known and (clocks := _found()):
        _known[process] = clocks
    return _known.get(process, ())


def _found() -> tuple[int, ...]:
    try:
        threads = [int(task.name) for task in _TASKS.iterdir() if _is_polars(task)]
        clocks = tuple((~thread << 3) | _PER_THREAD for thread in threads)
        for clock in clocks:
            time.clock_gettime(clock)
    except OSError:
        return ()
    return clocks


def _is_polars(task: Path) -> bool:
    """Whether it is one of the threads that compute (polars-0, …), not one that cleans up."""
    kind, _, number = (task / "comm").read_text().strip().partition("-")
    return kind == "polars" and number.isdigit()
