"""Made-up trades cut into sheets: each paper as text with gaps where its numbers stand, so that it can happen again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tripoint.kernel.money import format_e5, parse_e5
from tripoint.regimes.load import load_regimes
from tripoint.rehearsal import keys
from tripoint.rehearsal.anomaly import Stage
from tripoint.rehearsal.generate import choose, filings_of
from tripoint.rehearsal.levy import Levy
from tripoint.rehearsal.packing import Parcel
from tripoint.rehearsal.plan import Plan, Progress, Signed
from tripoint.rehearsal.posting import Post, Written
from tripoint.rehearsal.rush.numbers import KINDS, Number
from tripoint.rehearsal.seals import EXPIRED, UNFILED
from tripoint.rehearsal.trader import Trader
from tripoint.rehearsal.trades import ANY, Paper, Trade
from tripoint.rehearsal.truth import Truth, truth_of
from tripoint.rehearsal.world import World

_NUMBERS = re.compile(rb"<ceb:(" + b"|".join(KINDS) + rb")>([^<]+)</ceb:")
_COP_NO_DIGITS = 12


class Stream(NamedTuple):
    """What the papers of one message have in common: kind, sender, fault of the signature, transmitter, batch."""

    table: str
    sender: str
    seal: str
    transfer: str
    batch: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper to be written again and again: canonical text with a gap for each of its numbers."""

    stream: Stream
    rank: int | None
    text: bytes
    numbers: tuple[Number, ...]

    def write(self, copy: int) -> bytes:
        """The paper of one copy of its trade."""
        return self.text % tuple([number.of(copy) for number in self.numbers])


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The sheets of all trades, in their order, with the truth, the filings of one copy, and each stream's covers."""

    sheets: Sequence[Sequence[Sheet]]
    covers: dict[Stream, tuple[bytes, bytes]]
    truths: Sequence[Truth]
    filings: dict[str, Any]

    @property
    def trades(self) -> int:
        """How many trades there are, which is the step between two copies of one."""
        return len(self.sheets)

    def truth(self, trade: int) -> Truth:
        """The truth about the trade of a number, in whatever copy."""
        return self.truths[trade % self.trades]


def make_book(plan: Plan, keys_to: Path, progress: Progress) -> Book:
    """Make up the trades of a plan and cut them; the keys of their senders are kept in a folder."""
    world, regimes = World(plan.seed), load_regimes()
    trader, stage = Trader(plan, world, Levy(regimes)), Stage(Random(f"anomalies {plan.seed}"), world)
    chosen, rng = choose(plan), Random(f"trades {plan.seed}")
    trades, truths = [], []
    for index in range(plan.trades):
        anomaly = chosen.get(index)
        trade = trader.make(index, rng, anomaly.shape if anomaly else ANY)
        _number(trade, index)
        if anomaly:
            anomaly.change(trade, stage)
        trades.append(trade)
        truths.append(truth_of(trade, anomaly, regimes))
        progress("trades", index + 1, plan.trades)
    by_code = {enterprise.code: enterprise for enterprise in world.enterprises}
    places = {(paper.sender, paper.seal) for trade in trades for paper in trade.papers()}
    needed = {(sender, seal if seal in (UNFILED, EXPIRED) else "") for sender, seal in places}
    signers = keys.make_signers(needed, by_code, plan.signed, plan.first_day)
    keys.save(signers, keys_to)
    filings = filings_of(plan, world, trades, signers, [*world.people, *stage.persons])
    sheets, covers = _cut(
        trades, Post(keys_to, {c: e.name for c, e in by_code.items()}, signers, plan.signed, rng)
    )
    return Book(sheets=sheets, covers=covers, truths=truths, filings=filings)


def _number(trade: Trade, index: int) -> None:
    """Let the declarant's own number count trades, and the marketplace send all its orders."""
    head = trade.declaration_list.head
    head["cop_no"] = f"{head['cop_no'][:-_COP_NO_DIGITS]}{index:0{_COP_NO_DIGITS}d}"
    trade.order.sender = trade.order.head["marketplace_code"]


def _cut(trades: Sequence[Trade], post: Post) -> tuple[list[list[Sheet]], dict[Stream, tuple[bytes, bytes]]]:
    parcels = [_alone(paper) for trade in trades for paper in trade.papers()]
    written = iter(zip(parcels, post.write(parcels), strict=True))
    covers: dict[Stream, tuple[bytes, bytes]] = {}
    sheets = []
    for trade in trades:
        cut = []
        for paper in trade.papers():
            parcel, pieces = next(written)
            stream = Stream(paper.table, parcel.sender, parcel.seal, parcel.transfer, paper.batch)
            covers.setdefault(stream, (pieces[0].start, pieces[0].end))
            cut.append(_sheet(stream, paper, pieces[0], len(trades)))
        sheets.append(cut)
    return sheets, covers


def _alone(paper: Paper) -> Parcel:
    """The parcel of one paper."""
    return Parcel(
        table=paper.table,
        sender=paper.sender,
        seal=paper.seal,
        transfer=paper.transfer or paper.sender,
        papers=[paper],
    )


def _sheet(stream: Stream, paper: Paper, written: Written, step: int) -> Sheet:
    numbers = tuple(KINDS[found[1]](found[2], step) for found in _NUMBERS.finditer(written.papers))
    text = _NUMBERS.sub(rb"<ceb:\1>%b</ceb:", written.papers.replace(b"%", b"%%"))
    return Sheet(stream, paper.rank, text, numbers)


def filings_for(book: Book, copies: int) -> dict[str, Any]:
    """The filings of so many copies: every person once a copy, and the guarantees of all of them."""
    return book.filings | {
        "verified_persons": [
            row | {"person_id": _of(row["person_id"], copy)}
            for row in book.filings["verified_persons"]
            for copy in range(copies)
        ],
        "annual_used": [
            row | {"person_id": _of(row["person_id"], copy)}
            for row in book.filings["annual_used"]
            for copy in range(copies)
        ],
        "deposits": [
            row | {"amount": _times(row["amount"], copies), "reference": f"{row['reference']}/{copies}"}
            for row in book.filings["deposits"]
        ],
    }


def _of(person_id: str, copy: int) -> str:
    return KINDS[b"buyerIdNumber"](person_id.encode(), 0).of(copy).decode()


def _times(amount: str, copies: int) -> str:
    """A guarantee for all copies; that of one fen suffices for nothing in any number."""
    return amount if amount == "0.01" else format_e5(parse_e5(amount) * copies)


def truths_for(book: Book, trades: int) -> Iterator[tuple[str, Truth]]:
    """For each trade its order number and what must become of its list."""
    numbers = [KINDS[b"orderNo"](truth.order_no.encode(), book.trades) for truth in book.truths]
    for trade in range(trades):
        copy, base = divmod(trade, book.trades)
        yield numbers[base].of(copy).decode(), book.truths[base]


def rush_plan(trades: int, signed: Signed, anomalies: float, seed: int, first_day: date, days: int) -> Plan:
    """The plan of the distinct trades of a rush."""
    return Plan(
        trades=trades,
        first_day=first_day,
        days=days,
        seed=seed,
        signed=signed,
        anomalies=anomalies,
        per_message=1,
    )
