"""The table of commands: the module that answers for each, and what it does in one line."""

from __future__ import annotations

from dataclasses import dataclass

from tripoint.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its module in this package, and its line in the help."""

    module: str
    text: Text


COMMANDS: dict[str, Command] = {
    "clear": Command(
        "clear", Text("通关：收取单证、判定、写出回执", "take papers in, judge them, write the receipts")
    ),
}
"""Every command, in the order the help shows them; modules are imported only when asked for."""
