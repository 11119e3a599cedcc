"""How much of the machine the embedded server takes: buffers by its memory, write-ahead log by its disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

_MB = 1024 * 1024
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def memory_bytes(limit: Path = _CGROUP) -> int:
    """The memory there is for us: the machine's, or what its container is limited to."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(limit.read_text()))
    except (OSError, ValueError):  # no such limit, or `max`
        return whole


def disk_bytes(folder: Path) -> int:
    """The size of the disk that holds a folder, or the nearest folder above it that is there."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).total


def scaled(memory: int, disk: int) -> Mapping[str, str]:
    """Settings for so many bytes of memory and disk.

    Buffers are an eighth of the memory, 128 MB to 2 GB: all processes together stay below 6 GB, and the system's own
    cache holds what does not fit. The log is a sixteenth of the disk, 1 to 8 GB: each checkpoint makes whole pages be
    logged again, and what is logged since the last one must be replayed after a crash (some 100 MB a second).
    """
    buffers = _within(memory // 8, 128 * _MB, 2048 * _MB)
    log = _within(disk // 16, 1024 * _MB, 8192 * _MB)
    return {
        "shared_buffers": _said(buffers),
        "effective_cache_size": _said(max(memory // 2, buffers)),
        "wal_buffers": _said(_within(buffers // 32, 4 * _MB, 64 * _MB)),
        "max_wal_size": _said(log),
    }


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))


def _said(size: int) -> str:
    return f"{size // _MB}MB"
