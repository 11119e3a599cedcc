"""What an operator relies on, with real processes: workers beside the server, deaths mended, signals obeyed, clean logs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faces.api.processes import environment
from tests.faces.api.serving import FIRM, client, engine_over, key, post, rehearsed, serving
from tripoint.app import Engine
from tripoint.database import Supervisor
from tripoint.faces.api import standing, watch, wire
from tripoint.settings import Settings

API = "tripoint.faces.api"
pytestmark = pytest.mark.timeout(240)


class Served:
    """A server as an operator starts it, with its log in a file."""

    def __init__(self, log: Path, *words: str, env: dict[str, str]) -> None:
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", API, "--port", "0", *words],
                env=env,
                stderr=file,
                stdin=subprocess.DEVNULL,
            )

    def lines(self) -> list[dict]:
        """What it has logged so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]

    def url(self) -> str:
        """Where it listens, once it answers."""
        said = wait(lambda: [one["url"].rstrip("/") for one in self.lines() if one["event"] == "listening"])
        wait(lambda: httpx.get(f"{said[0]}/health", trust_env=False).status_code == 200)
        return said[0]

    def workers(self) -> set[int]:
        """The processes it has started."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += (task / "children").read_text().split()
        return set(map(int, found))


@contextlib.contextmanager
def served(folder: Path, *words: str, env: dict[str, str]) -> Iterator[Served]:
    """A server; killed with its workers when the block ends, if it still runs."""
    one = Served(folder / f"serve-{time.monotonic_ns()}.log", *words, env=env)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(30)


def wait(look, seconds: float = 60):
    """What `look` gives as soon as it gives something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError, OSError):
            if found := look():
                return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} seconds in vain")


def alive(pid: int) -> bool:
    """Whether a process runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def workers_seen(http: httpx.Client, count: int) -> bool:
    """Whether so many workers are seen."""
    return f"tripoint_workers {count}.0" in http.get("/metrics").text


@pytest.mark.slow
def test_workers_clear_beside_the_server_are_seen_and_end_with_it(new_database, tmp_path):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        papers = rehearsed(engine, tmp_path / "rehearsal", trades=5)
        env = environment(database, tmp_path)
        with served(tmp_path, "--workers", "2", env=env) as one, client(one.url(), key(engine, None)) as http:
            wait(lambda: workers_seen(http, 2))
            for raw in papers:
                assert post(http, raw).status_code == 202
            wait(lambda: len(http.get("/v1/lists", params={"state": "released"}).json()["items"]) == 5)
            first = one.workers()
            assert len(first) == 2
            killed = min(first)
            os.kill(killed, signal.SIGKILL)
            wait(lambda: len(one.workers() - {killed}) == 2)  # another takes its place
            wait(lambda: "tripoint_work_rounds_total{process=" in http.get("/metrics").text)
            last = one.workers()
            one.process.send_signal(signal.SIGTERM)
            assert one.process.wait(40) == 0
            wait(lambda: not any(map(alive, last)))
        assert any(line["event"] == "worker died" for line in one.lines())


@pytest.mark.crash
@pytest.mark.slow
def test_workers_do_not_outlive_a_server_that_was_killed(new_database, tmp_path):
    with new_database() as database:
        engine_over(database, tmp_path)
        with served(tmp_path, env=environment(database, tmp_path)) as one:
            one.url()
            pids = wait(one.workers)
            one.process.kill()
            one.process.wait()
            wait(lambda: not any(map(alive, pids)))


@pytest.mark.slow
def test_a_stop_answers_what_is_under_way_and_a_second_signal_does_not_wait(new_database, tmp_path):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        text, env = key(engine), environment(database, tmp_path)
        raw = b"<a>" + b"x" * 100_000 + b"</a>"
        head = (
            f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {text}\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(raw)}\r\n\r\n"
        ).encode()
        for patient in (True, False):
            with served(tmp_path, env=env) as one:
                place = urlsplit(one.url())
                with socket.create_connection((place.hostname, place.port), timeout=30) as half:
                    half.sendall(head + raw[:50_000])
                    time.sleep(0.5)
                    begun = time.monotonic()
                    one.process.send_signal(signal.SIGTERM)
                    time.sleep(0.5)
                    if patient:
                        half.sendall(raw[50_000:])
                        assert half.recv(65536).split()[1] in (b"202", b"200")
                    else:
                        one.process.send_signal(signal.SIGTERM)
                    assert one.process.wait(40) == 0
                    assert time.monotonic() - begun < 20


@pytest.mark.crash
@pytest.mark.slow
def test_an_embedded_database_that_was_killed_is_started_again_and_one_that_was_stopped_is_not():
    with tempfile.TemporaryDirectory(prefix="tripoint-operations-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        settings = Settings(data_dir=folder / "data")
        server = Supervisor(settings.data_dir)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIPOINT_")}
        env = kept | {"TRIPOINT_DATA_DIR": str(settings.data_dir)}
        try:
            with Engine.open(settings) as engine:
                text = key(engine)
            with served(folder, env=env) as one, client(one.url(), text) as http:
                assert post(http, b"<before/>").status_code == 202
                killed = server.status().pid
                os.kill(killed, signal.SIGKILL)
                # It may be back before anybody was refused.
                told = wait(
                    lambda: next(
                        (
                            a
                            for a in [post(http, b"<after/>")]
                            if a.status_code == 503 or server.status().pid not in (None, killed)
                        ),
                        None,
                    ),
                    20,
                )
                if told.status_code == 503:
                    assert told.headers["content-type"] == "application/problem+json"
                    assert int(told.headers["retry-after"]) > 0
                assert http.get("/health").status_code == 200
                wait(lambda: post(http, b"<after/>").status_code in (200, 202))
                wait(lambda: http.get("/ready").json()["ready"])
                server.stop()
                told = wait(lambda: next((a for a in [http.get("/ready")] if a.status_code == 503), None))
                (database,) = [c for c in told.json()["checks"] if c["name"] == "database"]
                assert "was stopped" in database["detail"]
                assert "tripoint_database_up 0.0" in http.get("/metrics").text
                time.sleep(3)
                assert not server.status().running
                server.start()
                wait(lambda: http.get("/ready").json()["ready"])
                wait(lambda: post(http, b"<again/>").status_code in (200, 202))
                one.process.send_signal(signal.SIGTERM)
                assert one.process.wait(40) == 0
        finally:
            server.stop()


def test_a_database_that_keeps_dying_is_started_ever_more_seldom(monkeypatch):
    from types import SimpleNamespace

    from tripoint.database import reviving
    from tripoint.database.reviving import Revival, Reviver

    now, starts = [1000.0], []
    monkeypatch.setattr(reviving.time, "monotonic", lambda: now[0])
    dying = SimpleNamespace(
        status=lambda: SimpleNamespace(running=False),
        has_died=lambda: True,
        start=lambda: starts.append(now[0]),
    )
    reviver = Reviver(dying)
    told = []
    for _ in range(400):
        told.append(reviver.look())
        now[0] += 1.0
    pauses = [after - before for before, after in pairwise(starts)]
    assert set(told) == {Revival.STARTED, Revival.LATER}
    assert pauses[:6] == [1, 2, 4, 8, 16, 32]
    assert set(pauses[6:]) == {60}


def test_a_watch_that_fails_goes_on_looking(new_database, tmp_path):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        env = environment(database, tmp_path, TRIPOINT_BACKLOG_MESSAGES="2")
        with served(tmp_path, "--no-worker", env=env) as one, client(one.url(), key(engine)) as http:
            assert post(http, b"<w n='0'/>").status_code == 202
            with database.transaction() as tx:
                tx.run("alter table processes rename to elsewhere")
            wait(lambda: post(http, b"<w n='0'/>").status_code == 503)
            assert (told := http.get("/ready")).status_code == 503
            assert told.json()["code"] == "FAULT"
            with database.transaction() as tx:
                tx.run("alter table elsewhere rename to processes")
            wait(lambda: post(http, b"<w n='1'/>").status_code == 202)
            wait(lambda: post(http, b"<w n='2'/>").json().get("code") == "BACKLOG-FULL")
        assert sum(line["event"] == "fault" for line in one.lines()) == 1


def test_what_is_not_looked_at_while_migrations_are_pending_is_not_told(new_database, tmp_path, monkeypatch):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        monkeypatch.setattr(engine, "pending_migrations", lambda: ["9999_next"])
        with serving(engine) as url, client(url) as http:
            told = http.get("/ready")
    assert told.status_code == 503
    details = {one["name"]: one["detail"] for one in told.json()["checks"]}
    assert details["migrations"] == "9999_next"
    assert details["backlog"] == details["worker"] == standing.NOT_KNOWN


def test_a_look_that_hangs_keeps_messages_out_and_nobody_waiting(new_database, tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "STALE_SECONDS", 1.0)
    monkeypatch.setattr(watch, "PATIENCE_SECONDS", 0.3)
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        with serving(engine) as url, client(url, key(engine)) as http:
            assert post(http, b"<h n='1'/>").status_code == 202
            assert http.get("/ready").status_code == 200
            with database.transaction() as tx:
                tx.run("lock table processes in access exclusive mode")
                time.sleep(0.3)
                begun = time.monotonic()
                assert http.get("/ready").status_code == 200  # by the look before
                assert time.monotonic() - begun < 1
                time.sleep(1)
                begun = time.monotonic()
                for path in ("/ready", "/metrics"):
                    assert http.get(path).status_code == (503 if path == "/ready" else 200)
                assert http.get("/ready").json()["code"] == "DATABASE-GONE"
                answer = post(http, b"<h n='2'/>")
                assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE-GONE")
                assert time.monotonic() - begun < 1
            wait(lambda: http.get("/ready").status_code == 200, 10)
            assert post(http, b"<h n='2'/>").status_code == 202


@pytest.mark.slow
def test_no_log_names_a_person_a_number_of_a_paper_or_a_telephone(new_database, tmp_path):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        papers = rehearsed(engine, tmp_path / "rehearsal", trades=20, anomalies=0.5)
        text = b"".join(papers).decode()
        secrets = {
            found
            for node in ("buyerIdNumber", "buyerName", "buyerTelephone", "consignee", "consigneeTelephone",
                         "payerIdNumber", "payerName", "telephone", "orderNo", "logisticsNo", "consigneeAddress")
            for found in re.findall(rf"<ceb:{node}>([^<]+)</ceb:{node}>", text)
        }  # fmt: skip
        assert len(secrets) > 50
        with (
            served(tmp_path, env=environment(database, tmp_path)) as one,
            client(one.url(), key(engine, None)) as http,
        ):
            for raw in papers:
                post(http, raw)
            post(http, papers[0][: len(papers[0]) // 2])
            wait(lambda: http.get("/ready").json()["backlog"] == 0)
            for number in sorted(secrets)[:5]:
                http.get(f"/v1/lists/{number}")
                http.get("/v1/receipts", params={"order_no": number})
            one.process.send_signal(signal.SIGTERM)
            assert one.process.wait(40) == 0
        said = one.log.read_text()
        lines = one.lines()
        assert {"request", "round", "listening"} <= {line["event"] for line in lines}
        requests = [line for line in lines if line["event"] == "request"]
        assert len({line["request_id"] for line in requests}) == len(requests)
        assert all("message_id" in line for line in requests if line["status"] == 202)
        assert all(line["round_id"] for line in lines if line["event"] == "round")
        assert [secret for secret in secrets if secret in said] == []


def _open(url: str) -> socket.socket:
    place = urlsplit(url)
    return socket.create_connection((place.hostname, place.port), timeout=20)


def test_a_head_that_does_not_come_is_not_waited_for(url, monkeypatch):
    monkeypatch.setattr(wire, "HEAD_SECONDS_MAX", 0.4)
    for said in (b"", b"GET /health HTTP/1.1\r\nHost:"):
        with _open(url) as slow:
            slow.sendall(said)
            answer = slow.recv(65536)
            assert answer.startswith(b"HTTP/1.1 408")
            told = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert (told["code"], told["texts"]["zh"] != "") == ("BODY-SLOW", True)
            assert slow.recv(10) == b""


def test_a_head_without_end_is_not_read_on(url):
    with _open(url) as endless:
        endless.sendall(b"GET /health HTTP/1.1\r\n")
        with contextlib.suppress(OSError):
            for number in range(3000):
                endless.sendall(b"X-%d: %s\r\n" % (number, b"y" * 50))
        with contextlib.suppress(OSError):
            assert not endless.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_connection_serves_one_request_after_another(url, engine):
    with client(url, key(engine, FIRM)) as http:
        for number in range(30):
            assert post(http, b"<c n='%d'/>" % number).status_code == 202
            assert http.get("/health").status_code == 200


@pytest.mark.slow
def test_ten_thousand_idle_connections_harm_nobody(new_database, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10_000
    if hard < wanted + 500:
        pytest.skip(f"this user may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle: list[socket.socket] = []
    try:
        with new_database() as database:
            engine = engine_over(database, tmp_path)
            with served(tmp_path, "--no-worker", env=environment(database, tmp_path)) as one:
                address = one.url()
                with client(address, key(engine)) as http:
                    assert post(http, b"<idle n='0'/>").status_code == 202
                    before = _memory(one.process.pid)
                    idle += [_open(address) for _ in range(wanted)]
                    for number, connection in enumerate(idle):
                        if number % 2:
                            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                    for number in range(1, 20):
                        assert post(http, b"<idle n='%d'/>" % number).status_code == 202
                    grown = _memory(one.process.pid) - before
                    print(f"{wanted} connections: {grown / wanted:.0f} bytes each")
                    assert grown < wanted * 40_000
                    assert http.get("/health").status_code == 200
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _memory(pid: int) -> int:
    """Bytes a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def test_another_threads_lines_are_written_whole(tmp_path):
    import structlog

    from tripoint.registers.processes import lines

    file = tmp_path / "log"
    with file.open("wb") as log:
        before = structlog.get_config()
        try:
            lines.configure(descriptor=log.fileno())
            threads = [
                threading.Thread(
                    target=lambda: [structlog.get_logger().info("said", n=n) for n in range(200)]
                )
                for _ in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            structlog.configure(**before)
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 800
