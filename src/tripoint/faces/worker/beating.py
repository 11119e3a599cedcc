"""The worker's heartbeat: every other second it is seen in the database, with what it counts."""

from __future__ import annotations

import os
import socket
import threading

import structlog
from prometheus_client import REGISTRY

from tripoint.app import Engine
from tripoint.kernel.refusals import Refusal
from tripoint.registers.processes import figures
from tripoint.registers.processes import store as processes

EVERY_SECONDS = 2.0

log = structlog.get_logger("tripoint.worker")


def name() -> str:
    """This process among all that work for an installation."""
    return f"{socket.gethostname()}/{os.getpid()}"


def run(engine: Engine, stop: threading.Event) -> None:
    """Be seen until `stop` is set; then say goodbye."""
    process = name()
    is_heard = True
    while not stop.is_set():
        try:
            with engine.transaction() as tx:
                processes.seen(tx, process, "worker", figures.told(REGISTRY))
        except Refusal as refusal:
            if is_heard:
                log.warning("unseen", code=refusal.code)
            is_heard = False
        else:
            is_heard = True
        stop.wait(EVERY_SECONDS)
    try:
        with engine.transaction() as tx:
            processes.leave(tx, process)
    except Refusal as refusal:
        log.warning("unseen", code=refusal.code)
