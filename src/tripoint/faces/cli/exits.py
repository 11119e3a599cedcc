"""How a command ends: one exit code for each kind of refusal (kernel.refusals), and those of the command line itself."""

from __future__ import annotations

from tripoint.kernel.refusals import (
    Busy,
    Conflict,
    Forbidden,
    Malformed,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unknown,
)

OK = 0
FOUND = 1
"""The command did its work and found differences or faults."""
MALFORMED = 2
FAULT = 70
"""We are wrong: an exception nobody expected."""
INTERRUPTED = 130
"""Ended by Ctrl-C."""
BROKEN_PIPE = 141
"""Whoever read the output has gone."""

EXITS: dict[type[Refusal], int] = {
    Malformed: MALFORMED,
    TooLarge: 2,
    Unauthenticated: 3,
    Forbidden: 3,
    Unknown: 4,
    Conflict: 5,
    Busy: 6,
}
"""The exit code of each kind of refusal; a kind below another ends as that one does."""


def exit_code(refusal: Refusal) -> int:
    """The exit code of a refusal."""
    return next(EXITS[kind] for kind in type(refusal).__mro__ if kind in EXITS)
