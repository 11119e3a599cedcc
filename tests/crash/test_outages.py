"""The database gone and back, and a full disk: refused politely, nothing acknowledged lost, and on again by itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
import psycopg
import pytest

from tests.crash.installation import SERVER, Installation

FIRM = "0000A00001"
POLITE_SECONDS = 15.0
"""A refusal comes within so many seconds."""

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(slots=True)
class Sender:
    """A partner that posts one message after another and notes what it is told."""

    http: httpx.Client
    bytes: int = 200
    kept: dict[int, bytes] = field(default_factory=dict)
    refused: list[httpx.Response] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    sent: int = 0

    def post(self) -> int:
        """Post one message; the status it was answered with."""
        self.sent += 1
        raw = b"<message n='%d'>" % self.sent + Random(self.sent).randbytes(self.bytes // 2).hex().encode()
        begun = time.monotonic()
        answer = self.http.post("/v1/messages", content=raw)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        if answer.status_code == 202:
            self.kept[answer.json()["message_id"]] = raw
        elif answer.status_code == 503 and answer.headers.get("Retry-After", "").isdigit():
            self.refused.append(answer)
        else:
            self.wrong.append(f"{answer.status_code}: {answer.text[:300]}")
        return answer.status_code

    def look(self) -> None:
        """Everything acknowledged is there, and nothing was answered otherwise than it should be."""
        assert self.wrong == []
        for number, raw in self.kept.items():
            assert self.http.get(f"/v1/messages/{number}/raw").content == raw


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[tuple[Installation, Sender]]:
    """An installation on a folder with a server and a worker, and a partner of it."""
    installation = Installation(folder, **settings)
    firm = {"enterprise_code": FIRM, "name": "示例", "roles": ["merchant"], "since": "2020-01-01"}
    filed = {"generated": True, "enterprises": [firm | {"source": "test", "realtime_payment_data": False}]}
    try:
        keys = installation.prepare(json.dumps(filed).encode(), [FIRM])
        installation.start(SERVER, "worker-1")
        installation.wait_until_ready()
        headers = {"Authorization": f"Bearer {keys[FIRM]}", "Content-Type": "application/xml"}
        with httpx.Client(base_url=installation.url, headers=headers, timeout=60, trust_env=False) as http:
            yield installation, Sender(http)
    finally:
        installation.stop()


@contextmanager
def folder_of_its_own() -> Iterator[Path]:
    """A folder the database's user may pass into."""
    with tempfile.TemporaryDirectory(prefix="tripoint-outage-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of so many megabytes; skips where this user may not mount one."""
    with folder_of_its_own() as folder:
        made = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(made, capture_output=True, check=False).returncode != 0:
            pytest.skip("only root can mount the small file system that this test fills")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, left: int) -> Path:
    """Fill a disk but for so many bytes; the file that does it."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        file.write(b"\0" * (shutil.disk_usage(folder).free - left))
    return filler


def post_until(sender: Sender, status: int, seconds: float) -> None:
    """Post until a message is answered so."""
    end = time.monotonic() + seconds
    while sender.post() != status:
        assert time.monotonic() < end, f"no {status} within {seconds} s"
        time.sleep(0.02)


def work_is_done(installation: Installation, seconds: float = 60) -> bool:
    """Whether nothing waits any more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        said = installation.ready()
        if said.get("ready") and said["backlog"] == 0:
            return True
        time.sleep(0.2)
    return False


def test_the_database_is_stopped_and_started_while_traffic_flows() -> None:
    with folder_of_its_own() as folder, serving(folder) as (installation, sender):
        pids = {name: process.pid for name, process in installation.processes.items()}
        stop = threading.Event()

        def flow() -> None:
            while not stop.is_set():
                sender.post()
                stop.wait(0.05)

        thread = threading.Thread(target=flow, daemon=True)
        thread.start()
        time.sleep(1)
        installation.supervisor.stop()
        end = time.monotonic() + 2 * POLITE_SECONDS
        while not sender.refused and time.monotonic() < end:
            time.sleep(0.1)
        before = len(sender.kept)
        assert httpx.get(f"{installation.url}/health", timeout=5, trust_env=False).status_code == 200
        installation.supervisor.start()
        while len(sender.kept) < before + 20 and time.monotonic() < end + 60:
            time.sleep(0.1)
        stop.set()
        thread.join(60)
        assert sender.refused
        assert len(sender.kept) >= before + 20
        assert sender.slowest < POLITE_SECONDS
        assert work_is_done(installation)
        sender.look()
        assert pids == {name: process.pid for name, process in installation.processes.items()}
        assert all(process.poll() is None for process in installation.processes.values())


def in_a_fresh_segment(installation: Installation) -> None:
    """Let the database begin a new segment of its journal, which has its 16 MB of disk already."""
    with psycopg.connect(installation.supervisor.conninfo(), autocommit=True) as connection:
        connection.execute("select pg_switch_wal()")
        connection.execute("checkpoint")


def test_a_full_disk_is_told_and_waited_out() -> None:
    # A floor of one byte keeps the server from refusing before the disk is really full.
    with small_disk(220) as folder, serving(folder, TRIPOINT_DISK_FLOOR_BYTES="1") as (installation, sender):
        sender.bytes = 400_000
        post_until(sender, 202, 10)
        in_a_fresh_segment(installation)
        filler = fill(folder, 2_000_000)
        post_until(sender, 503, 60)
        assert sender.refused[-1].headers["Retry-After"] == "60"
        assert sender.refused[-1].json()["code"] == "DATABASE-FULL"
        assert httpx.get(f"{installation.url}/health", timeout=5, trust_env=False).status_code == 200
        filler.unlink()
        post_until(sender, 202, 60)
        assert work_is_done(installation)
        sender.look()
        assert sender.slowest < POLITE_SECONDS


def test_messages_are_refused_before_the_disk_is_full() -> None:
    with small_disk(260) as folder, serving(folder, TRIPOINT_DISK_FLOOR_BYTES="40000000") as (its, sender):
        post_until(sender, 202, 10)
        filler = fill(folder, 30_000_000)
        post_until(sender, 503, 10)
        assert sender.refused[-1].json()["code"] == "DISK-LOW"
        checks = {one["name"]: one["ok"] for one in its.ready()["checks"]}
        assert checks == {
            "database": True,
            "migrations": True,
            "backlog": True,
            "disk": False,
            "worker": True,
        }
        filler.unlink()
        post_until(sender, 202, 10)
        sender.look()


def journal_cannot_grow(installation: Installation) -> None:
    """Have the database write journal until its disk is full: PostgreSQL ends itself then, rather than lose anything."""
    with (
        pytest.raises(psycopg.OperationalError),
        psycopg.connect(installation.supervisor.conninfo(), autocommit=True) as connection,
    ):
        for _ in range(100):
            connection.execute("select pg_logical_emit_message(false, 'test', repeat('a', 1000000))")


def test_a_database_that_ended_for_want_of_disk_comes_back_when_there_is_space() -> None:
    with small_disk(220) as folder, serving(folder, TRIPOINT_DISK_FLOOR_BYTES="1") as (installation, sender):
        post_until(sender, 202, 10)
        filler = fill(folder, 3_000_000)
        journal_cannot_grow(installation)
        post_until(sender, 503, 30)
        filler.unlink()
        post_until(sender, 202, 90)
        assert work_is_done(installation)
        sender.look()
        assert sender.slowest < POLITE_SECONDS


def test_a_database_that_is_killed_is_brought_back_by_the_product_alone() -> None:
    with folder_of_its_own() as folder, serving(folder) as (installation, sender):
        post_until(sender, 202, 10)
        killed = installation.supervisor.status().pid
        installation.kill_database()
        # Its children may serve on for a moment, and it may be back before anybody was refused.
        end = time.monotonic() + 60
        while installation.supervisor.status().pid in (None, killed):
            assert time.monotonic() < end, "nobody brought the database back"
            sender.post()
            time.sleep(0.05)
        post_until(sender, 202, 60)
        assert work_is_done(installation)
        sender.look()
        assert all(process.poll() is None for process in installation.processes.values())


@contextmanager
def hanging(installation: Installation) -> Iterator[None]:
    """Every process of the database stopped where it stands: connections stay, and nothing answers on them."""
    postmaster = installation.supervisor.status().pid
    assert postmaster is not None
    stopped = [postmaster]
    os.kill(postmaster, signal.SIGSTOP)
    try:
        for child in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
            os.kill(int(child), signal.SIGSTOP)
            stopped.append(int(child))
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def test_a_database_that_hangs_is_told_and_waited_out() -> None:
    with folder_of_its_own() as folder, serving(folder) as (installation, sender):
        post_until(sender, 202, 10)
        with hanging(installation):
            begun = time.monotonic()
            first = sender.http.post("/v1/messages", content=b"<hung/>")
            assert (first.status_code, first.json()["code"]) == (503, "COMMIT-LATE")
            assert first.headers["Retry-After"].isdigit()
            assert time.monotonic() - begun < POLITE_SECONDS
            while sender.post() == 503 and sender.refused[-1].json()["code"] != "DATABASE-GONE":
                assert time.monotonic() - begun < 2 * POLITE_SECONDS
            begun = time.monotonic()
            assert sender.post() == 503
            lists = sender.http.get("/v1/lists")
            assert (lists.status_code, lists.json()["code"]) == (503, "DATABASE-GONE")
            assert httpx.get(f"{installation.url}/health", timeout=5, trust_env=False).status_code == 200
            said = installation.ready(5)
            assert (said["ready"], said["database"]) == (False, False)
            assert time.monotonic() - begun < 1
        post_until(sender, 202, 60)
        again = sender.http.post("/v1/messages", content=b"<hung/>")
        assert (again.status_code, again.json()["is_new"]) == (200, False)
        assert work_is_done(installation)
        sender.look()
        assert sender.slowest < POLITE_SECONDS
        assert all(process.poll() is None for process in installation.processes.values())


def ask(sender: Sender, path: str) -> None:
    """Ask for what only the database knows; whatever comes of it."""
    with suppress(httpx.HTTPError):
        sender.http.get(path)


def test_a_server_ends_though_its_database_hangs() -> None:
    with folder_of_its_own() as folder, serving(folder) as (installation, sender):
        post_until(sender, 202, 10)
        server = installation.processes[SERVER]
        with hanging(installation):
            asking = [
                threading.Thread(target=ask, args=(sender, path)) for path in ("/v1/messages", "/v1/outbox")
            ]
            for thread in asking:
                thread.start()
            time.sleep(1)
            begun = time.monotonic()
            server.terminate()
            assert server.wait(60) == 0
            assert time.monotonic() - begun < 40
            for thread in asking:
                thread.join(10)
