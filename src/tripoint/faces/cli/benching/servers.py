"""The processes of a benchmark: the product's own server and workers, and the client that sends to them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tripoint.faces.cli import pems
from tripoint.faces.cli.serving import place_to_listen
from tripoint.kernel.refusals import Busy
from tripoint.messages.signatures.certificates import KeyKind
from tripoint.messages.signatures.keys import generate
from tripoint.registers.processes.allocating import lacking

READY_SECONDS = 120
STOP_SECONDS = 60
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Servers:
    """The server and its workers, running: process numbers by name, where the server listens, where each one's log is."""

    processes: dict[str, subprocess.Popen[bytes]]
    url: str
    logs: Sequence[Path]

    @property
    def pids(self) -> dict[str, int]:
        """The process number of each."""
        return {name: process.pid for name, process in self.processes.items()}

    def ended(self) -> list[str]:
        """Those that have ended, which none should."""
        return [name for name, process in self.processes.items() if process.poll() is not None]


@contextlib.contextmanager
def serving(data: Path, folder: Path, workers: int, key: Path | None) -> Iterator[Servers]:
    """A server and so many workers over a data folder, with their logs in `folder`, until the block ends.

    Receipts are signed with the key and certificate in a file, where one is given.
    """
    port = place_to_listen(HOST, 0)
    words = ["tripoint.faces.api", "--host", HOST, "--port", str(port), "--no-worker"]
    commands = {"HTTP server": words}
    commands |= {f"worker {number}": ["tripoint.faces.worker"] for number in range(1, workers + 1)}
    seal = {} if key is None else {"TRIPOINT_SIGNING_KEY": str(key)}
    with contextlib.ExitStack() as stack:
        processes, logs = {}, []
        for name, module in commands.items():
            path = folder / f"{name.replace(' ', '-')}.log"
            logs.append(path)
            log = stack.enter_context(path.open("wb"))
            environment = os.environ | {"TRIPOINT_DATA_DIR": str(data), "PGAPPNAME": name} | seal | lacking()
            processes[name] = subprocess.Popen(
                [sys.executable, "-m", *module],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            stack.callback(_stop, processes[name])
        servers = Servers(processes, f"http://{HOST}:{port}", logs)
        _wait(servers)
        yield servers


def signing_key(folder: Path, kind: KeyKind) -> Path:
    """A file with a made-up key and certificate for the platform under test."""
    now = datetime.now(UTC)
    secret, certificate = generate(
        kind, "Tripoint bench", "Tripoint", now - timedelta(days=1), now + timedelta(days=30), 1
    )
    path = folder / "seal.pem"
    pems.write_secret(path, secret.to_pem() + pems.as_pem(certificate).encode())
    return path


def _wait(servers: Servers) -> None:
    """Until the server is ready; raises Busy where it ends or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and not servers.ended():
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"{servers.url}/ready", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.1)
    said = servers.logs[0].read_text(errors="replace")[-500:]
    raise Busy("BENCH-SERVER", f"服务进程未能启动：{said}", f"the server did not start: {said}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then make it."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def sending(
    traffic: Path, out: Path, url: str, keys: dict[str, str], *, rate: float, connections: int, fetch: int
) -> Iterator[subprocess.Popen[str]]:
    """The client, sending; the keys go through a file that only we read and that ends with the block."""
    path = out / "keys.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(keys, file)
    words = ["--url", url, "--keys", str(path), "--rate", str(rate), "--connections", str(connections)]
    client = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tripoint.rehearsal.rush.client",
            str(traffic),
            str(out),
            *words,
            "--fetch",
            str(fetch),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield client
    finally:
        if client.poll() is None:
            client.kill()
        client.wait()
        path.unlink(missing_ok=True)


def rounds(logs: Sequence[Path]) -> list[dict[str, Any]]:
    """What the workers logged of their rounds."""
    found = []
    for path in logs:
        for line in path.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict) and told.get("event") == "round":
                    found.append(told)
    return found


def step_ms(rounds: Sequence[dict[str, Any]], name: str) -> dict[str, int]:
    """Milliseconds of each step over all rounds: elapsed (`steps`), computed (`steps_cpu`) or messages by lane (`lanes`)."""
    total: Counter[str] = Counter()
    for one in rounds:
        total.update(one.get(name) or {})
    return dict(total)


def ends(rounds: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """When the round of each moment was committed and said so: decided_at, ended (seconds since 1970)."""
    told = [
        (datetime.fromisoformat(one["decided_at"]), datetime.fromisoformat(one["timestamp"]).timestamp())
        for one in rounds
        if one.get("decided_at")
    ]
    schema = {"decided_at": pl.Datetime("us", "UTC"), "ended": pl.Float64()}
    return pl.DataFrame(told, schema=schema, orient="row").unique("decided_at", keep="last")
