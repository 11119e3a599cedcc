"""One round of work: read what arrived, take the papers, judge every list they touch, write it down, answer everybody."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import desk as inbox
from tripoint.exchange import store as exchange
from tripoint.messages.ceb.parsing import Unreadable
from tripoint.pipeline.receipts import NOTHING_TOLD
from tripoint.platforms.clearance.aftermath import desk as aftermath
from tripoint.platforms.clearance.answers import composing
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.platforms.clearance.papers import desk as papers
from tripoint.platforms.clearance.papers.reading import Letter, Mail, read
from tripoint.platforms.clearance.papers.waiting.nursery import Nursery
from tripoint.platforms.clearance.records import LOCK, Arrival, Bench, Round, Ruled, Taken, Worked
from tripoint.platforms.clearance.rulings import desk as rulings
from tripoint.platforms.clearance.sealing import desk as sealing
from tripoint.registers.processes import computing

GUARANTEE_SHORT = "GUARANTEE-01"
"""The finding of a list that waits because its guarantor's guarantee does not suffice."""

OFFERED_MOST = 5_000
"""So many waiting lists are offered a guarantee at most that was freed."""

OUR_FAULT = "WIRE-00"
"""The code of a message that we could not work on, through no fault of its sender."""


def begin(tx: Transaction, *, most: int, bytes_most: int) -> Round | None:
    """Take the oldest messages for a round; None where others have all that waits.

    So many at most, and of `bytes_most` together but for the last of them.
    """
    number, rows = inbox.begin_round(tx, most=most, bytes_most=bytes_most)
    return Round(number=number, arrivals=[Arrival(**row) for row in rows]) if rows else None


def work(
    tx: Transaction,
    arrivals: Sequence[Arrival],
    benches: Callable[[], Bench],
    now: datetime,
    nursery: Nursery | None = None,
    ruled_on: Callable[[], None] = lambda: None,
    number: int | None = None,
) -> Worked:
    """Do everything that follows from these messages; the transaction holds it all, or nothing of it.

    `benches` gives law and registers as they are: messages are read by those of the beginning, lists judged by those of the
    moment when nobody else judges, for what is filed in between has had its lists judged again already. A worker hands its
    nursery from round to round; without one, papers that wait are read from their messages. `ruled_on` is told when what is
    left is to write down and to answer. A round with a number decides after the one before it.
    """
    nursery = nursery if nursery is not None else Nursery()
    worked = Worked(messages=len(arrivals))
    with _timed(worked, "read"):
        mail = read(arrivals, benches())
    if number is not None:
        inbox.wait_for_round_before(tx, number)
    decide_alone(tx)
    if number is not None:
        inbox.pass_round_on(tx, number)
    bench = benches()
    with _timed(worked, "take"):
        exchange.mark(tx, _marks(mail.letters, bench), now)
        arriving = papers.arrive(tx, mail)
        sealing.reopen_touched(tx)
        taken = papers.take(tx, mail, arriving, nursery, now)
    with _timed(worked, "rule"):
        ruling = rulings.rule(tx, taken.touched, bench, nursery, taken.fresh, taken.waiting)
    ruled_on()
    ruled = rulings.outcome(ruling)
    with ThreadPoolExecutor(1, "composing") as beside:
        # While the database writes a ruling down, what it tells is composed: one hardly needs what the other waits for.
        composing_it = beside.submit(_composed, mail, taken, ruled, bench)
        with _timed(worked, "record"):
            papers.keep(tx, taken.fresh, rulings.unsettled(ruling, taken.fresh))
            _record(tx, ruling, bench, nursery, now)
        with _timed(worked, "answer"):
            followed = aftermath.follow(tx, mail, taken, bench, now)
            composed, computed = composing_it.result()
            worked.receipts = answers.send(tx, pl.concat([composed, followed.told]), mail.letters, now)
            offered_again = _offer_again(tx, followed.freed, bench, nursery, now)
    worked.cpu_seconds["answer"] += computed
    worked.papers.update(_counts(mail.arriving, "kind"))
    worked.not_taken.update(_counts(mail.faults, "code"))
    worked.lanes.update(str(letter.lane) for letter in mail.letters)
    worked.odd_papers = sum(letter.odd_papers for letter in mail.letters)
    worked.unreadable = sum(letter.head is None for letter in mail.letters)
    worked.add(offered_again)
    return _count(worked, ruled)


def decide_alone(tx: Transaction) -> None:
    """Wait until no other transaction judges lists, and let none do so before this one has ended."""
    tx.lock(LOCK)


def _composed(mail: Mail, taken: Taken, ruled: Ruled, bench: Bench) -> tuple[pl.DataFrame, float]:
    """The receipts of a round, and the seconds this thread computed; what Polars did for it the steps beside it count."""
    begun = time.thread_time()
    told = composing.compose(mail, taken, ruled, bench)
    return told, time.thread_time() - begun


def _record(tx: Transaction, ruling: rulings.Ruling, bench: Bench, nursery: Nursery, now: datetime) -> None:
    """Write a ruling down; papers wait no longer whose list was decided."""
    decided = rulings.unsealed(ruling)
    papers.store_recalled(tx, ruling.recalled, decided)
    rulings.record(tx, ruling, bench, now)
    orders = pl.concat([decided, ruling.was_live])
    nursery.forget(ruling.waited.filter(pl.col("order_no").is_in(orders.implode())))


def give_up(tx: Transaction, message_id: int, bench: Bench, now: datetime) -> Worked:
    """Mark one message as unreadable by a fault of ours, and tell its sender so by a CEB900; nothing of it is taken.

    Nothing is done where it waits no longer, or another works on it.
    """
    decide_alone(tx)
    row = exchange.claim_one(tx, message_id)
    if row is None:
        return Worked()
    letter = Letter(arrival=Arrival(**row), head=None, verdict=None, unreadable=Unreadable(OUR_FAULT))
    exchange.mark(tx, _marks([letter], bench), now)
    receipts = answers.send(tx, NOTHING_TOLD, [letter], now)
    return Worked(messages=1, unreadable=1, receipts=receipts)


def rejudge(tx: Transaction, order_nos: pl.Series, bench: Bench, now: datetime) -> Worked:
    """Judge the open lists of some orders again, as when a rate, a filing or a guarantee has changed."""
    decide_alone(tx)
    return _judge_again(tx, order_nos, bench, Nursery(), now)


def _judge_again(
    tx: Transaction, order_nos: pl.Series, bench: Bench, nursery: Nursery, now: datetime
) -> Worked:
    worked = Worked()
    with _timed(worked, "rule"):
        ruling = rulings.rule(tx, order_nos, bench, nursery)
        ruled = rulings.outcome(ruling)
        _record(tx, ruling, bench, nursery, now)
    worked.receipts = answers.send(tx, composing.compose_rulings(ruled, bench), [], now)
    return _count(worked, ruled)


def _offer_again(
    tx: Transaction, freed: Collection[str], bench: Bench, nursery: Nursery, now: datetime
) -> Worked:
    """Judge again the lists that wait for a guarantee of those of whom one was freed, so many as came first."""
    if not freed:
        return Worked()
    held = rulings.held_for(tx, [GUARANTEE_SHORT], after=(0, 0), most=OFFERED_MOST, guarantors=sorted(freed))
    if held.is_empty():
        return Worked()
    return _judge_again(tx, held["order_no"].unique(maintain_order=True), bench, nursery, now)


def confirm_return(
    tx: Transaction, list_no: str, cop_no: str, arrived_on: date, bench: Bench, now: datetime
) -> str:
    """The goods of a return are back: the status its sender is told (800 taken, 100 too late)."""
    decide_alone(tx)
    followed = aftermath.confirm_return(tx, list_no, cop_no, arrived_on, bench, now)
    answers.send(tx, followed.told, [], now)
    _offer_again(tx, followed.freed, bench, Nursery(), now)
    return str(followed.told["return_status"][-1])


def _count(worked: Worked, ruled: Ruled) -> Worked:
    worked.states.update(_counts(ruled.changed, "state"))
    worked.findings.update(_counts(ruled.told, "code"))
    return worked


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame[column].value_counts().sort(column).iter_rows()) if frame.height else {}


@contextmanager
def _timed(worked: Worked, step: str) -> Iterator[None]:
    begun, cpu = time.perf_counter(), computing.seconds()
    yield
    worked.seconds[step] = worked.seconds.get(step, 0.0) + time.perf_counter() - begun
    worked.cpu_seconds[step] = worked.cpu_seconds.get(step, 0.0) + computing.seconds() - cpu


def _marks(letters: Sequence[Letter], bench: Bench) -> pl.DataFrame:
    """What is written down of each message: what it is, what its signature came to and under which policy."""
    return pl.DataFrame([_mark(letter, bench) for letter in letters], schema=exchange.MARKS, orient="row")


def _mark(letter: Letter, bench: Bench) -> dict[str, object]:
    head, verdict, unreadable = letter.head, letter.verdict, letter.unreadable
    row: dict[str, object] = dict.fromkeys(exchange.MARKS)
    row |= {"message_id": letter.arrival.message_id, "signature_policy": str(bench.policy)}
    if head is not None:
        row |= {
            "state": "read",
            "message_type": head.message_type,
            "message_guid": head.guid,
            "envelope_no": head.envelope.message_no if head.envelope else None,
            "cop_code": head.cop_code,
            "dxp_id": head.dxp_id,
            "papers": head.papers,
        }
    if unreadable is not None:
        row |= {
            "state": "unreadable",
            "message_type": unreadable.wire_type,
            "envelope_no": unreadable.message_no,
            "refusal_code": unreadable.code,
            "refusal_text": answers.refusal_text(unreadable),
        }
    if verdict is not None:
        row |= {
            "signature_state": str(verdict.state),
            "signature_reason": str(verdict.reason) if verdict.reason else None,
            "signer_code": verdict.enterprise_code,
        }
    return row
