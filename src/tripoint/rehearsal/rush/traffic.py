"""Signed messages prepared beforehand and kept in a cache: the same recipe is written once, and read in order."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random

import polars as pl

from tripoint.rehearsal import keys
from tripoint.rehearsal.packing import MESSAGE_OF
from tripoint.rehearsal.plan import PAPERS_MAX, Progress, Signed
from tripoint.rehearsal.posting import Written, join, seal_message
from tripoint.rehearsal.rush import parts
from tripoint.rehearsal.rush import sheets as sheets_of
from tripoint.rehearsal.rush.arrivals import Arrivals, Letter, letters
from tripoint.rehearsal.rush.sheets import Book, Stream
from tripoint.rehearsal.trades import guid

FORMAT = 1
"""Raised when prepared traffic of before is not what would be prepared now."""

DISTINCT = 2_000
"""Trades that are made up one by one; the others are copies with other numbers, persons and signatures."""

PLAIN_TRADES_MAX = 1_000_000
"""With more trades than these the messages are kept compressed, which costs the client some 15 µs a trade."""

_PART_PAPERS = 20_000

MESSAGES = {
    "part": pl.UInt32(),
    "start": pl.Int64(),
    "length": pl.Int64(),
    "sender": pl.String(),
    "message_type": pl.String(),
    "moment": pl.Int64(),
    "papers": pl.Int32(),
}
"""A message: where its bytes lie, who sends it, after how many trades it goes out, how many papers it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What traffic is asked for; `papers` a message at most, `apart` in trades, from the first day over some days."""

    trades: int
    papers: int = PAPERS_MAX
    signed: Signed = Signed.RSA
    arrivals: Arrivals = Arrivals.MIXED
    anomalies: float = 0.02
    apart: int = 0
    seed: int = 1
    first_day: date = date(2024, 6, 3)
    days: int = 7

    @property
    def distance(self) -> int:
        """`apart`, or a quarter of the trades (of 80,000 at most) where nothing is said."""
        return self.apart or max(1, min(self.trades, 80_000) // 4)

    @property
    def packed(self) -> bool:
        """Whether the messages are compressed in the cache: 9 KB a trade would fill the disk."""
        return self.trades > PLAIN_TRADES_MAX

    @property
    def digest(self) -> str:
        """Names the traffic in the cache."""
        said = json.dumps(
            asdict(self) | {"format": FORMAT, "distance": self.distance}, sort_keys=True, default=str
        )
        return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Traffic:
    """Prepared messages in a folder, with filings, keys and truth."""

    folder: Path

    @cached_property
    def messages(self) -> pl.DataFrame:
        """Every message in the order they go out (MESSAGES)."""
        return pl.read_ipc(self.folder / "messages.arrow")

    @cached_property
    def papers(self) -> pl.DataFrame:
        """Which message (by its row) brings each paper of each trade: trade, message."""
        return pl.read_ipc(self.folder / "papers.arrow")

    @cached_property
    def truth(self) -> pl.DataFrame:
        """What must become of the list of each trade, in the order of trades."""
        return pl.read_ipc(self.folder / "truth.arrow")

    @property
    def filings(self) -> bytes:
        """What must be on file for these papers."""
        return (self.folder / "filings.json").read_bytes()

    @cached_property
    def trades(self) -> int:
        """How many trades there are."""
        return int(json.loads((self.folder / "recipe.json").read_text())["trades"])


def prepared(recipe: Recipe, cache: Path, progress: Progress) -> Traffic:
    """The traffic of a recipe, from the cache or prepared now with every core there is."""
    folder = cache / recipe.digest
    if not folder.is_dir():
        draft = cache / f".{recipe.digest}.{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            _prepare(recipe, draft, progress)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return Traffic(folder)


def _prepare(recipe: Recipe, folder: Path, progress: Progress) -> None:
    plan = sheets_of.rush_plan(
        min(DISTINCT, recipe.trades),
        recipe.signed,
        recipe.anomalies,
        recipe.seed,
        recipe.first_day,
        recipe.days,
    )
    book = sheets_of.make_book(plan, folder / "keys", progress)
    copies = -(-recipe.trades // book.trades)
    filings = sheets_of.filings_for(book, copies)
    (folder / "filings.json").write_text(json.dumps(filings, ensure_ascii=False), encoding="utf-8")
    _truth(book, recipe.trades).write_ipc(folder / "truth.arrow")
    _write(recipe, book, folder, progress)
    told = asdict(recipe) | {"distinct": book.trades}
    (folder / "recipe.json").write_text(json.dumps(told, default=str, indent=1) + "\n")


def _truth(book: Book, trades: int) -> pl.DataFrame:
    rows = (
        (
            order_no,
            truth.marketplace_code,
            truth.outcome,
            truth.waits_for,
            ",".join(sorted(set(truth.findings))),
            truth.tax,
            truth.anomaly,
        )
        for order_no, truth in sheets_of.truths_for(book, trades)
    )
    names = ("order_no", "marketplace_code", "outcome", "waits_for", "codes", "tax", "anomaly")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")


def _write(recipe: Recipe, book: Book, folder: Path, progress: Progress) -> None:
    """Write every message, part by part, in processes of their own."""
    most = recipe.papers
    rows: list[tuple[int, int, int, str, str, int, int]] = []
    trades: list[int] = []
    counts: list[int] = []
    going = letters(
        recipe.trades, book.sheets, recipe.arrivals, per_message=most, apart=recipe.distance, seed=recipe.seed
    )
    under_way: list[tuple[list[Letter], Future[list[int]]]] = []
    papers = sum(len(sheets) for sheets in book.sheets) * recipe.trades // book.trades
    pool = ProcessPoolExecutor(
        os.cpu_count(),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(book, folder, recipe),
    )

    def settle(part: int) -> None:
        members, future = under_way[part]
        at = 0
        for letter, length in zip(members, future.result(), strict=True):
            stream = letter.stream
            kind = MESSAGE_OF[stream.table]
            rows.append((part, at, length, stream.sender, kind, letter.moment, len(letter.papers)))
            at += length
            trades.extend(trade for trade, _ in letter.papers)
            counts.append(len(letter.papers))
        under_way[part][0].clear()
        progress("messages", len(trades), papers)

    with pool:
        settled = 0
        for part, members in enumerate(_parts(going, max(1, _PART_PAPERS // most))):
            under_way.append((members, pool.submit(_write_part, part, members)))
            if part - settled >= 4:
                settle(settled)
                settled += 1
        for part in range(settled, len(under_way)):
            settle(part)
    pl.DataFrame(rows, schema=MESSAGES, orient="row").write_ipc(folder / "messages.arrow")
    brought = pl.DataFrame({"trade": trades}, schema={"trade": pl.UInt32()})
    by_message = pl.select(pl.int_range(len(counts), dtype=pl.UInt32()).alias("message")).select(
        pl.col("message").repeat_by(pl.Series(counts)).explode()
    )
    pl.concat([brought, by_message], how="horizontal").write_ipc(folder / "papers.arrow")


def _parts(going: Iterator[Letter], size: int) -> Iterator[list[Letter]]:
    while members := list(islice(going, size)):
        yield members


class _Desk:
    """What a writing process holds."""

    book: Book
    folder: Path
    recipe: Recipe
    signers: dict[tuple[str, str], keys.Signer]


def _begin(book: Book, folder: Path, recipe: Recipe) -> None:
    _Desk.book, _Desk.folder, _Desk.recipe = book, folder, recipe
    _Desk.signers = keys.load(folder / "keys")


def _write_part(part: int, members: Sequence[Letter]) -> list[int]:
    """Write the messages of one part; the length of each."""
    rng = Random(f"part {part} {_Desk.recipe.seed}")
    pieces = [_message(letter.stream, letter.papers, guid(rng)) for letter in members]
    parts.write(_Desk.folder, part, pieces, packed=_Desk.recipe.packed)
    return [len(piece) for piece in pieces]


def _message(stream: Stream, papers: Sequence[tuple[int, int]], message_guid: str) -> bytes:
    book = _Desk.book
    start, end = book.covers[stream]
    step = book.trades
    text = b"".join([book.sheets[trade % step][at].write(trade // step) for trade, at in papers])
    message = join([Written(start, text, end)], message_guid)
    return seal_message(message, stream.sender, stream.seal, _Desk.signers, _Desk.recipe.signed)
