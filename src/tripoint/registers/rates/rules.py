"""What a file would change, judged before anything counts: differences, overlaps, and the digest to confirm."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from itertools import pairwise

from tripoint.kernel.text import Text
from tripoint.registers.rates.files import parse
from tripoint.registers.rates.records import (
    Difference,
    Entry,
    Kind,
    LineError,
    Proposal,
    Register,
)

Key = tuple[str, date]
_DAY = timedelta(days=1)


def propose(
    register: Register, raw: bytes, kept: Iterable[Entry], complete_from: date | None, version: int = 0
) -> Proposal:
    """What the file does to the rows kept. With `complete_from` it is the whole set: codes it lacks end the day before.

    `version` is how many imports made the register what it is: the same file is proposed anew after another one.
    """
    file_digest = hashlib.sha256(raw).hexdigest()
    located, errors = parse(register, raw)
    lines = {(entry.code, entry.since): line for line, entry in located}
    named = {(entry.code, entry.since): entry for _, entry in located}
    before = {(entry.code, entry.since): entry for entry in kept}
    after = before | named
    if not errors:
        errors = _twice(located)
    if complete_from is not None and not errors:
        ended, errors = _ended(after, {code for code, _ in named}, complete_from)
        after |= ended
    if not errors:
        errors = _overlaps(after, lines)
    if errors:
        return Proposal(
            register=register,
            digest=None,
            file_digest=file_digest,
            complete_from=complete_from,
            differences=(),
            errors=tuple(errors),
        )
    began = _by_code(before)
    differences = tuple(
        _difference(before, after, key, began)
        for key in sorted(after)
        if key in named or after[key] != before.get(key)
    )
    return Proposal(
        register=register,
        digest=_digest(register, version, file_digest, complete_from, differences),
        file_digest=file_digest,
        complete_from=complete_from,
        differences=differences,
        errors=(),
    )


def as_of(entries: Iterable[Entry], code: str, day: date) -> Entry | None:
    """The row that holds on a day: the newest that has begun, unless it has ended."""
    begun = [entry for entry in entries if entry.code == code and entry.since <= day]
    newest = max(begun, key=lambda entry: entry.since, default=None)
    return newest if newest is not None and (newest.until is None or day <= newest.until) else None


def _by_code(rows: dict[Key, Entry]) -> dict[str, list[Entry]]:
    """The rows of each code, in order of their first days."""
    began: dict[str, list[Entry]] = {}
    for key in sorted(rows):
        began.setdefault(key[0], []).append(rows[key])
    return began


def _difference(
    before: dict[Key, Entry], after: dict[Key, Entry], key: Key, began: dict[str, list[Entry]]
) -> Difference:
    new, same_row = after[key], before.get(key)
    if same_row == new:
        return Difference(kind=Kind.UNCHANGED, before=same_row, after=new)
    if same_row is not None:
        only_ended = new.until is not None and replace(same_row, until=new.until) == new
        return Difference(kind=Kind.ENDED if only_ended else Kind.CHANGED, before=same_row, after=new)
    earlier = [entry for entry in began.get(key[0], ()) if entry.since < key[1]]
    previous = earlier[-1] if earlier else None
    return Difference(kind=Kind.ADDED if previous is None else Kind.CHANGED, before=previous, after=new)


def _twice(located: Sequence[tuple[int, Entry]]) -> list[LineError]:
    seen: set[Key] = set()
    errors = []
    for line, entry in located:
        if (entry.code, entry.since) in seen:
            said = Text("同一编码同一生效日重复", "stands twice with the same first day")
            errors.append(_error(line, entry, said))
        seen.add((entry.code, entry.since))
    return errors


def _ended(
    rows: dict[Key, Entry], named: set[str], complete_from: date
) -> tuple[dict[Key, Entry], list[LineError]]:
    """Rows of codes the complete file lacks, ended the day before; one that only begins then must be named."""
    ended: dict[Key, Entry] = {}
    errors: list[LineError] = []
    last = complete_from - _DAY if complete_from > date.min else date.min
    for key, entry in rows.items():
        if entry.code in named or (entry.until is not None and entry.until <= last):
            continue
        if entry.since > last:
            said = Text(
                f"自 {entry.since} 起生效，文件中没有", f"begins on {entry.since} but is not in the file"
            )
            errors.append(_error(0, entry, said))
        else:
            ended[key] = replace(entry, until=last)
    return ended, errors


def _overlaps(rows: dict[Key, Entry], lines: dict[Key, int]) -> list[LineError]:
    """A row with a last day must end before the next of its code begins."""
    errors: list[LineError] = []
    ordered = [rows[key] for key in sorted(rows)]
    for older, newer in pairwise(ordered):
        if older.code == newer.code and older.until is not None and older.until >= newer.since:
            said = Text(f"与自 {newer.since} 起的记录重叠", f"overlaps the row that begins on {newer.since}")
            line = lines.get((older.code, older.since)) or lines.get((newer.code, newer.since), 0)
            errors.append(_error(line, older, said))
    return errors


def _error(line: int, entry: Entry, text: Text) -> LineError:
    """An error between rows; line 0 stands for a row kept before, which the file does not name."""
    return LineError(line=line, field=f"{entry.code} {entry.since}", text=text)


def _digest(
    register: Register,
    version: int,
    file_digest: str,
    complete_from: date | None,
    differences: Sequence[Difference],
) -> str:
    """One number for the file, the register it was shown for, and what it was shown to do."""
    said = [f"{register} {version} {file_digest} {complete_from}"]
    for difference in differences:
        before = "-" if difference.before is None else repr(asdict(difference.before))
        said.append(f"{difference.kind} {before} {asdict(difference.after)!r}")
    return hashlib.sha256("\n".join(said).encode()).hexdigest()
