"""How papers travel: by sender, in messages of 1 to 100, out of order across kinds; versions of one paper in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from tripoint.rehearsal.trades import Paper

MESSAGE_OF = {"orders": "CEB311", "payments": "CEB411", "waybills": "CEB511", "lists": "CEB621"}
LINES_OF = {"orders": "order_lines", "lists": "list_lines"}

_Member = TypeVar("_Member")


@dataclass(slots=True, kw_only=True)
class Parcel:
    """The papers of one message: all of one kind, sender and seal."""

    table: str
    sender: str
    seal: str
    transfer: str
    papers: list[Paper]


def pack(papers: Iterable[Paper], rng: Random, most: int) -> list[Parcel]:
    """Shuffle papers into messages of 1 to `most`, and the messages among each other."""
    groups: dict[tuple[str, str, str, str, int], list[Paper]] = {}
    for paper in papers:
        key = (paper.table, paper.sender, paper.seal, paper.transfer or paper.sender, paper.batch)
        groups.setdefault(key, []).append(paper)
    parcels: list[Parcel] = []
    for (table, sender, seal, transfer, _), members in sorted(groups.items(), key=lambda item: item[0]):
        rng.shuffle(members)
        parcels += (
            Parcel(table=table, sender=sender, seal=seal, transfer=transfer, papers=some)
            for some in split(members, rng, most)
        )
    rng.shuffle(parcels)
    _keep_ranks(parcels)
    return parcels


def split(members: Sequence[_Member], rng: Random, most: int) -> Iterator[list[_Member]]:
    """Cut a row of papers into pieces of 1 to `most`: many full ones, some small."""
    at = 0
    while at < len(members):
        size = most if rng.random() < 0.5 else rng.randint(1, most)
        yield list(members[at : at + size])
        at += size


def _keep_ranks(parcels: Sequence[Parcel]) -> None:
    """Put the versions of each paper into the order they are sent in, by exchanging their places."""
    chains: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for at, parcel in enumerate(parcels):
        for place, paper in enumerate(parcel.papers):
            if paper.rank is not None:
                chains.setdefault((paper.table, paper.sender, paper.head["order_no"]), []).append((at, place))
    for places in chains.values():
        versions = sorted(
            (parcels[at].papers[place] for at, place in places), key=lambda paper: paper.rank or 0
        )
        for (at, place), paper in zip(places, versions, strict=True):
            parcels[at].papers[place] = paper
