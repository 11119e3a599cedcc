"""How a process of ours allocates: it keeps what it frees for the next round, and Polars computes in one thread.

A round takes some hundred megabytes and frees them. Allocators give them back to the system at once by default, and the next
round pays for every page again: a third of a worker's time (docs/internals/performance.md). The settings are read when a
process begins, so it begins again with them.
"""

from __future__ import annotations

import gc
import os
import sys

SETTINGS = {
    # Polars' own allocator (jemalloc): keep freed pages for a minute, one arena, large pages.
    "_RJEM_MALLOC_CONF": "narenas:1,oversize_threshold:0,dirty_decay_ms:60000,muzzy_decay_ms:60000,thp:always",
    # The C library's: no mapping of its own for each large block, nothing given back below a gigabyte, large pages.
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    # One heap for all threads: with one for each, messages leave holes in several, and a server grew by 8 MB a minute.
    "MALLOC_ARENA_MAX": "1",
    # Several processes share the cores; threads of one would wait for each other at every small step.
    "POLARS_MAX_THREADS": "1",
}
"""Environment variables of a process that works in rounds; what the operator sets himself stands."""


_MIB = 1024 * 1024


def round_bytes(memory: int) -> int:
    """How many bytes of messages a round takes at most on a machine with so much memory.

    A round has a fixed cost and whole sets of papers are cheaper than halves, so a backlog is worked off in large rounds;
    one needs some eight times as much memory as its messages are long, and two are in hand. Where nothing is behind, rounds are
    small by themselves: each takes what came while the last was ruled on.
    """
    return max(32 * _MIB, min(memory // 128, 192 * _MIB))


def lacking() -> dict[str, str]:
    """The settings that this process was not begun with: whoever starts another one hands them on."""
    return {name: value for name, value in SETTINGS.items() if name not in os.environ}


def settle() -> None:
    """Begin this program again with the settings unless it has them; its process stays the same."""
    if more := lacking():
        os.execve(sys.executable, sys.orig_argv, os.environ | more)


def leave_lasting_things() -> None:
    """Have the collector of cycles pass over what is there now and lasts: walking all of it took a fifth of a server's time."""
    gc.collect()
    gc.freeze()
