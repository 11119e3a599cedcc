"""One run of the crash suite: traffic and kills side by side, then quiet, then the questions."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from tests.crash import followups, traffic
from tests.crash.followups import Followups, Returning
from tests.crash.installation import SERVER, WORKERS, Installation
from tests.crash.partners import Readers, Row, Senders
from tests.faces.worker.partners import Partner, partner
from tripoint.kernel.clock import CHINA
from tripoint.kernel.refusals import Busy, Conflict
from tripoint.rehearsal import Signed

KINDS = {
    "a worker": 4,
    "the server": 3,
    "a database process": 3,
    "the database": 3,
    "both workers": 1,
    "everything": 1,
}
"""What is killed with -9, and how often for each other."""

SLICE_SECONDS = 2.5
"""A kill comes within so many seconds after its part of the traffic has been handed to the senders."""

QUIET_SECONDS = 600.0


@dataclass(slots=True, kw_only=True)
class Plan:
    """How much is sent and killed; the same seed sends the same papers and kills the same things in the same order.

    `hooks` is how many enterprises are posted their receipts as well: a worker's death holds a delivery up for a minute.
    """

    seed: int
    kills: int
    trades: int
    signed: Signed = Signed.RSA
    hooks: int = 0
    told: Callable[[str], None] = print


@dataclass(slots=True)
class Killing:
    """One kill: what, when (seconds since the run began), and how many messages waited at that moment."""

    what: str
    at: float
    backlog: int | None
    detail: str = ""


@dataclass(slots=True, kw_only=True)
class Run:
    """A run and what is known of it from outside."""

    plan: Plan
    traffic: traffic.Traffic
    followups: Followups
    installation: Installation
    keys: dict[str, str]
    senders: Senders
    readers: Readers
    hooked: dict[str, Partner] = field(default_factory=dict)
    killings: list[Killing] = field(default_factory=list)
    returnings: list[Returning] = field(default_factory=list)
    released: dict[str, str] = field(default_factory=dict)
    acted: set[str] = field(default_factory=set)
    confirmed: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def deck(seed: int, kills: int) -> list[str]:
    """What is killed, in order: each kind at least once where there are kills enough."""
    rng = Random(f"kills {seed}")
    drawn = rng.choices(list(KINDS), list(KINDS.values()), k=max(0, kills - len(KINDS)))
    drawn += rng.sample(list(KINDS), min(kills, len(KINDS)))
    rng.shuffle(drawn)
    return drawn


@contextlib.contextmanager
def running(folder: Path, plan: Plan) -> Any:
    """Everything started and the traffic prepared; stopped at the end."""
    begun = time.monotonic()
    made = traffic.prepare(folder / "traffic", trades=plan.trades, seed=plan.seed, signed=plan.signed)
    installation = Installation(folder, TRIPOINT_WEBHOOK_PRIVATE="1")
    run: Run | None = None
    hooks = contextlib.ExitStack()
    try:
        keys = installation.prepare(made.filings, sorted(made.senders))
        installation.start()
        installation.wait_until_ready()
        heard: list[Row] = []
        busiest = Counter(letter.sender for letter in made.letters).most_common(plan.hooks)
        hooked = {code: hooks.enter_context(partner()) for code, _ in busiest}
        installation.post_to({code: its.url for code, its in hooked.items()})
        senders = Senders(installation.url, keys, plan.seed)
        readers = Readers(installation.url, keys, plan.seed, heard.append)
        run = Run(
            plan=plan,
            traffic=made,
            followups=Followups(made, plan.seed),
            installation=installation,
            keys=keys,
            senders=senders,
            readers=readers,
            hooked=hooked,
        )
        run.seconds["prepared"] = round(time.monotonic() - begun, 1)
        stop = threading.Event()
        declarants = threading.Thread(target=_act, args=(run, heard, stop), daemon=True)
        declarants.start()
        yield run
        stop.set()
        declarants.join(60)
    finally:
        if run is not None:
            run.readers.stop()
        installation.stop()
        hooks.close()


def _act(run: Run, heard: list[Row], stop: threading.Event) -> None:
    """Act on receipts: what has been released is cancelled, returned or signed for; returned goods arrive."""
    seen = 0
    while not stop.is_set():
        while seen < len(heard):
            row = heard[seen]
            seen += 1
            if row["message_type"] == "CEB622" and row["return_status"] == "800" and row.get("list_no"):
                _released(run, row["order_no"], row["list_no"])
            if row["message_type"] == "CEB626" and row["return_status"] == "300":
                run.returnings.append(run.followups.returning(row["order_no"], row["list_no"]))
        for one in [one for one in run.returnings if one.list_no not in run.confirmed]:
            _confirm(run, one)
        stop.wait(0.05)


def _released(run: Run, order_no: str, list_no: str) -> None:
    known = run.released.setdefault(order_no, list_no)
    if known != list_no:
        run.faults.append(f"the list of {order_no} was released as {known} and as {list_no}")
    if order_no not in run.acted:
        run.acted.add(order_no)
        run.senders.put(*run.followups.of(order_no, list_no))


def _confirm(run: Run, one: Returning) -> None:
    """Have the operator say that goods are back; what was said before a kill and not heard is said again."""
    today = datetime.now(UTC).astimezone(CHINA).date()
    try:
        with run.installation.operator() as engine:
            run.confirmed[one.list_no] = engine.confirm_return(one.list_no, one.cop_no, today)
    except Conflict as conflict:
        run.confirmed[one.list_no] = conflict.code
    except (Busy, psycopg.Error):
        time.sleep(0.2)


def kill(run: Run, what: str, rng: Random, begun: float) -> None:
    """Kill one thing, and start again what does not start itself."""
    its, detail = run.installation, ""
    backlog = its.ready(0.5).get("backlog")
    if what == "a worker":
        detail = rng.choice(WORKERS)
        its.kill(detail)
    elif what == "the server":
        its.kill(SERVER)
    elif what == "a database process":
        detail = its.kill_backend(rng)
    elif what == "the database":
        its.kill_database()
    elif what == "both workers":
        its.kill(*WORKERS)
    else:
        its.kill_database()
        its.kill(*its.processes)
    run.killings.append(Killing(what, round(time.monotonic() - begun, 2), backlog, detail))
    time.sleep(rng.uniform(0, 0.8))
    # PostgreSQL restarts itself when a backend is killed, but not when that happens while it is recovering from another.
    if not its.supervisor.status().running:
        its.revive_database()
    its.start()


def disturb(run: Run) -> None:
    """Send the traffic part by part, each with a kill at a moment of its own; sometimes the next before all is well."""
    rng, begun = Random(f"moments {run.plan.seed}"), time.monotonic()
    parts = traffic.slices(run.traffic.letters, run.plan.kills + 1)
    for number, (part, what) in enumerate(zip(parts, deck(run.plan.seed, run.plan.kills), strict=False), 1):
        run.senders.put(*part)
        time.sleep(rng.uniform(0.05, SLICE_SECONDS))
        kill(run, what, rng, begun)
        if rng.random() < 0.75:
            run.installation.wait_until_ready()
        run.plan.told(
            f"{time.monotonic() - begun:6.1f} s  kill {number}/{run.plan.kills}: {what}"
            f" ({run.killings[-1].detail or '-'}), acknowledged {len(run.senders.heard.acknowledged)}"
        )
    run.senders.put(*parts[-1])
    run.installation.wait_until_ready()
    run.seconds["disturbed"] = round(time.monotonic() - begun, 1)


def settle(run: Run) -> None:
    """Wait until everything is acknowledged, worked on, acted upon and polled."""
    begun = time.monotonic()
    end = begun + QUIET_SECONDS
    quiet = 0
    while quiet < 2:
        assert time.monotonic() < end, f"no quiet after {QUIET_SECONDS} s: {_standing(run)}"
        before = len(run.senders.heard.letters), sum(map(len, run.readers.receipts.values()))
        run.readers.wait_for_rounds(2)
        time.sleep(0.3)
        after = len(run.senders.heard.letters), sum(map(len, run.readers.receipts.values()))
        still = before == after and run.senders.idle() and run.installation.ready().get("backlog") == 0
        open_returns = [one for one in run.returnings if one.list_no not in run.confirmed]
        posted = all(len(set(outbox_ids(its))) >= _outgoing(run, code) for code, its in run.hooked.items())
        quiet = quiet + 1 if still and posted and not open_returns else 0
    run.senders.stop()
    run.seconds["until quiet"] = round(time.monotonic() - begun, 1)


def outbox_ids(its: Partner) -> list[int]:
    """The outgoing messages a partner was posted, in the order they came."""
    return [json.loads(body)["outbox_id"] for _, body in its.requests]


def _outgoing(run: Run, code: str) -> int:
    """How many outgoing messages an enterprise has been given."""
    return len({row["outbox_id"] for row in run.readers.receipts[code]})


def _standing(run: Run) -> dict[str, Any]:
    return {
        "unsent": run.senders.waiting.unfinished_tasks,
        "ready": run.installation.ready(),
        "returns open": len(run.returnings) - len(run.confirmed),
        "wrong": run.senders.heard.wrong[:3],
    }


def figures(run: Run) -> dict[str, Any]:
    """What the run did, counted."""
    heard = run.senders.heard
    return {
        "seed": run.plan.seed,
        "trades": run.plan.trades,
        "kills": dict(Counter(one.what for one in run.killings)),
        "kills while messages waited": sum(bool(one.backlog) for one in run.killings),
        "messages acknowledged": len(heard.acknowledged),
        "papers in them": sum(letter.papers for letter in heard.letters.values()),
        "answers to messages": dict(sorted(heard.answers.items())),
        "receipts polled": sum(map(len, run.readers.receipts.values())),
        "lists followed up": {
            what: sum(1 for order_no in run.released if run.followups.chosen.get(order_no) == what)
            for what in (followups.CANCELLED, followups.RETURNED, followups.NOTED)
        },
        "webhook deliveries": sum(len(its.requests) for its in run.hooked.values()),
        "database brought back by": dict(run.installation.revived),
        "seconds": dict(run.seconds),
    }
