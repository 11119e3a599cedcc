"""The door to the database: it opens the embedded server or the one by URL, and hands out transactions."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from tripoint.database.failures import CONTENTION, told
from tripoint.database.settings import DatabaseSettings
from tripoint.database.supervisor import NAME, Supervisor
from tripoint.database.transaction import StagedTables, Transaction
from tripoint.kernel.refusals import Busy, Conflict, Forbidden, Malformed, Unknown

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

T = TypeVar("T")

OLDEST_VERSION = 150000
ATTEMPTS = 5

FRESH_SECONDS = 0.5
"""A connection that was used so short a time ago is handed out without asking its server: that is a round trip."""

RECONNECT_SECONDS = 4.0
"""A pool that has lost its server asks for it again at least this often while anybody wants it."""

LIMITS: Mapping[str, str] = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
"""A server that no longer answers over the network is given up after 25 seconds; an address may say otherwise."""


class Database:
    """A pool of connections to one database; `server` is its embedded server's supervisor, or None by URL."""

    def __init__(self, pool: ConnectionPool[Any], server: Supervisor | None = None) -> None:
        self._pool = pool
        self._tables: WeakKeyDictionary[psycopg.Connection[Any], StagedTables] = WeakKeyDictionary()
        self.server = server

    @classmethod
    def open(
        cls, settings: DatabaseSettings, *, connections: int = 8, wait_seconds: float = 10.0
    ) -> Database:
        """Connect by URL, or start or join the embedded server; refuses with what to mend when that fails."""
        if settings.url is not None:
            _try(settings.url)
            return cls(_pool(limited(settings.url), connections, wait_seconds))
        server = Supervisor(settings.data_dir, settings.bindir, wal_archive=settings.wal_archive)
        server.start()
        _make_database(server)
        _try(server.conninfo())
        return cls(_pool(lambda: limited(server.conninfo()), connections, wait_seconds), server)

    @classmethod
    def beside(cls, server: Supervisor) -> Database:
        """Connect to a server that runs, whoever may start it; closing leaves it running."""
        return cls(_pool(lambda: limited(server.conninfo()), 1, 10.0))

    def close(self, *, stop_server: bool = False) -> None:
        """Give the connections back; the embedded server runs on for others unless it is to be stopped."""
        self._pool.close()
        if stop_server and self.server is not None:
            self.server.stop()

    def pool_figures(self) -> dict[str, int]:
        """How the pool of connections stands: its size, how many are free, how many wait for one, and what it counted."""
        return dict(self._pool.get_stats())

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that commits at the end, and rolls back when an exception leaves it."""
        with told(), self._pool.connection() as connection:
            tx = Transaction(connection, self._tables.get(connection))
            try:
                yield tx
                connection.commit()
                self._tables[connection] = tx.tables
            finally:
                tx.end()

    def retrying(self, work: Callable[[Transaction], T], *, attempts: int = ATTEMPTS) -> T:
        """Run `work` in a transaction of its own, again from the start when another stood in its way (deadlock)."""
        for attempt in range(1, attempts + 1):
            try:
                with self.transaction() as tx:
                    return work(tx)
            except Busy as busy:
                if busy.code != CONTENTION or attempt == attempts:
                    raise
                time.sleep(random.uniform(0, 0.02 * 2**attempt))
        raise AssertionError("the last attempt returns or raises")


def limited(conninfo: str) -> str:
    """An address with the `LIMITS` it does not set itself."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    return make_conninfo("", **{**LIMITS, **conninfo_to_dict(conninfo)})


def _pool(conninfo: str | Callable[[], str], connections: int, wait_seconds: float) -> ConnectionPool[Any]:
    """A pool; try a connection in the open before, so that what is wrong is told and not timed out.

    A server that is started again may listen elsewhere: where it is asked for, the address is asked for each time.
    """
    from psycopg_pool import ConnectionPool

    freshness = _Freshness(ConnectionPool.check_connection)
    pool: ConnectionPool[Any] = ConnectionPool(
        conninfo, min_size=1, max_size=connections, timeout=wait_seconds, open=False, name=NAME,
        configure=_configure, check=freshness.check, reset=freshness.note, kwargs={"autocommit": False},
        reconnect_timeout=RECONNECT_SECONDS,
    )  # fmt: skip
    with told():
        pool.open(wait=True, timeout=wait_seconds)
    return pool


class _Freshness:
    """Looks whether a connection still has its server before it is handed out, unless it was used a moment ago."""

    def __init__(self, look: Callable[[psycopg.Connection[Any]], None]) -> None:
        self._look = look
        self._used: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()

    def note(self, connection: psycopg.Connection[Any]) -> None:
        """The connection comes back from work."""
        self._used[connection] = time.monotonic()

    def check(self, connection: psycopg.Connection[Any]) -> None:
        """Raises psycopg.OperationalError where the server is gone."""
        if time.monotonic() - self._used.get(connection, 0.0) > FRESH_SECONDS:
            self._look(connection)


def _configure(connection: psycopg.Connection[Any]) -> None:
    """Set what our formats and plans depend on, whatever the server's own settings are.

    The server notices within half a minute that our machine has gone, and lets go of what we held (over a socket it always does).

    Staged tables differ in size from round to round, so a plan is made each time, and without merge joins: what those cost is
    guessed from a spread of keys that staged sets do not keep.
    """
    from psycopg.types.json import JsonbDumper

    connection.adapters.register_dumper(dict, JsonbDumper)
    connection.execute(
        "select set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO, YMD', false),"
        " set_config('bytea_output', 'hex', false),"
        " set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
        " set_config('tcp_keepalives_count', '3', false),"
        " set_config('plan_cache_mode', 'force_custom_plan', false), set_config('enable_mergejoin', 'off', false),"
        " set_config('application_name', coalesce(nullif(current_setting('application_name'), ''), 'tripoint'), false)"
    )
    connection.commit()


def _try(conninfo: str) -> None:
    import psycopg

    try:
        limited(conninfo)
    except psycopg.ProgrammingError:
        raise _no_address() from None  # what it says quotes the address, which may hold a password
    try:
        with told(), psycopg.connect(limited(conninfo)) as connection:
            version = connection.info.server_version
            encoding = connection.info.parameter_status("server_encoding")
    except Busy as busy:
        said = str(busy.__cause__)
        if "authentication" in said or "password" in said or "pg_hba" in said:
            raise _login() from None
        if 'database "' in said and "does not exist" in said:
            raise _no_database() from None
        raise
    if version < OLDEST_VERSION or encoding != "UTF8":
        raise Conflict(
            "DATABASE-VERSION",
            f"数据库须为 PostgreSQL 15 及以上、编码 UTF8；现为 {version // 10000}、{encoding}。请另设 TRIPOINT_DATABASE_URL。",
            f"The database must be PostgreSQL 15 or later with encoding UTF8; it is {version // 10000}, {encoding}. "
            "Name another in TRIPOINT_DATABASE_URL.",
        )


def _no_address() -> Malformed:
    return Malformed(
        "DATABASE-URL",
        "TRIPOINT_DATABASE_URL 不是 PostgreSQL 地址。格式为 postgresql://用户:口令@主机:端口/库名。",
        "TRIPOINT_DATABASE_URL is no address of a PostgreSQL. Write it as postgresql://user:password@host:port/name.",
    )


def _login() -> Forbidden:
    return Forbidden(
        "DATABASE-LOGIN",
        "数据库拒绝登录。请检查 TRIPOINT_DATABASE_URL 中的用户名与口令。",
        "The database refuses the login. Check the user and password in TRIPOINT_DATABASE_URL.",
    )


def _no_database() -> Unknown:
    return Unknown(
        "DATABASE-NAME",
        "服务器上没有 TRIPOINT_DATABASE_URL 所指的数据库。请先用 createdb 建立。",
        "The server has no database of the name in TRIPOINT_DATABASE_URL. Make it with createdb first.",
    )


def _make_database(server: Supervisor) -> None:
    """Make the database in a new data folder; a second process may be first."""
    import psycopg

    with told(), psycopg.connect(limited(server.conninfo("postgres")), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", (NAME,)).fetchone()
        if found is None:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute("create database tripoint")
