"""The databases the tests run on: one server of each kind for the whole session, shared by all workers."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from tripoint.database import Database, DatabaseSettings, Supervisor, Transaction, binaries, migrate

BASE = "TRIPOINT_TEST_SERVERS"
TEMPLATE = "tripoint_template"
_number = itertools.count(1)

SPEED = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "200"}
"""A killed process loses nothing without fsync; only a machine that loses power does, and tests do not try that."""


# Machines are shared and slow by turns: how long one example takes proves nothing.
settings.register_profile("tripoint", deadline=None)
settings.load_profile("tripoint")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "servers: the same test again, on the system's own server (Debian's)")
    if BASE not in os.environ:
        _sweep()
        base = Path(tempfile.mkdtemp(prefix="tripoint-test-"))
        base.chmod(0o755)  # The server's user has to pass.
        (base / "pytest.pid").write_text(str(os.getpid()))
        os.environ[BASE] = str(base)


JOURNEYS = (
    "attacks/",
    "crash/",
    "faces/",
    "cases/test_arrival",
    "platforms/clearance/",
    "test_never_happens",
)
"""Whole journeys run on the wheel's server alone; every statement they send is sent to both by the cases and stores."""

ON_BOTH = ("platforms/clearance/test_sets",)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the second run, on the system's server, of tests that are journeys."""
    here = Path(__file__).parent

    def is_second_journey(item: pytest.Item) -> bool:
        name = item.path.relative_to(here).as_posix()
        again = item.get_closest_marker("servers") is not None
        return again and name.startswith(JOURNEYS) and not name.startswith(ON_BOTH)

    left_out = [item for item in items if is_second_journey(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not is_second_journey(item)]


def pytest_unconfigure(config: pytest.Config) -> None:
    base = Path(os.environ.get(BASE, "/nonexistent"))
    if _owner(base) == os.getpid():
        os.environ.pop(BASE)
        _remove(base)


def _owner(base: Path) -> int:
    try:
        return int((base / "pytest.pid").read_text())
    except (OSError, ValueError):
        return 0


def _sweep() -> None:
    """Stop what a test run that was killed has left behind."""
    for base in Path(tempfile.gettempdir()).glob("tripoint-test-*"):
        owner = _owner(base)
        with contextlib.suppress(PermissionError):
            try:
                if owner:
                    os.kill(owner, 0)
            except ProcessLookupError:
                _remove(base)


def _remove(base: Path) -> None:
    for data_dir in base.iterdir():
        if data_dir.is_dir():
            remove_server(Supervisor(data_dir))
    shutil.rmtree(base, ignore_errors=True)


def remove_server(server: Supervisor) -> None:
    """Stop a test's server and remove its folder, wherever it was put."""
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)  # Root may have had to put it outside the data folder.
    shutil.rmtree(server.data_dir, ignore_errors=True)


def bindir_of(kind: str) -> Path:
    """The bin folder of the wheel's server or of the system's; skips the test when it is not installed."""
    found = binaries.from_wheel() if kind == "wheel" else binaries.from_system()
    if found is None:
        pytest.skip(f"no {kind} PostgreSQL of version 15 or later is installed on this machine")
    return found.bindir


@pytest.fixture(scope="session", params=["wheel", pytest.param("system", marks=pytest.mark.servers)])
def bindir(request: pytest.FixtureRequest) -> Path:
    """The bin folder of the wheel's server, and in a second run of the same test of the system's."""
    return bindir_of(request.param)


@pytest.fixture(scope="session")
def server(bindir: Path) -> Supervisor:
    """A running server, the wheel's or the system's, with a migrated template database."""
    data_dir = Path(os.environ[BASE]) / bindir.parent.name
    data_dir.mkdir(exist_ok=True)
    running = Supervisor(data_dir, bindir, SPEED)
    with (data_dir / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running.start()
        if not (data_dir / "template.done").exists():
            _create(running, TEMPLATE, "template0")
            with opened(running, TEMPLATE) as database:
                migrate(database)
            (data_dir / "template.done").touch()
    return running


def _create(running: Supervisor, name: str, template: str) -> None:
    with psycopg.connect(running.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)'.encode())
        connection.execute(f'create database "{name}" template "{template}"'.encode())


@contextlib.contextmanager
def opened(running: Supervisor, name: str) -> Iterator[Database]:
    """A test database of a running server, by URL as in service."""
    database = Database.open(
        DatabaseSettings(data_dir=running.data_dir, url=running.conninfo(name)), connections=4
    )
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def supervise(bindir: Path, tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    """Makes supervisors of a data folder of the test's own, which is stopped and removed when the test ends."""
    made: dict[Path, Supervisor] = {}

    def make(data_dir: Path = tmp_path / "data", options: dict[str, str] = SPEED) -> Supervisor:
        return made.setdefault(data_dir, Supervisor(data_dir, bindir, options))

    yield make
    for one in made.values():
        remove_server(one)


@pytest.fixture(scope="session")
def new_database(server: Supervisor) -> Callable[..., contextlib.AbstractContextManager[Database]]:
    """Makes databases: `with new_database() as database`; pass template="template0" for one without tables."""

    @contextlib.contextmanager
    def make(template: str = TEMPLATE) -> Iterator[Database]:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        name = f"test_{worker}_{os.getpid()}_{next(_number)}"
        _create(server, name, template)
        try:
            with opened(server, name) as database:
                yield database
        finally:
            with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
                connection.execute(f'drop database if exists "{name}" with (force)'.encode())

    return make


@pytest.fixture(scope="session")
def database(new_database: Callable[..., contextlib.AbstractContextManager[Database]]) -> Iterator[Database]:
    """This worker's migrated database; tests leave it as they found it (use `tx`, or `fresh_database` to commit)."""
    with new_database() as made:
        yield made


@pytest.fixture
def tx(database: Database) -> Iterator[Transaction]:
    """A transaction that is rolled back when the test ends."""

    class _Undone(Exception):
        pass

    with contextlib.suppress(_Undone), database.transaction() as transaction:
        yield transaction
        raise _Undone


@pytest.fixture
def fresh_database(
    new_database: Callable[..., contextlib.AbstractContextManager[Database]],
) -> Iterator[Database]:
    """A migrated database of the test's own, for tests that commit."""
    with new_database() as made:
        yield made
