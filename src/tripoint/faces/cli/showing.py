"""What the demo shows: made-up trade cleared against its truth, sample papers cleared, one list explained, the console."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tripoint.faces.cli import explain
from tripoint.faces.cli.clearing import Clearing
from tripoint.faces.cli.collecting import collect
from tripoint.faces.cli.generate import FIRST_DAY
from tripoint.faces.cli.opening import Place, settings
from tripoint.faces.cli.reporting import Report
from tripoint.faces.cli.serving import environment, place_to_listen
from tripoint.faces.cli.speaking import Talk
from tripoint.kernel.refusals import Busy, Conflict
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.rehearsal.generate import generate
from tripoint.rehearsal.plan import Plan

if TYPE_CHECKING:
    from tripoint.app import Engine

EXAMPLES = Path(__file__).parents[4] / "examples" / "papers"
"""Sample papers of the checkout; an installed wheel has none, and the demo shows the made-up trade only."""

ANOMALIES = 0.1
START_SECONDS = 30.0
LOOK_SECONDS = 0.3
LOG = "serve.log"
LEFT = "serve.pid"
PLAN = "demo.json"


def plan_of(trades: int, seed: int) -> Plan:
    """What is made up for so many trades; raises Malformed."""
    return Plan(trades=trades, first_day=FIRST_DAY, seed=seed, anomalies=ANOMALIES)


def same_plan(folder: Path, plan: Plan) -> None:
    """Refuse other made-up trade beside the first: its papers would contradict those that were cleared."""
    kept = folder / PLAN
    if kept.exists() and json.loads(kept.read_text()) != _said(plan):
        raise Conflict(
            "DEMO-PLAN",
            f"{folder} 中已有另一次演示的数据，请用 --data 另选文件夹",
            f"{folder} holds a demo with other trade; name another folder with --data",
        )


def _said(plan: Plan) -> dict[str, int]:
    return {"trades": plan.trades, "seed": plan.seed}


def command() -> str:
    """The command as the shell here finds it: by its name where that is in the path, else by its file."""
    beside = Path(sys.executable).with_name("tripoint")
    if shutil.which("tripoint") or not beside.exists():
        return "tripoint"
    return os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)


class Show:
    """The demo as it goes on."""

    def __init__(self, engine: Engine, talk: Talk) -> None:
        self.engine, self.talk = engine, talk
        self.folder = engine.settings.data_dir
        self.different = 0
        self.said: dict[str, Any] = {"data_dir": str(self.folder)}

    def clear_generated(self, plan: Plan) -> None:
        """Make up trade, or take what an earlier demo made up, and clear it against its truth."""
        rehearsal = self.folder / "rehearsal"
        rehearsal.mkdir(parents=True, exist_ok=True)
        (self.folder / PLAN).write_text(json.dumps(_said(plan)))
        if not (rehearsal / "truth.jsonl").exists():
            self.talk.note(
                f"生成 {plan.trades} 笔交易，其中一成有误 …",
                f"making up {plan.trades} trades, one in ten of them faulty …",
            )
            with self.talk.progress("生成", "making up trade") as told:
                generate(plan, rehearsal, lambda _, done, total: told(done, total))
        self._clear("rehearsal", rehearsal, self.folder / "receipts")

    def clear_examples(self) -> None:
        """Clear the sample papers, where this is a checkout."""
        if EXAMPLES.is_dir():
            self._clear("examples", EXAMPLES, self.folder / "receipts")

    def _clear(self, name: str, folder: Path, out: Path) -> None:
        clearing = Clearing(self.engine, self.talk)
        clearing.load_filings([folder], None)
        begun = time.perf_counter()
        clearing.admit(collect([folder]))
        clearing.work()
        clearing.seconds = time.perf_counter() - begun
        clearing.write_receipts(out)
        clearing.compare(folder / "truth.jsonl")
        report: Report = clearing.report()
        self.different += report.different or 0
        self.said[name] = report
        self.talk.say(f"—— {folder} ——", f"== {folder} ==", style="bold cyan")
        clearing.show(report)

    def explain_one(self) -> None:
        """Explain one list that was refused: which field, which value, which rule, what mends it."""
        with self.engine.transaction() as tx:
            page = enquiries.lists(tx, state="refused", most=1)
            found = enquiries.explain(tx, page[0].pre_no) if page else None
        if found is not None:
            self.said["explained"] = found
            self.talk.say(
                "—— 一份退单及其原因 ——", "== one list that was refused, and why ==", style="bold cyan"
            )
            explain.tell(found, self.talk)

    def tell_data(self) -> None:
        """Say where everything is."""
        self.talk.data(self.said)
        self.talk.say(
            f"数据：{self.folder}；单证：{self.folder / 'rehearsal' / 'papers'}；回执：{self.folder / 'receipts'}",
            f"data: {self.folder}; papers: {self.folder / 'rehearsal' / 'papers'}; receipts: {self.folder / 'receipts'}",
        )


def _start_server(engine: Engine, place: Place, host: str, port: int, talk: Talk) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, and say where the console is; raises Busy where it does not start."""
    port = free_port(host, port)
    log = engine.settings.data_dir / LOG
    words = [sys.executable, "-m", "tripoint.faces.api", "--host", host, "--port", str(port)]
    with log.open("ab") as output:
        server = subprocess.Popen(
            words,
            env=environment(place),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _wait_until_it_answers(server, host, port, log)
    address = f"http://{host}:{port}/login?key={engine.console_key()}"
    talk.say(
        f"控制台（十分钟内可打开一次）：{address}", f"console (opens once, within ten minutes): {address}"
    )
    return server


def leave_serving(engine: Engine, place: Place, host: str, port: int, talk: Talk) -> None:
    """Leave the console running, as where there is no terminal to stop it from, and say how to stop it."""
    server = _start_server(engine, place, host, port, talk)
    (engine.settings.data_dir / LEFT).write_text(str(server.pid))
    talk.say(
        f"控制台在后台运行。停止：{command()} demo --stop --data {place.data}",
        f"the console goes on running. To stop it: {command()} demo --stop --data {place.data}",
    )


def stop_left(place: Place) -> None:
    """Stop the console that an earlier demo left running, if it still is one."""
    kept = settings(place).data_dir / LEFT
    if not kept.exists():
        return
    pid = int(kept.read_text())
    command = Path(f"/proc/{pid}/cmdline")
    if command.exists() and b"tripoint.faces.api" in command.read_bytes():
        os.kill(pid, signal.SIGTERM)
        ends = time.monotonic() + START_SECONDS
        while command.exists() and time.monotonic() < ends:
            time.sleep(LOOK_SECONDS)
    kept.unlink(missing_ok=True)


def serve_until_stopped(engine: Engine, place: Place, host: str, port: int, talk: Talk) -> None:
    """Serve the console until Ctrl-C; raises Busy where the server does not start."""
    server = _start_server(engine, place, host, port, talk)
    try:
        talk.say("按 Ctrl-C 结束", "press Ctrl-C to stop")
        _wait_until_stopped(server)
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=START_SECONDS)


def _wait_until_stopped(server: subprocess.Popen[bytes]) -> None:
    """Until the server ends, or Ctrl-C or SIGTERM; looks again and again, for a signal may wake another thread."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            while server.poll() is None:
                time.sleep(LOOK_SECONDS)
    finally:
        signal.signal(signal.SIGTERM, before)


def free_port(host: str, port: int) -> int:
    """The port, or a free one where somebody else listens on it; raises Malformed and Unknown."""
    try:
        return place_to_listen(host, port)
    except Busy:
        return place_to_listen(host, 0)


def _wait_until_it_answers(server: subprocess.Popen[bytes], host: str, port: int, log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.1)
    raise Busy("DEMO-SERVER", f"控制台未能启动，见 {log}", f"the console did not start; see {log}")


def farewell(place: Place, talk: Talk) -> None:
    """Stop the database that the demo started, and say how to go on."""
    from tripoint.app import embedded_server

    server = embedded_server(settings(place))
    if server is not None:
        server.stop()
    talk.say(
        f"一切已停止。再看控制台：{command()} serve --data {place.data}；删除演示数据：删去该文件夹",
        f"everything is stopped. To see the console again: {command()} serve --data {place.data}; "
        "to forget the demo: remove that folder",
    )
