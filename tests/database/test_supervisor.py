"""The embedded server lives and dies as promised: one per folder, and no kill loses what was committed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.conftest import BASE
from tripoint.database import Database, DatabaseSettings, Supervisor, supervisor
from tripoint.kernel.refusals import Busy, Conflict, Forbidden

Supervise = Callable[..., Supervisor]

START = """
import sys
from pathlib import Path
from tripoint.database import Supervisor
print(Supervisor(Path(sys.argv[1]), Path(sys.argv[2])).start().pid)
"""

HOLD = """
import sys, time, psycopg
connection = psycopg.connect(sys.argv[1])
connection.execute("insert into kept values (99)")
connection.execute("select pg_advisory_lock(7)")
print("held", flush=True)
time.sleep(60)
"""


def connect(server: Supervisor) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.conninfo("postgres"), autocommit=True)


def keep(server: Supervisor, count: int) -> None:
    with connect(server) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept select generate_series(1, %s)", (count,))


def kept(server: Supervisor) -> object:
    with connect(server) as connection:
        row = connection.execute("select count(*) from kept").fetchone()
    assert row is not None
    return row[0]


def wait_until_dead(server: Supervisor) -> None:
    deadline = time.monotonic() + 10
    while server.status().running:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def kill_all(server: Supervisor) -> None:
    """Kill the server and every process of it at once, as a machine's out-of-memory killer might."""
    pid = server.status().pid
    assert pid is not None
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in [pid, *map(int, children)]:
        os.kill(one, signal.SIGKILL)
    wait_until_dead(server)


def test_starts_tells_its_state_and_stops(supervise: Supervise) -> None:
    server = supervise()
    assert not server.status().running
    status = server.start()
    assert status.ready
    assert status.pid == server.start().pid
    with connect(server) as connection:
        settings = connection.execute(
            "select current_setting('listen_addresses'), current_setting('synchronous_commit'),"
            " current_setting('server_encoding'), current_setting('wal_compression')"
        ).fetchone()
    assert settings == ("", "on", "UTF8", "off")
    assert server.stop()
    assert not server.status().running
    assert not server.stop()
    with pytest.raises(Busy, match="DATABASE-GONE"):
        server.conninfo()


def test_several_processes_that_start_it_share_one_server(supervise: Supervise, bindir: Path) -> None:
    server = supervise()
    command = [sys.executable, "-c", START, str(server.data_dir), str(bindir)]
    starting = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {process.communicate(timeout=60)[0].strip() for process in starting}
    assert said == {str(server.status().pid)}


@pytest.mark.crash
def test_what_was_committed_is_there_after_the_server_was_killed(supervise: Supervise) -> None:
    server = supervise()
    first = server.start().pid
    keep(server, 1000)
    open_work = connect(server)
    open_work.execute("begin")
    open_work.execute("insert into kept values (-1)")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until_dead(server)
    assert server.start().pid != first
    open_work.close()
    assert kept(server) == 1000


@pytest.mark.crash
def test_starts_over_a_pid_file_whose_number_another_process_has_got(supervise: Supervise) -> None:
    server = supervise()
    server.start()
    keep(server, 10)
    kill_all(server)
    pid_file = server.folder / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert not server.status().running
    assert server.start().ready
    assert kept(server) == 10


@pytest.mark.crash
def test_a_killed_client_leaves_the_server_running_and_no_lock_behind(supervise: Supervise) -> None:
    server = supervise()
    pid = server.start().pid
    keep(server, 3)
    client = subprocess.Popen(
        [sys.executable, "-c", HOLD, server.conninfo("postgres")], stdout=subprocess.PIPE, text=True
    )
    assert client.stdout is not None
    assert client.stdout.readline() == "held\n"
    client.kill()
    client.wait()
    with connect(server) as connection:
        connection.execute("set lock_timeout = '10s'")
        connection.execute("select pg_advisory_lock(7)")
    assert kept(server) == 3
    assert server.status().pid == pid


@pytest.mark.crash
def test_a_database_says_busy_while_its_server_is_gone_and_goes_on_when_it_is_back(
    supervise: Supervise, bindir: Path
) -> None:
    server = supervise()
    server.start()
    url = server.conninfo("postgres")
    database = Database.open(DatabaseSettings(data_dir=server.data_dir, url=url), wait_seconds=2)
    try:
        with pytest.raises(Busy), database.transaction() as tx:
            kill_all(server)
            tx.value("select 1")
        with pytest.raises(Busy), database.transaction() as tx:
            tx.value("select 1")
        server.start()
        deadline = time.monotonic() + 30
        while True:
            try:
                with database.transaction() as tx:
                    assert tx.value("select 1") == 1
                break
            except Busy:
                assert time.monotonic() < deadline
    finally:
        database.close()


@pytest.mark.parametrize("name", [b"a, b", b"no \xff utf-8"])
def test_a_data_folder_of_any_name_is_started_and_reached(supervise: Supervise, name: bytes) -> None:
    home = Path(tempfile.mkdtemp(prefix="named-", dir=os.environ[BASE]))
    home.chmod(0o755)  # pytest's own folder is closed to the server's user, and its data would lie elsewhere.
    server = supervise(home / os.fsdecode(name))
    server.start()
    assert server.folder.is_relative_to(home)
    keep(server, 2)
    assert kept(server) == 2
    assert server.stop()


def test_a_long_data_folder_gets_its_socket_in_a_short_one(supervise: Supervise, tmp_path: Path) -> None:
    long = tmp_path / ("a" * 60) / ("b" * 60)
    server = supervise(long)
    server.start()
    socket_dir = server.status().socket_dir
    assert socket_dir is not None
    keep(server, 2)
    assert kept(server) == 2
    server.stop()
    if socket_dir != server.folder:
        assert not socket_dir.exists()
    assert len(os.fsencode(socket_dir)) < 100
    server.start()
    assert server.status().socket_dir == socket_dir, "whoever knew the address does not find it again"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_root_runs_it_as_another_user_below_a_closed_and_below_an_open_folder(
    supervise: Supervise, tmp_path: Path, mode: int
) -> None:
    tmp_path.chmod(mode)
    server = supervise(tmp_path / "data")
    pid = server.start().pid
    assert Path(f"/proc/{pid}").stat().st_uid == server.folder.stat().st_uid != 0
    assert server.folder.stat().st_mode & 0o077 == 0
    assert tmp_path.stat().st_mode & 0o777 == mode


def test_embedded_opening_makes_the_database_and_joins_it_again(supervise: Supervise, bindir: Path) -> None:
    settings = DatabaseSettings(data_dir=supervise().data_dir, bindir=bindir)
    first = Database.open(settings)
    with first.transaction() as tx:
        tx.run("create table kept (n int)")
    second = Database.open(settings)
    with second.transaction() as tx:
        assert tx.value("select count(*) from kept") == 0
        assert tx.value("select current_database()") == "tripoint"
    second.close()
    assert first.server is not None
    assert first.server.status().running
    first.close(stop_server=True)
    assert not first.server.status().running


def test_refuses_a_data_folder_of_another_major_version_and_says_how_to_mend_it(supervise: Supervise) -> None:
    server = supervise()
    server.start()
    server.stop()
    (server.folder / "PG_VERSION").write_text("14\n")
    with pytest.raises(Conflict, match="made by PostgreSQL 14") as caught:
        server.start()
    assert caught.value.code == "DATABASE-VERSION"
    assert "install PostgreSQL 14" in caught.value.text.en
    assert "pg_dump" in caught.value.text.zh


def test_says_what_the_server_said_when_it_does_not_start(supervise: Supervise) -> None:
    server = supervise(options={"no_such_setting": "1"})
    with pytest.raises(Busy, match="no_such_setting"):
        server.start()


def test_refuses_a_data_folder_that_cannot_be_made(bindir: Path) -> None:
    with pytest.raises(Forbidden, match="TRIPOINT_DATA_DIR"):
        Supervisor(Path("/proc/tripoint"), bindir).start()


def test_an_error_that_quotes_a_row_is_not_in_the_servers_log(supervise: Supervise) -> None:
    server = supervise()
    server.start()
    with connect(server) as connection:
        connection.execute("create table buyers (buyer_id text primary key)")
        for _ in range(2):
            try:
                connection.execute("insert into buyers values ('11010519491231002X')")
            except psycopg.errors.UniqueViolation:
                break
    server.stop()
    said = server.log.read_text()
    assert "ready to accept connections" in said
    assert "11010519491231002X" not in said


def test_a_server_that_does_not_end_is_not_said_to_be_stopped(
    supervise: Supervise, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = supervise()
    server.start()
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Busy, match="DATABASE-STOP"):
            server.stop()
        assert server.status().running
    finally:
        os.kill(pid, signal.SIGCONT)
    monkeypatch.undo()
    server.stop()
    assert not server.status().running


def test_knows_a_server_that_died_from_one_that_was_stopped(supervise) -> None:
    server = supervise()
    assert not server.has_died()  # there never was one
    server.start()
    assert not server.has_died()
    server.stop()
    assert not server.has_died()
    server.start()
    pid = server.status().pid
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 20
    while not server.has_died() and time.monotonic() < until:
        time.sleep(0.05)
    assert server.has_died()
    (
        server.folder / "postmaster.pid"
    ).unlink()  # PostgreSQL takes it away itself where it gives its recovery up
    assert server.has_died()
