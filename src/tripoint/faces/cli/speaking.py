"""How commands speak: tables and sentences for people, JSON for programs, progress on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from tripoint.kernel.text import Language, Text

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_ELSEWHERE = 120
"""Columns of output that goes to a file or a pipe, where COLUMNS says nothing else."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """The options of every command about how it speaks."""

    json: Annotated[
        bool, Parameter(negative="", help="Print one JSON document instead of tables. 输出 JSON。")
    ] = False
    quiet: Annotated[
        bool,
        Parameter(
            name=["--quiet", "-q"],
            negative="",
            help="Print only errors and data asked for. 只输出错误与所要的数据。",
        ),
    ] = False
    lang: Annotated[
        Literal["zh", "en"] | None,
        Parameter(help="Language of tables and sentences; else that of LC_ALL, LC_MESSAGES or LANG. 语言。"),
    ] = None


class Told:
    """Takes signs of progress: how far, of how many."""

    def __call__(self, done: int, total: int) -> None:
        """Nothing is shown."""


class Talk:
    """What one command says: data to stdout, what accompanies it to stderr."""

    def __init__(self, voice: Voice | None = None) -> None:
        self.voice = voice or Voice()
        self.language: Language = self.voice.lang or _locale()
        self._consoles: dict[bool, Console] = {}

    def pick(self, text: Text) -> str:
        """A text in the language spoken."""
        return text.in_(self.language)

    def say(self, zh: str, en: str, *, style: str = "") -> None:
        """A sentence of the result; silent with --quiet and --json."""
        if not (self.voice.quiet or self.voice.json):
            self._console().print(
                self.pick(Text(zh, en)), style=style, markup=False, highlight=False, soft_wrap=True
            )

    def say_both(self, head: str, text: Text, repair: Text) -> None:
        """What is wrong and what mends it, in both languages, under a head."""
        if not (self.voice.quiet or self.voice.json):
            said = f"{head}\n    {text.zh}；{repair.zh}\n    {text.en}; {repair.en}"
            self._console().print(said, markup=False, highlight=False, soft_wrap=True)

    def note(self, zh: str, en: str) -> None:
        """A sentence about what is being done, on stderr; silent with --quiet."""
        if not self.voice.quiet:
            self._console(err=True).print(
                self.pick(Text(zh, en)), style="dim", markup=False, highlight=False, soft_wrap=True
            )

    def warn(self, zh: str, en: str) -> None:
        """Something that went wrong and does not end the command, on stderr, in both languages, always."""
        self._console(err=True).print(
            f"{zh} / {en}", style="yellow", markup=False, highlight=False, soft_wrap=True
        )

    def data(self, value: Any) -> None:
        """The command's answer as one JSON document, where --json asks for it."""
        if self.voice.json:
            print(as_json(value))

    def table(self, title: Text, heads: Sequence[Text], rows: Sequence[Sequence[object]]) -> None:
        """A table; nothing where it has no rows, or with --quiet or --json."""
        if self.voice.quiet or self.voice.json or not rows:
            return
        from rich import box
        from rich.table import Table
        from rich.text import Text as Styled

        made = Table(title=self.pick(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        for number, head in enumerate(heads):
            figures = all(isinstance(row[number], int) for row in rows)
            made.add_column(self.pick(head), justify="right" if figures else "left", overflow="fold")
        for row in rows:
            made.add_row(*(Styled(_shown(cell)) for cell in row))
        self._console().print(made)

    @contextmanager
    def progress(self, zh: str, en: str) -> Iterator[Told]:
        """A progress bar on stderr, where that is a terminal."""
        if self.voice.quiet or not sys.stderr.isatty():
            yield Told()
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self._console(err=True), transient=True,
        )  # fmt: skip
        with bar:
            task = bar.add_task(Text(zh, en).in_(self.language), total=None)

            class _Shown(Told):
                def __call__(self, done: int, total: int) -> None:
                    bar.update(task, completed=done, total=total)

            yield _Shown()

    def _console(self, *, err: bool = False) -> Console:
        if err not in self._consoles:
            from rich.console import Console

            class Plain(Console):
                def on_broken_pipe(self) -> None:
                    """Rich would end the process with 1; ours ends it as the exit codes say."""
                    raise BrokenPipeError

            stream = sys.stderr if err else sys.stdout
            width = None if stream.isatty() or os.environ.get("COLUMNS") else WIDTH_ELSEWHERE
            self._consoles[err] = Plain(stderr=err, width=width)
        return self._consoles[err]


def counted(number: int, noun: str) -> str:
    """A number of things in English: 1 fault, 2 faults."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    return str(cell)


def _locale() -> Language:
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"


def as_json(value: Any) -> str:
    """A value as a JSON document: dataclasses as objects, times in ISO 8601, decimals, enums and paths as text."""
    import msgspec

    raw = msgspec.json.encode(value, enc_hook=str)
    return msgspec.json.format(raw, indent=2).decode()
