"""Both lanes over the same messages, and the first thing in which they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tripoint.messages.ceb.parsing import Unreadable, parse
from tripoint.messages.ceb.reading import Reader
from tripoint.messages.signatures.parts import SignatureParts
from tripoint.messages.signatures.verdicts import Reason
from tripoint.messages.signatures.verifying import parts_of


@dataclass(slots=True)
class Account:
    """All that a lane has to say of some messages: of each by itself, and the tables and faults of all together."""

    messages: list[object] = field(default_factory=list)
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    digests: dict[str, list[int]] = field(default_factory=dict)
    faults: list[tuple[object, ...]] = field(default_factory=list)
    fast: int = 0
    odd: int = 0


def account(messages: Sequence[bytes], *, fast: bool) -> Account:
    """Read messages by the fast lane (and what it declines by the other), or by the reference lane alone."""
    found = Account()
    reader = Reader()
    for number, raw in enumerate(messages):
        scanned = reader.scan(number, raw) if fast else None
        if scanned is not None:
            found.fast += 1
            found.odd += scanned.odd
            found.messages.append((scanned.head, covered(scanned.signature)))
            continue
        try:
            parsed = parse(raw)
        except Unreadable as fault:
            found.messages.append((str(fault), fault.path, fault.wire_type, fault.message_no))
            continue
        found.messages.append((parsed.head, covered(parts_of(parsed.root))))
        reader.add(number, parsed)
    found.tables = reader.frames()
    found.digests = {table: series.to_list() for table, series in reader.digests().items()}
    found.faults = [
        (*row, fault.limit, fault.place)
        for row, fault in zip(reader.faults().rows(), reader.listed(), strict=True)
    ]
    return found


def covered(parts: SignatureParts | Reason | None) -> object:
    """What a verdict rests on: the octets covered, the signature and the certificate; or why it cannot hold."""
    if not isinstance(parts, SignatureParts):
        return parts
    return (
        parts.signed_info,
        parts.signed_info_octets,
        b"".join(parts.document_octets),
        parts.value,
        parts.key_name,
        parts.fingerprint,
    )


def difference(messages: Sequence[bytes]) -> str | None:
    """In what the lanes differ over these messages, read together; None where they agree."""
    return differs(account(messages, fast=True), account(messages, fast=False))


def differs(fast: Account, reference: Account) -> str | None:
    """The first difference of two accounts."""
    for at, (left, right) in enumerate(zip(fast.messages, reference.messages, strict=True)):
        if left != right:
            return f"message {at}: {left!r} instead of {right!r}"
    if list(fast.tables) != list(reference.tables):
        return f"tables: {list(fast.tables)} instead of {list(reference.tables)}"
    for name, frame in reference.tables.items():
        if fast.tables[name].schema != frame.schema:
            return f"{name}: {fast.tables[name].schema} instead of {frame.schema}"
        if not fast.tables[name].equals(frame):
            return f"{name}: {_first(fast.tables[name].rows(), frame.rows())}"
        if name in reference.digests and fast.digests[name] != reference.digests[name]:
            return f"digests of {name}: {_first(fast.digests[name], reference.digests[name])}"
    if fast.faults != reference.faults:
        return f"faults: {_first(fast.faults, reference.faults)}"
    return None


def _first(left: Sequence[Any], right: Sequence[Any]) -> str:
    for one, other in zip(left, right, strict=False):
        if one != other:
            return f"{one!r} instead of {other!r}"
    return f"{len(left)} rows instead of {len(right)}"


def culprit(messages: Sequence[bytes], differ: Callable[[Sequence[bytes]], object]) -> list[bytes]:
    """As few of the messages as still differ: one, as a rule."""
    for one in messages:
        if differ([one]):
            return [one]
    kept = list(messages)
    for one in list(kept):
        fewer = [other for other in kept if other is not one]
        if fewer and differ(fewer):
            kept = fewer
    return kept
