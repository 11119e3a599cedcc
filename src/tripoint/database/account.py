"""Which operating-system user the embedded server runs as: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNPRIVILEGED = "nobody"


def environment() -> dict[str, str]:
    """A bare environment: nothing the operator exported may redirect the server or make its messages localised."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its group; `switch` says that we are root and must become it for the server's programs."""

    uid: int
    gid: int
    switch: bool

    @classmethod
    def for_server(cls, folder: Path) -> Account:
        """Ourselves, unless we are root: then the owner of an existing `folder`, or nobody."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), False)
        if folder.exists() and (found := folder.stat()).st_uid != 0:
            return cls(found.st_uid, found.st_gid, True)
        entry = pwd.getpwnam(UNPRIVILEGED)
        return cls(entry.pw_uid, entry.pw_gid, True)

    @property
    def name(self) -> str:
        """The user's name, or its number when it has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def process_options(self) -> dict[str, Any]:
        """What `subprocess` needs to run a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """What a program said and how it ended, run as this user."""
        return subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, errors="replace", check=False, cwd="/",
            env=environment(), **self.process_options(),
        )  # fmt: skip

    def can_enter(self, folder: Path) -> bool:
        """Whether every folder from the root down to `folder` lets this user pass, by owner, group and mode."""
        return not self.switch or all(self._passes(step) for step in [folder, *folder.parents])

    def _passes(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)

    def give(self, path: Path) -> None:
        """Make this user the owner of `path`, when we are root."""
        if self.switch:
            os.chown(path, self.uid, self.gid)
