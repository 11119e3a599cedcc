"""What partners send: a rehearsal shuffled, cut anew and doubled, with bytes that are no message in between."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.parsing import parse
from tripoint.messages.ceb.reading import Reader
from tripoint.rehearsal import Plan, Signed, generate, keys
from tripoint.rehearsal.repack import repack

FIRST_DAY = date(2024, 6, 3)
_SENDER = re.compile(r"[0-9]+_(CEB[0-9]{3})_([0-9A-Z]+)\.xml")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way: who hands it in, its bytes, its type and how many papers it holds; no type is no message."""

    sender: str
    raw: bytes
    message_type: str = ""
    papers: int = 0


@dataclass(frozen=True, slots=True)
class Declared:
    """A lawful list as its declarant knows it: head and lines by the columns of `documents.columns`."""

    head: Row
    lines: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Everything that is sent before anything is answered, and what must become of it."""

    folder: Path
    letters: tuple[Letter, ...]
    declared: dict[str, Declared]
    senders: dict[str, str]
    signed: Signed

    @property
    def filings(self) -> bytes:
        """What has to be on file."""
        return (self.folder / "filings.json").read_bytes()

    @property
    def truth(self) -> Path:
        """What must become of each list."""
        return self.folder / "truth.jsonl"

    def signers(self) -> dict[tuple[str, str], keys.Signer]:
        """The keys of the enterprises."""
        return keys.load(self.folder / "keys")


def prepare(
    folder: Path,
    *,
    trades: int,
    seed: int,
    anomalies: float = 0.5,
    most: int = 12,
    signed: Signed = Signed.RSA,
) -> Traffic:
    """Make up the traffic of a seed in messages of up to `most` papers; the same seed gives the same papers."""
    first, second = folder / "first", folder / "second"
    generate(
        Plan(
            trades=trades,
            first_day=FIRST_DAY,
            anomalies=anomalies,
            signed=signed,
            seed=seed,
            per_message=most,
        ),
        first,
    )
    repack(first, second, seed, most)
    rng = Random(f"crash {seed}")
    letters = [_letter(path) for path in sorted((second / "papers").iterdir())]
    letters += [_garbage(rng, rng.choice(letters)) for _ in range(max(3, len(letters) // 30))]
    rng.shuffle(letters)
    filed = json.loads((second / "filings.json").read_text(encoding="utf-8"))
    senders = {row["enterprise_code"]: row["name"] for row in filed["enterprises"]}
    return Traffic(
        folder=second,
        letters=tuple(letters),
        declared=_declared(first, second),
        senders=senders,
        signed=signed,
    )


def _letter(path: Path) -> Letter:
    named = _SENDER.fullmatch(path.name)
    assert named is not None, path.name
    raw = path.read_bytes()
    node = MESSAGES[named[1]].paper.name.encode()
    return Letter(named[2], raw, named[1], raw.count(b"<ceb:" + node + b">"))


def _garbage(rng: Random, like: Letter) -> Letter:
    """Bytes that cannot be read: a message cut off, one with a document type, one of no type, noise."""
    kinds = (
        lambda: like.raw[: rng.randrange(100, len(like.raw) - 20)],
        lambda: like.raw.replace(b"<ceb:CEB", b'<!DOCTYPE a SYSTEM "http://192.0.2.1/x"><ceb:CEB', 1),
        lambda: b"<no-message n='%d'/>" % rng.randrange(10**9),
        lambda: rng.randbytes(rng.randrange(20, 2000)),
    )
    return Letter(like.sender, rng.choice(kinds)())


def _declared(first: Path, second: Path) -> dict[str, Declared]:
    """The lists of lawful trades by order number, read as the platform reads them."""
    truth = [json.loads(line) for line in (second / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    lawful = {row["order_no"] for row in truth if row["anomaly"] is None and row["outcome"] == "released"}
    reader = Reader()
    for number, path in enumerate(sorted((first / "papers").glob("*_CEB621_*.xml"))):
        reader.add(number, parse(path.read_bytes()))
    frames = reader.frames()
    lines: dict[tuple[int, int], list[Row]] = {}
    for line in frames["list_lines"].iter_rows(named=True):
        lines.setdefault((line["message_id"], line["position"]), []).append(line)
    return {
        head["order_no"]: Declared(head, tuple(lines[head["message_id"], head["position"]]))
        for head in frames["lists"].iter_rows(named=True)
        if head["order_no"] in lawful
    }


def slices(letters: Sequence[Letter], count: int) -> list[Sequence[Letter]]:
    """The letters in `count` parts, in order."""
    bounds = [len(letters) * n // count for n in range(count + 1)]
    return [letters[start:end] for start, end in pairwise(bounds)]
