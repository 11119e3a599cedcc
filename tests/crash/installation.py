"""The real thing on a data folder of its own: embedded PostgreSQL, a server and two workers, and how each of them is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import httpx

from tripoint.app import Engine
from tripoint.database import Supervisor
from tripoint.kernel.refusals import Busy
from tripoint.registers.access import desk as access
from tripoint.registers.access.records import Scope
from tripoint.settings import Settings

SERVER = "server"
WORKERS = ("worker-1", "worker-2")
SERVER_FACE, WORKER_FACE = "tripoint.faces.api", "tripoint.faces.worker"
_TRIPOINT = "from tripoint.faces.cli import main; main()"
PATIENCE_SECONDS = 3.0
"""So long the product has to bring its database back by itself before the operator does."""


class Installation:
    """Everything an operator starts on one machine, and starts again where it ends.

    `revived` counts who brought the database back, `ended` tells which processes ended without having been killed.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.data = folder / "data"
        self.logs = folder / "logs"
        self.settings = settings
        self.port = _free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.revived = {"product": 0, "operator": 0}
        self.ended: list[tuple[str, int]] = []
        self._starts = 0
        for made in (self.data, self.logs):
            made.mkdir(parents=True, exist_ok=True)
            made.chmod(0o755)  # The database's own user has to pass.

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def supervisor(self) -> Supervisor:
        """Who knows about the embedded database."""
        return Supervisor(self.data)

    @property
    def environment(self) -> dict[str, str]:
        """What the processes are started with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIPOINT_")}
        return kept | {"TRIPOINT_DATA_DIR": str(self.data)} | self.settings

    def prepare(self, filings: bytes, enterprises: list[str]) -> dict[str, str]:
        """A new database with the filings loaded; the text of a key for each enterprise, and of the operator's as ""."""
        with Engine.open(replace(Settings.load(self.environment), data_dir=self.data)) as engine:
            engine.seed_rates()
            engine.load_filings(filings)
            keys = {}
            for code in ["", *enterprises]:
                scopes = (Scope.SEND, Scope.READ) if code else (Scope.OPERATOR,)
                with engine.transaction() as tx:
                    issued = access.create_key(tx, code or None, "crash", scopes, now=engine.clock.now())
                keys[code] = issued.text
        return keys

    def post_to(self, urls: dict[str, str]) -> None:
        """Have the receipts of enterprises posted to addresses on this machine."""
        with self.operator() as engine, engine.transaction() as tx:
            for code, url in urls.items():
                now = engine.clock.now()
                access.add_endpoint(tx, code, url, ["127.0.0.1"], now=now, allow_private=True)

    def operator(self, name: str | None = None) -> Engine:
        """An engine that joins the running database and never starts one; raises Busy where none runs."""
        server = self.supervisor
        url = server.conninfo(name) if name else server.conninfo()
        return Engine.open(replace(Settings.load(self.environment), database_url=url))

    def start(self, *names: str) -> None:
        """Start the processes of these names, or all, where they do not run."""
        for name in names or (SERVER, *WORKERS):
            running = self.processes.get(name)
            if running is not None and running.poll() is None:
                continue
            if running is not None and running.returncode != -signal.SIGKILL:
                self.ended.append((name, running.returncode))
            self._starts += 1
            with (self.logs / f"{self._starts:04d}-{name}.log").open("wb") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, *self._words(name, first=running is None)],
                    env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                )  # fmt: skip

    def _words(self, name: str, *, first: bool) -> list[str]:
        """As an operator starts a process; when it is started again, without the command line that does so."""
        module, command = (WORKER_FACE, "worker") if name in WORKERS else (SERVER_FACE, "serve")
        more = [] if name in WORKERS else ["--no-worker", "--port", str(self.port)]
        return ["-c", _TRIPOINT, command, *more] if first else ["-m", module, *more]

    def kill(self, *names: str) -> None:
        """Kill processes with -9."""
        for name in names:
            self.processes[name].send_signal(signal.SIGKILL)
        for name in names:
            self.processes[name].wait(20)

    def kill_database(self) -> None:
        """Kill the postmaster with -9; its children end when they notice."""
        pid = self.supervisor.status().pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_backend(self, rng: Random) -> str:
        """Kill one of the database's processes with -9, rather one that serves us; returns what it was."""
        pid = self.supervisor.status().pid
        children = _children(pid) if pid is not None else []
        serving = [one for one in children if "tripoint tripoint" in one[1]]
        if not children:
            return "none"
        number, what = rng.choice(serving if serving and rng.random() < 0.8 else children)
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        return " ".join(what.split()[:2])

    def revive_database(self) -> None:
        """Wait until the product has its database running again; start it as an operator would where it does not."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if self.supervisor.status().ready:
                self.revived["product"] += 1
                return
            time.sleep(0.05)
        self.supervisor.start()
        self.revived["operator"] += 1

    def wait_until_ready(self, seconds: float = 240) -> dict[str, Any]:
        """What `/ready` says once it says yes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.supervisor.status().running:
                self.revive_database()
            self.start()
            said = self.ready()
            if said.get("ready"):
                return said
            time.sleep(0.1)
        raise AssertionError(f"not ready after {seconds} s; see {self.logs}")

    def ready(self, seconds: float = 15) -> dict[str, Any]:
        """What `/ready` says; nothing where nobody answers so soon."""
        try:
            return dict(httpx.get(f"{self.url}/ready", timeout=seconds, trust_env=False).json())
        except (httpx.HTTPError, json.JSONDecodeError):
            return {}

    def stop(self) -> None:
        """Stop everything, politely and then not."""
        running = [one for one in self.processes.values() if one.poll() is None]
        for one in running:
            one.terminate()
        for one in running:
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait(20)
        with contextlib.suppress(Busy):
            self.supervisor.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _children(pid: int) -> list[tuple[int, str]]:
    """The processes of a postmaster with what they call themselves."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                said = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append((int(entry.name), said.removeprefix("postgres: ").strip()))
    return found
