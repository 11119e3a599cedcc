"""What the worker counts for Prometheus, in the process it runs in."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from tripoint.platforms.clearance.records import Worked

ROUNDS = Counter("tripoint_work_rounds_total", "Rounds of work committed.")
FAILED_ROUNDS = Counter("tripoint_work_rounds_failed_total", "Rounds of work that were undone.")
MESSAGES = Counter("tripoint_messages_worked_total", "Messages worked on.", ["readable"])
BYTES = Counter("tripoint_messages_worked_bytes_total", "Bytes of the messages worked on, as they came.")
ROUND_SECONDS = Histogram(
    "tripoint_work_round_seconds",
    "Seconds of a round, from when a hand was free for it to its commit.",
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
LANES = Counter("tripoint_messages_lane_total", "Messages read, by the lane they went.", ["lane"])
ODD_PAPERS = Counter(
    "tripoint_papers_odd_total", "Papers of messages of the fast lane that went the reference lane."
)
PAPERS = Counter("tripoint_papers_total", "Papers taken, by kind.", ["kind"])
STATES = Counter("tripoint_lists_ruled_total", "Rulings that changed a list, by its new state.", ["state"])
RECEIPTS = Counter("tripoint_receipts_total", "Receipts given.")
STEP_SECONDS = Counter("tripoint_work_step_seconds_total", "Seconds spent in each step of work.", ["step"])
WRITTEN = Counter("tripoint_answers_written_total", "Outgoing messages written as XML by the scribe.")
UNWRITTEN = Gauge("tripoint_answers_unwritten_blocks", "Blocks of receipts that wait for their XML.")
POSTED = Counter("tripoint_webhook_attempts_total", "Attempts to deliver by webhook.", ["outcome"])


def count(worked: Worked, seconds: float) -> None:
    """Take one round in."""
    ROUNDS.inc()
    ROUND_SECONDS.observe(seconds)
    BYTES.inc(worked.bytes)
    MESSAGES.labels("yes").inc(worked.messages - worked.unreadable)
    MESSAGES.labels("no").inc(worked.unreadable)
    for lane, messages in worked.lanes.items():
        LANES.labels(lane).inc(messages)
    ODD_PAPERS.inc(worked.odd_papers)
    RECEIPTS.inc(worked.receipts)
    for kind, papers in worked.papers.items():
        PAPERS.labels(kind).inc(papers)
    for state, lists in worked.states.items():
        STATES.labels(state).inc(lists)
    for step, its in worked.seconds.items():
        STEP_SECONDS.labels(step).inc(its)
