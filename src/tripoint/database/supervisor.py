"""The life of the embedded server: one per data folder, shared by every process that opens that folder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tripoint.database import archive, binaries
from tripoint.database.account import Account, environment
from tripoint.database.binaries import Binaries
from tripoint.database.scaling import disk_bytes, memory_bytes, scaled
from tripoint.kernel.refusals import Busy, Conflict, Forbidden, Refusal

NAME = "tripoint"
"""The superuser and the database that the embedded server is made with."""

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 100
"""Longer paths do not fit the operating system's socket address (104 bytes on some, 108 on others)."""

ELSEWHERE = Path("/var/lib/tripoint")
"""Where root puts the server's folder when its user could not pass through the data folder's parents."""

RESTORING = "restore.unfinished"
"""The file in a data folder that says that a restore into it has not come to its end."""

SHUT_DOWN = (1, 2)
"""DB_SHUTDOWNED and DB_SHUTDOWNED_IN_RECOVERY of PostgreSQL's catalog/pg_control.h: the state stands after 16 bytes."""

START_SECONDS = 300.0
STOP_SECONDS = 60.0
LOG_BYTES = 5_000_000

SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "temp_buffers": "64MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "off",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    # Append-only segments are frozen when they are sealed; until then vacuum for inserts only costs (STACK.md, trap 9).
    "autovacuum_vacuum_insert_threshold": "-1",
    "autovacuum_vacuum_threshold": "5000",
    "autovacuum_analyze_threshold": "5000",
    "autovacuum_max_workers": "2",
    "random_page_cost": "1.1",
    "jit": "off",
    # A client that was killed must not keep its locks while its statement runs on.
    "client_connection_check_interval": "5s",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # Errors are told to the client; their details quote rows, and a personal number never stands in a log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What runs in a data folder: `pid` and `socket_dir` are None when nothing does."""

    folder: Path
    pid: int | None
    socket_dir: Path | None
    ready: bool
    data_major: int | None

    @property
    def running(self) -> bool:
        """Whether a server process lives in the folder."""
        return self.pid is not None


class Supervisor:
    """Starts, joins, watches and stops the server of one data folder.

    `options` override SERVER_SETTINGS and what is scaled; `wal_archive` is the folder its log is archived in; only who is `restoring` may
    start a server whose restore has not finished.
    """

    def __init__(
        self,
        data_dir: Path,
        bindir: Path | None = None,
        options: Mapping[str, str] | None = None,
        *,
        wal_archive: Path | None = None,
        restoring: bool = False,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.bindir = bindir
        self.wal_archive = wal_archive
        self.restoring = restoring
        room = scaled(memory_bytes(), disk_bytes(self.data_dir))
        self.options = {**SERVER_SETTINGS, **room, **(options or {})}
        self.log = self.data_dir / "postgres.log"

    @property
    def folder(self) -> Path:
        """The server's own folder, where a link in the data folder points when it had to go elsewhere."""
        return (self.data_dir / "postgres").resolve()

    def start(self, wait_seconds: float = START_SECONDS) -> ServerStatus:
        """Start the server, or join the one that runs; returns when it takes connections, or raises Busy."""
        with self._locked():
            if (self.data_dir / RESTORING).exists() and not self.restoring:
                raise _half_restored(self.data_dir)
            running = self.status().pid
            if running is None:
                found = binaries.find(self.bindir)
                account = self._prepare(found)
                self._launch(found.readable_by(account), account, wait_seconds)
            elif not self._becomes_ready(running, wait_seconds):
                raise _would_not_start(_tail(self.log))
            return self.status()

    def stop(self) -> bool:
        """Stop the server after rolling back what is open; False when none ran. Raises Busy where it does not end."""
        with self._locked():
            status = self.status()
            if status.pid is None:
                return False
            for sign in (signal.SIGINT, signal.SIGQUIT):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(status.pid, sign)
                if self._wait_until_gone(status.pid):
                    break
            else:
                raise Busy(
                    "DATABASE-STOP",
                    f"数据库进程 {status.pid} 未结束，仍占用 {self.folder}。请查看该进程，确认结束后再移动或删除文件夹。",
                    f"The database process {status.pid} has not ended and still uses {self.folder}. Look at the process, and "
                    "move or remove the folder only once it has ended.",
                )
            self._remove_socket_folder(status.socket_dir)
            return True

    def status(self) -> ServerStatus:
        """What runs there now; a pid file left by the dead, or a number since given to another, counts as nothing."""
        lines = _lines(self.folder / "postmaster.pid")
        pid = int(lines[0]) if lines and lines[0].strip().isdigit() else None
        if pid is not None and not _lives(pid, self.folder):
            pid = None
        return ServerStatus(
            folder=self.folder,
            pid=pid,
            socket_dir=Path(lines[4]) if pid is not None and len(lines) > 4 and lines[4] else None,
            ready=pid is not None and len(lines) > 7 and lines[7].strip() == "ready",
            data_major=self._data_major(),
        )

    def has_died(self) -> bool:
        """Whether a server ended here without being told to: its control file does not say that it was shut down."""
        try:
            control = (self.folder / "global" / "pg_control").read_bytes()[:20]
        except OSError:
            return False
        state = int.from_bytes(control[16:20], sys.byteorder)
        return len(control) == 20 and state not in SHUT_DOWN and not self.status().running

    def conninfo(self, database: str = NAME) -> str:
        """How to connect to the running server; refuses (Busy) when none runs."""
        status = self.status()
        if status.socket_dir is None:
            raise Busy("DATABASE-GONE", "嵌入式数据库没有运行。", "The embedded database is not running.")
        quoted = str(status.socket_dir).replace("\\", r"\\").replace("'", r"\'")
        return f"host='{quoted}' port=5432 user={NAME} dbname={database}"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.data_dir / "postgres.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        except OSError as error:
            raise _no_access(self.data_dir, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _data_major(self) -> int | None:
        lines = _lines(self.folder / "PG_VERSION")
        return int(lines[0]) if lines else None

    def _prepare(self, found: Binaries) -> Account:
        """Make the server's folder if there is none; refuse one that another major version made."""
        account = Account.for_server(self.folder)
        major = self._data_major()
        if major is None:
            self._initialise(found.readable_by(account), account)
        elif major != found.major:
            raise _other_version(self.folder, major, found)
        elif self.folder.stat().st_uid != account.uid:
            raise _no_access(self.folder, None)
        archiving = archive.configure(self.folder, self.wal_archive, account)
        conf = "".join(f"{name} = {value}\n" for name, value in {**archiving, **self.options}.items())
        path = self.folder / "tripoint.conf"
        path.write_text("# Written at each start; what ALTER SYSTEM says stands above it.\n" + conf)
        path.chmod(0o600)
        account.give(path)
        return account

    def _initialise(self, found: Binaries, account: Account) -> None:
        """Build a draft and move it into place, so that a kill in the middle leaves no half-made folder."""
        draft = self.draft(account)
        locale = "C.UTF-8" if os.uname().sysname == "Linux" else "C"
        said = account.run(
            found.bindir / "initdb", "--pgdata", draft, "--username", NAME, "--auth=trust",
            "--encoding=UTF8", f"--locale={locale}", "--lc-collate=C", "--no-instructions", "--data-checksums",
            *(["--no-sync"] if self.options["fsync"] == "off" else []),
        )  # fmt: skip
        if said.returncode != 0:
            shutil.rmtree(draft)
            raise _would_not_start(said.stderr or said.stdout)
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude_if_exists = 'tripoint.conf'\n")
        self.settle(draft)

    def draft(self, account: Account) -> Path:
        """An empty folder in which the server's own is built, where its user can reach it."""
        elsewhere = not account.can_enter(self.data_dir)
        try:
            home = ELSEWHERE if elsewhere else self.data_dir
            home.mkdir(parents=True, exist_ok=True)
            if elsewhere:
                home.chmod(0o755)
            made = Path(tempfile.mkdtemp(prefix="postgres-", dir=home))
        except OSError as error:
            raise _no_access(self.data_dir, error) from error
        account.give(made)
        return made

    def settle(self, draft: Path) -> None:
        """Make a finished draft the server's folder: moved there, or linked where it had to be elsewhere."""
        entry = self.data_dir / "postgres"
        if entry.is_symlink():
            entry.unlink()
        if draft.parent == self.data_dir:
            draft.rename(entry)
        else:
            entry.symlink_to(draft)

    def _launch(self, found: Binaries, account: Account, wait_seconds: float) -> None:
        """Start the server as nobody's child in a session of its own: our end and our Ctrl-C are not its own."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        deadline = time.monotonic() + 20
        while True:
            self._forget_the_dead()
            socket_dir = self._socket_folder(account)
            words = [found.bindir / "postgres", "-D", self.folder, "-k", socket_dir, "-c", "port=5432"]
            with self.log.open("ab") as log:
                mark = log.tell()
                pid = self._spawn([str(word) for word in words], log.fileno(), account)
            if self._becomes_ready(pid, wait_seconds):
                return
            self._remove_socket_folder(socket_dir)
            said = self.log.read_bytes()[mark:].decode(errors="replace")
            # Right after a kill -9 the dying need a moment to leave the memory and their lock files.
            if not re.search("still in use|already exists", said) or time.monotonic() > deadline:
                raise _would_not_start(said)
            time.sleep(0.2)

    def _spawn(self, command: list[str], log: int, account: Account) -> int:
        shell = f"{shlex.join(command)} >&2 </dev/null & echo $!"
        said = subprocess.run(
            ["/bin/sh", "-c", shell], stdout=subprocess.PIPE, stderr=log, text=True, check=True, cwd="/",
            start_new_session=True, env=environment(), **account.process_options(),
        )  # fmt: skip
        return int(said.stdout)

    def _becomes_ready(self, pid: int, wait_seconds: float) -> bool:
        """Wait until the server with this number takes connections; False when it ended before."""
        deadline = time.monotonic() + wait_seconds
        while time.monotonic() < deadline:
            status = self.status()
            if status.ready and status.pid == pid:
                return True
            if not _lives(pid, None):
                return False
            time.sleep(0.01)
        raise Busy(
            "DATABASE-STARTING",
            "数据库仍在启动（可能正在恢复），请稍后再试。",
            "The database is still starting (it may be recovering); try again later.",
            retry_after_seconds=30,
        )

    def _socket_folder(self, account: Account) -> Path:
        path = str(self.folder / SOCKET)
        can_be_named = path.isprintable() and "," not in path  # A comma makes a list of it, for both ends.
        if can_be_named and len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
            return self.folder
        short = self._short_folder(account)
        account.give(short)
        return short

    def _short_folder(self, account: Account) -> Path:
        """The same folder at every start, so that whoever knew the server's address knows it again after a crash."""
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"tripoint-{name}"
        with contextlib.suppress(FileExistsError):
            short.mkdir(mode=0o700)
        found = short.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid in (os.getuid(), account.uid)
        if ours and stat.S_IMODE(found.st_mode) == 0o700:
            return short
        return Path(tempfile.mkdtemp(prefix="tripoint-"))  # somebody else's has that name

    def _remove_socket_folder(self, socket_dir: Path | None) -> None:
        if socket_dir is not None and socket_dir != self.folder and socket_dir.name.startswith("tripoint-"):
            shutil.rmtree(socket_dir, ignore_errors=True)

    def _forget_the_dead(self) -> None:
        """Remove the lock files of a server that is gone: its number may by now be another program's."""
        for name in ("postmaster.pid", f"{SOCKET}.lock"):
            path = self.folder / name
            lines = _lines(path)
            if lines and lines[0].strip().isdigit() and not _lives(int(lines[0]), self.folder):
                self._remove_socket_folder(Path(lines[4]) if len(lines) > 4 and lines[4] else None)
                path.unlink(missing_ok=True)

    def _wait_until_gone(self, pid: int) -> bool:
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not _lives(pid, self.folder):
                return True
            time.sleep(0.02)
        return False


def _lines(path: Path) -> list[str]:
    try:
        return os.fsdecode(path.read_bytes()).splitlines()
    except OSError:
        return []


def _lives(pid: int, folder: Path | None) -> bool:
    """Whether the process runs (a zombie does not), and in `folder`, where the system can tell."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state in "ZX":
            return False
        return folder is None or Path(os.readlink(f"/proc/{pid}/cwd")) == folder
    except OSError:  # No such file system here, or not ours to look at: the pid file is believed.
        return os.uname().sysname != "Linux" or Path(f"/proc/{pid}").exists()


def _tail(path: Path, lines: int = 12) -> str:
    return "\n".join(_lines(path)[-lines:])


def _would_not_start(said: str) -> Refusal:
    return Busy(
        "DATABASE-START",
        f"嵌入式数据库未能启动。它说：{said.strip()[-1500:]}",
        f"The embedded database did not start. It said: {said.strip()[-1500:]}",
        retry_after_seconds=30,
    )


def _half_restored(data_dir: Path) -> Refusal:
    return Conflict(
        "RESTORE-UNFINISHED",
        f"向 {data_dir} 的恢复没有完成，不能启动。请先 `tripoint db stop`，删除该文件夹，再恢复一次。",
        f"The restore into {data_dir} did not come to its end, so it is not started. Run `tripoint db stop` on it, "
        "remove the folder and restore again.",
    )


def _other_version(folder: Path, major: int, found: Binaries) -> Refusal:
    others = [one for one in (binaries.from_system(), binaries.from_wheel()) if one and one.major == major]
    zh = f"请把 TRIPOINT_PG_BINDIR 设为 {others[0].bindir}" if others else f"请安装 PostgreSQL {major}"
    en = f"set TRIPOINT_PG_BINDIR to {others[0].bindir}" if others else f"install PostgreSQL {major}"
    return Conflict(
        "DATABASE-VERSION",
        f"数据目录 {folder} 由 PostgreSQL {major} 建立，而找到的程序（{found.bindir}）是 {found.version}。"
        f"{zh}；或用 {major} 的 pg_dump 导出，再以 {found.major} 在新的数据目录导入。",
        f"The data folder {folder} was made by PostgreSQL {major}, but the programs found ({found.bindir}) are "
        f"{found.version}. Either {en}, or dump it with pg_dump of {major} and load it into a new data folder.",
    )


def _no_access(folder: Path, error: OSError | None) -> Refusal:
    reason = f" ({error.strerror})" if error is not None else ""
    return Forbidden(
        "DATABASE-FOLDER",
        f"数据目录 {folder} 不能使用{reason}。请以其所有者的身份运行，或用 TRIPOINT_DATA_DIR 另指一个目录。",
        f"The data folder {folder} cannot be used{reason}. Run as its owner, or name another in TRIPOINT_DATA_DIR.",
    )
