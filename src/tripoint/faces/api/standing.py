"""Whether this process lives, whether it can serve, and what there is to count."""

from __future__ import annotations

import os
import socket

import msgspec
from anyio import to_thread
from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation

from tripoint.app import Engine
from tripoint.faces.api import metrics
from tripoint.faces.api.callers import Wired
from tripoint.faces.api.watch import Seen, Watch

READY_SECONDS = 0.2
"""What was looked at so lately is not looked at again."""

NOT_KNOWN = "not known: the database does not answer, or migrations are pending"
"""How things stand that were not looked at."""

WORKER = "worker"
ARCHIVE = "archive"
ONLY_TOLD = frozenset({WORKER, ARCHIVE})
"""Checks without which requests are served all the same."""

Watching = SkipValidation[Watch]
"""The watch, as a handler receives it."""


class Health(msgspec.Struct):
    """The process answers."""

    status: str


class Check(msgspec.Struct):
    """One thing looked at; `ok` is false where it is not as it should be, and `detail` says how it stands."""

    name: str
    ok: bool
    detail: str


class Ready(msgspec.Struct, omit_defaults=True):
    """Whether requests can be served, and how each thing stands. Without a worker messages are taken and wait."""

    ready: bool
    database: bool
    pending_migrations: list[str]
    backlog: int
    checks: list[Check]
    code: str | None = None


@get("/health", sync_to_thread=False, summary="Is the process alive?", tags=["standing"], security=[{}])
def health() -> Health:
    """Always the same answer, without the database."""
    return Health(status="alive")


@get(
    "/ready",
    summary="Can requests be served?",
    tags=["standing"],
    security=[{}],
    responses={503: ResponseSpec(Ready, generate_examples=False, description="Something is missing.")},
)
async def ready(engine: Wired, watch: Watching) -> Response[Ready]:
    """200 where everything is in place, otherwise 503 with what is missing."""
    seen = await watch.lately(READY_SECONDS)
    checks = _checks(engine, seen)
    found = Ready(
        ready=all(one.ok for one in checks if one.name not in ONLY_TOLD),
        database=seen.database,
        pending_migrations=list(seen.pending),
        backlog=seen.backlog_messages,
        checks=checks,
        code=seen.code,
    )
    headers = {} if found.ready else {"Retry-After": "5"}
    return Response(found, status_code=200 if found.ready else 503, headers=headers)


def _applied(seen: Seen) -> str:
    """What is known of the migrations: nothing where the database does not answer."""
    return ", ".join(seen.pending) or ("all applied" if seen.database else "not known")


def _checks(engine: Engine, seen: Seen) -> list[Check]:
    """Each thing that has to be in place, and the workers."""
    limits, free = engine.settings, seen.disk_free_bytes
    has_room = seen.backlog_messages < limits.backlog_messages and seen.backlog_bytes < limits.backlog_bytes
    is_known = seen.database and not seen.pending
    waiting = (
        f"{seen.backlog_messages} messages of {seen.backlog_bytes} bytes, oldest {seen.oldest_seconds} s"
    )
    gone = f"{seen.code}; the embedded server: {seen.revival or 'not known'}"
    checks = [
        Check("database", seen.database, "answers" if seen.database else gone),
        Check("migrations", seen.database and not seen.pending, _applied(seen)),
        Check("backlog", has_room, waiting if is_known else NOT_KNOWN),
    ]
    if free is not None:
        checks.append(Check("disk", free >= limits.disk_floor_bytes, f"{free} bytes free"))
    if (archiving := seen.archiving) is not None:
        waited = f", for {archiving.waiting_seconds} s" if archiving.waiting_seconds else ""
        told = f"{archiving.waiting} segments wait{waited}, last archived {archiving.last_archived_wal}"
        checks.append(Check(ARCHIVE, archiving.is_on and not archiving.is_failing, told))
    names = [f"{process} {seconds} s ago" for process, seconds in seen.workers]
    none = "none seen" if is_known else NOT_KNOWN
    return [*checks, Check(WORKER, bool(names), ", ".join(names) or none)]


@get(
    "/metrics",
    media_type="text/plain; version=0.0.4",
    summary="Figures for Prometheus",
    tags=["standing"],
    security=[{}],
)
async def figures(engine: Wired, watch: Watching) -> bytes:
    """Counters of this process and of the workers, and how things stand; no enterprise and no person is named."""
    return await to_thread.run_sync(_page, engine, watch, await watch.lately(READY_SECONDS))


def _page(engine: Engine, watch: Watch, seen: Seen) -> bytes:
    own = f"{socket.gethostname()}/{os.getpid()}"
    others = [(process, text) for process, text in seen.figures if process != own]
    lists = watch.lists() if seen.database else {}
    return metrics.page(seen, others, lists, engine.database.pool_figures())


router = Router("/", route_handlers=[health, ready, figures])
