"""Whether this process lives, whether it can serve, and what there is to count."""

from __future__ import annotations

from collections import Counter

import msgspec
from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec

from tripoint.exchange import store as inbox
from tripoint.faces.api import metrics
from tripoint.faces.api.callers import Wired
from tripoint.kernel.refusals import Refusal
from tripoint.platforms.clearance.enquiries import desk as enquiries


class Health(msgspec.Struct):
    """The process answers."""

    status: str


class Ready(msgspec.Struct, omit_defaults=True):
    """Whether requests can be served: the database answers and has been through every migration."""

    ready: bool
    database: bool
    pending_migrations: list[str]
    backlog: int
    code: str | None = None


@get("/health", sync_to_thread=False, summary="Is the process alive?", tags=["standing"], security=[{}])
def health() -> Health:
    """Always the same answer, without the database."""
    return Health(status="alive")


@get(
    "/ready",
    sync_to_thread=True,
    summary="Can requests be served?",
    tags=["standing"],
    security=[{}],
    responses={503: ResponseSpec(Ready, generate_examples=False, description="Something is missing.")},
)
def ready(engine: Wired) -> Response[Ready]:
    """200 where everything is in place, otherwise 503 with what is missing."""
    try:
        pending = engine.pending_migrations()
        with engine.transaction() as tx:
            backlog = inbox.waiting(tx)["messages"]
    except Refusal as refusal:
        found = Ready(ready=False, database=False, pending_migrations=[], backlog=0, code=refusal.code)
    else:
        found = Ready(ready=not pending, database=True, pending_migrations=pending, backlog=backlog)
    return Response(found, status_code=200 if found.ready else 503)


@get(
    "/metrics",
    sync_to_thread=True,
    media_type="text/plain; version=0.0.4",
    summary="Figures for Prometheus",
    tags=["standing"],
    security=[{}],
)
def figures(engine: Wired) -> bytes:
    """Counters of this process and gauges from the database; no enterprise and no person is named."""
    with engine.transaction() as tx:
        waiting = inbox.waiting(tx)
        summary = enquiries.summary(tx)
    lists: Counter[str] = Counter()
    for row in summary["states"]:
        lists[row["state"]] += row["lists"]
    oldest = waiting["oldest_at"]
    seconds = 0 if oldest is None else max(0, int((engine.clock.now() - oldest).total_seconds()))
    return metrics.page(waiting["messages"], seconds, dict(lists))


router = Router("/", route_handlers=[health, ready, figures])
