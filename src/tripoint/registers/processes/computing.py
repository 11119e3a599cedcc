"""How long this thread has computed, with what Polars computed for it: its work is done in a thread of its own.

Where two threads hand Polars work at the same time, each is told the other's as well: little, for one of them mostly scans,
hashes and waits.
"""

from __future__ import annotations

import os
import time
from functools import cache
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


@cache
def _clocks(process: int) -> tuple[int, ...]:  # noqa: ARG001
    """The clocks of Polars' threads, which live as long as the process; none where the system has no such files."""
    try:
        threads = [int(task.name) for task in _TASKS.iterdir() if _name(task).startswith("polars-")]
        clocks = tuple((~thread << 3) | _PER_THREAD for thread in threads)
        for clock in clocks:
            time.clock_gettime(clock)
    except OSError:
        return ()
    return clocks


def _name(task: Path) -> str:
    return (task / "comm").read_text()
