"""From papers to the files that partners would send: written by the strict writer, spoilt where asked, signed.

Every sender's papers are written in one go, one message each, and then put together: what a message holds is decided
by `packing`, what an element looks like by `messages.ceb.writing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import polars as pl
from lxml import etree

from tripoint.documents.columns import TABLES
from tripoint.messages.ceb.parsing import Transfer
from tripoint.messages.ceb.writing import write_many
from tripoint.messages.signatures.signing import sign_canonical
from tripoint.rehearsal.keys import ALGORITHMS, Signer
from tripoint.rehearsal.packing import LINES_OF, MESSAGE_OF, Parcel
from tripoint.rehearsal.plan import Progress, Signed
from tripoint.rehearsal.seals import ALTERED, EXPIRED, UNFILED, UNSIGNED
from tripoint.rehearsal.trades import Paper, guid

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_TRANSFER = b"<ceb:BaseTransfer>"
_WEIGHED = re.compile(rb"(<ceb:(?:acturalPaid|amountPaid|weight|grossWeight)>)(\d)")
_FIRST_GUID = re.compile(rb'(?<= guid=")[^"]{36}')
"""Of the root; a paper's own guid is an element."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message cut open: its start tag, its papers, its end with BaseTransfer."""

    start: bytes
    papers: bytes
    end: bytes


class Post:
    """Writes and signs messages into a folder; names count from 1."""

    def __init__(
        self,
        folder: Path,
        names: dict[str, str],
        signers: dict[tuple[str, str], Signer],
        signed: Signed,
        rng: Random,
    ) -> None:
        self._folder = folder
        self._names = names
        self._signers = signers
        self._signed = signed
        self._rng = rng
        self.faults: dict[str, str] = {}
        """Which files got a faulty signature."""

    def send(self, parcels: Sequence[Parcel], progress: Progress) -> int:
        """Write every parcel as a file, in order; the number of files."""
        self._folder.mkdir(parents=True, exist_ok=True)
        texts = self.write(parcels)
        digits = max(6, len(str(len(parcels))))
        for number, (parcel, pieces) in enumerate(zip(parcels, texts, strict=True), start=1):
            name = f"{number:0{digits}d}_{MESSAGE_OF[parcel.table]}_{parcel.sender}.xml"
            message = join(pieces, guid(self._rng))
            sealed = seal_message(message, parcel.sender, parcel.seal, self._signers, self._signed)
            (self._folder / name).write_bytes(sealed)
            if parcel.seal:
                self.faults[name] = parcel.seal
            progress("messages", number, len(parcels))
        return len(parcels)

    def write(self, parcels: Sequence[Parcel]) -> Iterator[list[Written]]:
        """The papers of each parcel, one message each; written by kind and sender in one go."""
        written: dict[int, Written] = {}
        groups: dict[tuple[str, str], list[Paper]] = {}
        for parcel in parcels:
            groups.setdefault((parcel.table, parcel.transfer), []).extend(parcel.papers)
        for (table, transfer), papers in groups.items():
            messages = write_many(
                MESSAGE_OF[table],
                frames_of(table, papers),
                new_guid=lambda: "0" * 36,
                transfer=self._transfer(transfer),
                papers_max=1,
            )
            for paper, message in zip(papers, messages, strict=True):
                written[id(paper)] = cut(_edited(message, paper))
        for parcel in parcels:
            yield [written[id(paper)] for paper in parcel.papers]

    def _transfer(self, code: str) -> Transfer:
        return Transfer(code, self._names[code], "DXP", f"DXPENT{code}")


def seal_message(
    message: bytes, sender: str, seal: str, signers: dict[tuple[str, str], Signer], signed: Signed
) -> bytes:
    """Sign a canonical message as its sender, or with the fault that is asked for."""
    if signed is Signed.NONE or seal == UNSIGNED:
        return _DECLARATION + message
    signer = signers[sender, seal if seal in (UNFILED, EXPIRED) else ""]
    whole = sign_canonical(message, signer.key, signer.certificate, ALGORITHMS[signed])
    return alter(whole) if seal == ALTERED else whole


def frames_of(table: str, papers: Sequence[Paper]) -> dict[str, pl.DataFrame]:
    """Papers and their lines in columns, each paper at its own position."""
    heads = [paper.head | {"message_id": 0, "position": at} for at, paper in enumerate(papers)]
    frames = {table: pl.DataFrame(heads, schema=TABLES[table].schema, orient="row")}
    name = LINES_OF.get(table)
    if name is not None:
        lines = [
            line | {"message_id": 0, "position": at}
            for at, paper in enumerate(papers)
            for line in paper.lines
        ]
        frames[name] = pl.DataFrame(lines, schema=TABLES[name].schema, orient="row")
    return frames


def _edited(message: bytes, paper: Paper) -> bytes:
    """The message with its one paper changed as asked, in canonical form again."""
    if paper.edit is None:
        return message
    root = etree.fromstring(message)
    paper.edit(root[0])
    return etree.tostring(root, method="c14n")


def cut(message: bytes) -> Written:
    """A canonical message without signature, cut into start tag, papers and the rest."""
    begin, end = message.index(b">") + 1, message.rindex(_TRANSFER)
    return Written(message[:begin], message[begin:end], message[end:])


def join(pieces: Sequence[Written], message_guid: str) -> bytes:
    """One message of the papers of many, under a guid of its own."""
    start = _FIRST_GUID.sub(message_guid.encode(), pieces[0].start, count=1)
    return b"".join((start, *(piece.papers for piece in pieces), pieces[0].end))


def alter(message: bytes) -> bytes:
    """A signed message with one digit of an amount or weight changed."""
    changed, times = _WEIGHED.subn(
        lambda found: found[1] + (b"8" if found[2] != b"8" else b"9"), message, count=1
    )
    assert times == 1, "every paper has an amount or a weight"
    return changed
