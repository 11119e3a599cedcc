"""Partners that hang, drip, flood or fail: the others get theirs, memory stays bounded, and it is tried again and told."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.crash.awkward import Awkward, awkward_partners
from tests.faces.api.processes import address, environment, started
from tests.faces.api.serving import client, engine_over
from tests.faces.worker.partners import partner
from tripoint.app import Engine
from tripoint.database import Database
from tripoint.faces.worker import posting
from tripoint.registers.access import desk as access
from tripoint.registers.access.records import DeliveryState

GOOD = "3301960A00"
MESSAGES = 25
FIRST_PAUSE = timedelta(seconds=10)
GROWTH_MAX = 120 * 1024 * 1024
"""What a worker may grow by while partners pour headers and bodies at it (bytes)."""


def _hook(engine: Engine, code: str, url: str) -> int:
    with engine.transaction() as tx:
        now = engine.clock.now()
        return access.add_endpoint(tx, code, url, ["127.0.0.1"], now=now, allow_private=True).endpoint_id


def _memory(pid: int) -> int:
    """The most a process has held so far (bytes)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def _oldest(engine: Engine, endpoint: int) -> Any:
    with engine.transaction() as tx:
        return access.deliveries(tx, endpoint, limit=1000)[-1]


def _count(text: str, outcome: str) -> float:
    found = re.search(rf'tripoint_webhook_attempts_total\{{outcome="{outcome}"\}} (\S+)', text)
    return float(found[1]) if found else 0.0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_awkward_partners_stand_in_nobodys_way(fresh_database: Database, tmp_path: Path) -> None:
    engine = engine_over(fresh_database, tmp_path, webhook_private=True)
    env = environment(fresh_database, tmp_path, TRIPOINT_WEBHOOK_PRIVATE="1")
    with (
        awkward_partners() as awkward,
        partner() as good,
        started("tripoint.faces.api", "--port", "0", "--workers", "0", env=env) as process,
        client(address(process)) as http,
    ):
        endpoints = {
            name: _hook(engine, f"3301960A{at + 1:02d}", its.url)
            for at, (name, its) in enumerate(awkward.items())
        }
        _hook(engine, GOOD, good.url)
        for at in range(len(awkward)):
            engine.admit(b"<no-message %d" % at, sender_code=f"3301960A{at + 1:02d}")
        _wait_until(lambda: all(its.calls for its in awkward.values()), 40)
        before = _memory(process.pid)
        for number in range(MESSAGES):
            engine.admit(b"<another %d" % number, sender_code=GOOD)
        begun = time.monotonic()
        assert good.wait(MESSAGES, posting.POST_SECONDS * 2)
        # Those that hang were still being waited for, or it was no proof.
        assert time.monotonic() - begun < posting.POST_SECONDS * 2
        assert http.get("/health").status_code == 200
        _is_tried_again(engine, awkward["fails"], endpoints["fails"])
        _wait_until(
            lambda: all(_oldest(engine, endpoints[name]).attempts for name in ("hangs", "drips", "floods")),
            60,
        )
        for name in ("hangs", "drips", "floods", "slams"):
            kept = _oldest(engine, endpoints[name])
            assert kept.state is DeliveryState.DUE, name
            assert kept.last_error, name
            assert kept.next_attempt_at > engine.clock.now() - timedelta(seconds=posting.POST_SECONDS), name
        # A body without end follows a 200 that was given: what was posted has been taken.
        assert _oldest(engine, endpoints["talks_for_ever"]).state is DeliveryState.DELIVERED
        told = http.get("/metrics").text
        assert _count(told, "failed") >= len(awkward)
        assert _count(told, "delivered") >= MESSAGES + 1
        assert _memory(process.pid) - before < GROWTH_MAX


def _is_tried_again(engine: Engine, its: Awkward, endpoint: int) -> None:
    """The first pause is ten seconds, the second twice that."""
    _wait_until(lambda: len(its.calls) >= 2 and _oldest(engine, endpoint).attempts == 2, 60)
    assert its.calls[1] - its.calls[0] >= FIRST_PAUSE.total_seconds() * 0.8
    pause: timedelta = _oldest(engine, endpoint).next_attempt_at - _noted(engine)
    assert timedelta(0) < pause <= FIRST_PAUSE * 2.5
    assert pause > FIRST_PAUSE


def _noted(engine: Engine) -> datetime:
    return engine.clock.now()


def _wait_until(happened: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
