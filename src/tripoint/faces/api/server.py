"""The process that serves HTTP: uvicorn over the application, the console beside it, and the worker in a thread."""

from __future__ import annotations

import importlib
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn
from litestar import Litestar, Router

from tripoint.app import Engine, Settings
from tripoint.faces.api.application import make
from tripoint.faces.api.sending import Door
from tripoint.kernel import lines

CONSOLE = "tripoint.faces.console.pages"
WORKER = "tripoint.faces.worker.loop"
"""Neighbours that run in this process, found by name: a face imports none of its neighbours."""

GOODBYE_SECONDS = 15
"""So long requests and the worker's round may take to end once the process is told to stop."""

log = structlog.get_logger("tripoint.api")


def application(engine: Engine) -> Litestar:
    """The API and the console."""
    console: Router = importlib.import_module(CONSOLE).router(engine)
    return make(engine, [console])


def config(app: Litestar) -> uvicorn.Config:
    """How uvicorn runs: no access log of its own (paths may hold order numbers), no server's name."""
    return uvicorn.Config(
        Door(app, app.state["sending"]),
        proxy_headers=False,  # the door does this for what it hands on
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
        lifespan="off",
    )


@contextmanager
def working(engine: Engine) -> Iterator[None]:
    """The worker in a thread of this process, until the block ends."""
    stop = threading.Event()
    run: Any = importlib.import_module(WORKER).run
    thread = threading.Thread(target=run, args=(engine, stop), name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(GOODBYE_SECONDS)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def serve(settings: Settings, host: str, port: int, *, with_worker: bool = True) -> None:
    """Serve until SIGTERM or SIGINT."""
    lines.configure()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops by these and then raises them again, which must not end us before the worker has ended.
        signal.signal(number, lambda *_: None)
    with listen(host, port) as listening, Engine.open(settings) as engine:
        address = listening.getsockname()
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        log.info("listening", url=f"http://{shown}:{address[1]}/", worker=with_worker)
        server = uvicorn.Server(config(application(engine)))
        if with_worker:
            with working(engine):
                server.run(sockets=[listening])
        else:
            server.run(sockets=[listening])
