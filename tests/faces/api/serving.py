"""A real server for the tests: uvicorn on a free loopback port over a database of the test's own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import uvicorn

from tripoint.app import Engine
from tripoint.faces.api import server
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.registers.access import desk as access
from tripoint.registers.access.records import Scope
from tripoint.rehearsal.generate import generate
from tripoint.rehearsal.plan import Plan, Signed
from tripoint.settings import Settings

FIRM, OTHER = "3301960A01", "3301960A02"


def engine_over(database, folder: Path, **settings) -> Engine:
    """An engine over a test's database; signatures are not looked at unless the test says so."""
    chosen = {"data_dir": folder, "signatures": SignaturePolicy.IGNORE} | settings
    return Engine(Settings(**chosen), database)


def key(engine: Engine, enterprise_code: str | None = FIRM, *scopes: Scope, **more) -> str:
    """The text of a new key."""
    chosen = scopes or ((Scope.SEND, Scope.READ) if enterprise_code else (Scope.OPERATOR,))
    with engine.transaction() as tx:
        issued = access.create_key(tx, enterprise_code, "test", chosen, now=engine.clock.now(), **more)
    return issued.text


@contextlib.contextmanager
def serving(engine: Engine) -> Iterator[str]:
    """The application served on a free port until the block ends; the address of its root."""
    running = uvicorn.Server(server.config(server.application(engine)))
    with server.listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not running.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            running.should_exit = True
            running.force_exit = True
            thread.join(20)


def client(url: str, text: str | None = None, **headers: str) -> httpx.Client:
    """A client that shows a key."""
    shown = {"Authorization": f"Bearer {text}"} if text else {}
    return httpx.Client(base_url=url, headers=shown | headers, timeout=40, trust_env=False)


def rehearsed(engine: Engine, folder: Path, trades: int = 6, **more) -> list[bytes]:
    """Made-up messages whose world is filed with the engine."""
    generate(Plan(trades=trades, first_day=date(2024, 6, 1), signed=Signed.NONE, **more), folder)
    engine.seed_rates()
    engine.load_filings((folder / "filings.json").read_bytes())
    return [path.read_bytes() for path in sorted((folder / "papers").rglob("*.xml"))]


def post(http: httpx.Client, raw: bytes, kind: str = "application/xml", **more) -> httpx.Response:
    """Send a message."""
    return http.post("/v1/messages", content=raw, headers={"Content-Type": kind} | more)
