"""The real processes, for tests that kill them: the server and the worker as an operator starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def environment(database, folder: Path, **more: str) -> dict[str, str]:
    """The environment of a process over a test's database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRIPOINT_")}
    return kept | {
        "TRIPOINT_DATABASE_URL": database._pool.conninfo,
        "TRIPOINT_DATA_DIR": str(folder),
        "TRIPOINT_SIGNATURES": "ignore",
    } | more  # fmt: skip


@contextlib.contextmanager
def started(module: str, *arguments: str, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process of ours; killed when the block ends, if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(20)
        process.stderr.close()


def address(process: subprocess.Popen[str]) -> str:
    """Where a server that was started listens, as its log says."""
    for line in process.stderr:
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if said.get("event") == "listening":
                return said["url"].rstrip("/")
    raise AssertionError("the server did not say where it listens")
