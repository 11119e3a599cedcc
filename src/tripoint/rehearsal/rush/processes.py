"""What processes use: CPU seconds and memory by role from /proc (Linux), children that have ended included."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_POSTGRES = re.compile(r"postgres: (.*)")
_ROLES = {
    "checkpointer": "checkpointer",
    "background writer": "background writer",
    "walwriter": "WAL writer",
    "walsender": "WAL sender",
    "archiver": "archiver",
    "autovacuum": "autovacuum",
    "logical replication": "logical replication",
    "io worker": "I/O workers",
    "startup": "startup",
}


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds of one process by itself (user, system) and of children it has buried."""

    user: float
    system: float
    buried: float

    @property
    def own(self) -> float:
        """User and system together."""
        return self.user + self.system


def used(pid: int, proc: Path = Path("/proc")) -> Used | None:
    """What a process has used so far; None where it has gone."""
    try:
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, buried_user, buried_system = (int(fields[at]) / _TICKS for at in (11, 12, 13, 14))
    return Used(user, system, buried_user + buried_system)


def children(pid: int, proc: Path = Path("/proc")) -> list[int]:
    """The processes that a process has begun and that still live."""
    found: list[int] = []
    for task in _listed(proc / str(pid) / "task"):
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def role(pid: int, names: Mapping[int, str], proc: Path = Path("/proc")) -> str:
    """What a process of PostgreSQL is for: by its title, and a backend by the name of who is connected."""
    try:
        title = (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        title = ""
    found = _POSTGRES.match(title)
    said = found[1] if found else ""
    for word, name in _ROLES.items():
        if said.startswith(word):
            return name
    return f"backends of {names.get(pid) or 'others'}"


def memory(pid: int, proc: Path = Path("/proc")) -> int:
    """The proportional share of memory (PSS) of a process in bytes; its resident memory where that is hidden."""
    for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            for line in (proc / str(pid) / name).read_text().splitlines():
                if line.startswith(key):
                    return int(line.split()[1]) * 1024
        except OSError:
            continue
    return 0


SHARE_OF_WEIGHING = 0.02
"""Of the time at most is spent on looking at memory: shared pages are counted one by one, half a million for each backend."""


@dataclass
class Watch:
    """Follows named processes with their children, and PostgreSQL's by role; `begin` and `end` frame what counts."""

    roots: dict[str, int]
    postmaster: int | None
    names: Callable[[], Mapping[int, str]]
    """Who is connected to which backend, by its process number."""

    memory_seconds: float = 1.0
    samples: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    """Memory by name at moments: seconds since 1970, bytes."""

    _first: dict[int, float] = field(default_factory=dict)
    _last: dict[int, float] = field(default_factory=dict)
    _role: dict[int, str] = field(default_factory=dict)
    _buried: dict[int, float] = field(default_factory=dict)

    def begin(self) -> None:
        """Start counting and sampling."""
        self._look()
        self._first = dict(self._last)
        self._buried = {pid: (used(pid) or Used(0, 0, 0)).buried for pid in self._parents()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="watch", daemon=True)
        self._thread.start()

    def end(self) -> dict[str, float]:
        """Stop, and tell the CPU seconds of each role since `begin`."""
        self._stop.set()
        self._thread.join()
        self._look()
        spent: defaultdict[str, float] = defaultdict(float)
        for pid, last in self._last.items():
            spent[self._role[pid]] += last - self._first.get(pid, 0.0)
        for pid in self._parents():
            # What the dead used after they were last seen.
            now = used(pid)
            if now is None:
                continue
            seen = sum(
                last
                for child, last in self._last.items()
                if self._parent.get(child) == pid and not used(child)
            )
            rest = now.buried - self._buried.get(pid, 0.0) - seen
            name = "PostgreSQL: ended" if pid == self.postmaster else self._role[pid]
            if rest > 0:
                spent[name] += rest
        return dict(spent)

    _parent: dict[int, int] = field(default_factory=dict)

    def _parents(self) -> list[int]:
        return [*self.roots.values(), *([self.postmaster] if self.postmaster else [])]

    def _sample(self) -> None:
        next_memory = time.monotonic()
        while not self._stop.wait(0.25):
            self._look()
            if (begun := time.monotonic()) >= next_memory:
                self._weigh()
                took = time.monotonic() - begun
                next_memory = begun + max(self.memory_seconds, took / SHARE_OF_WEIGHING)

    def _look(self) -> None:
        for name, pid in self.roots.items():
            self._note(pid, name)
            for child in children(pid):
                self._parent[child] = pid
                self._note(child, name)
        if self.postmaster is None:
            return
        names = self.names()
        self._note(self.postmaster, "PostgreSQL: postmaster")
        for child in children(self.postmaster):
            self._parent[child] = self.postmaster
            told = role(child, names)
            if child not in self._role or names.get(child):
                self._role[child] = f"PostgreSQL: {told}"
            self._note(child, self._role[child])

    def _note(self, pid: int, name: str) -> None:
        now = used(pid)
        if now is not None:
            self._last[pid] = now.own
            self._role[pid] = name

    def _weigh(self) -> None:
        weights: defaultdict[str, int] = defaultdict(int)
        for pid, name in self._role.items():
            if used(pid) is not None:
                weights[name.partition(":")[0]] += memory(pid)
        self.samples.append((time.time(), dict(weights)))
