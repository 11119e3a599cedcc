"""The process that serves HTTP: uvicorn over the application, the console beside it, and the workers it starts."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import structlog
import uvicorn
from litestar import Litestar, Router

from tripoint.app import Engine
from tripoint.faces.api.application import make
from tripoint.faces.api.crew import Crew
from tripoint.faces.api.door import Door
from tripoint.faces.api.watch import Watch
from tripoint.faces.api.wire import IDLE_SECONDS_MAX, Connection, allow_connections
from tripoint.registers.processes import lines
from tripoint.registers.processes.allocating import leave_lasting_things
from tripoint.settings import Settings

CONSOLE = "tripoint.faces.console.pages"
WORKER = "tripoint.faces.worker.loop"
"""Neighbours that run in this process, found by name: a face imports none of its neighbours."""

GOODBYE_SECONDS = 15
"""So long requests and the worker's round may take to end once the process is told to stop."""

LAST_SECONDS = 5
"""So long everything else may take after that; then the process ends, whatever its threads wait for."""

BACKLOG = 4096
"""Connections that may wait to be taken up."""

DATABASE_SECONDS = 3.0
"""A request waits so long for a connection to the database before it is told to come again."""

log = structlog.get_logger("tripoint.api")


def application(engine: Engine) -> Litestar:
    """The API and the console."""
    console: Router = importlib.import_module(CONSOLE).router(engine)
    return make(engine, [console])


def config(app: Litestar) -> uvicorn.Config:
    """How uvicorn runs: no access log of its own (paths may hold order numbers), no server's name."""
    return uvicorn.Config(
        Door(app, app.state["sending"], app.state["fetching"]),
        http=Connection,
        proxy_headers=False,  # the door does this for what it hands on
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS_MAX,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
        backlog=BACKLOG,
        lifespan="off",
    )


class Server(uvicorn.Server):
    """uvicorn, which tells the crew that it stops, and is in a hurry at the second signal."""

    crew: Crew | None = None

    def __init__(self, config: uvicorn.Config, told: threading.Event) -> None:
        super().__init__(config)
        self._told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, unless the signal to stop has come already."""
        await super().startup(sockets)
        self.should_exit |= self._told.is_set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop: at the first signal requests are answered and rounds ended first, at the second not."""
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)
        if self.crew is not None:
            self.crew.kill() if self.force_exit else self.crew.tell()
        # A thread that waits for a database which hangs keeps the interpreter from ending; no alarm does.
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.alarm(LAST_SECONDS + (0 if self.force_exit else 2 * GOODBYE_SECONDS))


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


@contextmanager
def manned(workers: int, server: Server) -> Iterator[None]:
    """So many worker processes, until the block ends."""
    server.crew = crew = Crew(workers)
    thread = threading.Thread(target=crew.run, name="crew", daemon=True)
    thread.start()
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: crew.kill())
        crew.tell()
        thread.join()
        crew.end(GOODBYE_SECONDS)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def serve(settings: Settings, host: str, port: int, *, workers: int | None = 1) -> None:
    """Serve until SIGTERM or SIGINT; with so many worker processes, a worker in this process (0), or none (None)."""
    lines.configure()
    files = allow_connections()
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Until uvicorn listens to signals, and after: it raises again those that stopped it, which must not end us.
        signal.signal(number, lambda *_: told.set())
    with listen(host, port) as listening, Engine.open(settings, wait_seconds=DATABASE_SECONDS) as engine:
        address = listening.getsockname()
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        log.info("listening", url=f"http://{shown}:{address[1]}/", worker=workers is not None, files=files)
        app = application(engine)
        server = Server(config(app), told)
        leave_lasting_things()
        with ExitStack() as stack:
            stack.enter_context(watching(app.state["watch"]))
            if workers == 0:
                stack.enter_context(working(engine))
            elif workers is not None:
                stack.enter_context(manned(workers, server))
            server.run(sockets=[listening])


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """The watch in a thread of this process, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
