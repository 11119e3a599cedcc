"""The reference pages of commands, made from the commands themselves, so that no page says what a command does not.

`python -m tripoint.faces.cli.pages docs/reference/commands` writes them; what stands below the mark is kept as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tripoint.faces.cli.commands import COMMANDS
from tripoint.faces.cli.dispatch import app_of

if TYPE_CHECKING:
    from cyclopts import App, Argument

MARK = "<!-- above: made by tripoint.faces.cli.pages; below: by hand -->"
FLAGS = {"--help", "-h"}


def page(name: str) -> str:
    """The made part of a command's page."""
    command = COMMANDS[name]
    app = app_of(name)
    parts = [
        f"# tripoint {name}\n",
        f"{command.text.en[0].upper()}{command.text.en[1:]}. {command.text.zh}。\n",
        f"```console\n{command.example}\n```\n",
    ]
    if app.default_command is not None:
        parts.append(_options(app))
    for inner in subcommands(app):
        parts += [f"## tripoint {name} {inner.name[0]}\n", f"{inner.help}\n", _options(inner)]
    return "\n".join(parts) + "\n" + MARK + "\n"


def subcommands(app: App) -> Iterator[App]:
    """The commands below a command, in order of name."""
    for name in sorted(app):
        if name not in FLAGS:
            yield app[name]


def _options(app: App) -> str:
    rows = [
        f"| {_names(argument)} | {_choices(argument.get_choices())}{argument.parameter.help} |\n"
        for argument in app.assemble_argument_collection()
        if argument.parameter.help
    ]
    return "| argument | meaning |\n|---|---|\n" + "".join(rows)


def _names(argument: Argument) -> str:
    """How an argument is written; one given by its place has a name in capitals."""
    if argument.index is not None:
        return f"`{argument.names[0].lstrip('-').upper()}`"
    return ", ".join(f"`{name}`" for name in argument.names if name not in argument.negatives)


def _choices(choices: tuple[str, ...] | None) -> str:
    return "" if not choices else " · ".join(f"`{choice}`" for choice in choices) + ". "


def index() -> str:
    """The made part of the overview of all commands."""
    rows = "".join(
        f"| [{name}]({name}.md) | {command.text.en} | {command.text.zh} |\n"
        for name, command in COMMANDS.items()
    )
    return "# Commands 命令\n\n| command | what it does | 作用 |\n|---|---|---|\n" + rows + "\n" + MARK + "\n"


def pages() -> dict[str, str]:
    """The made part of every page, by file name."""
    return {"index.md": index()} | {f"{name}.md": page(name) for name in COMMANDS}


def write(folder: Path) -> None:
    """Write the pages; what stands below the mark of a page stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in pages().items():
        put(folder / name, made, MARK)


def put(path: Path, made: str, mark: str) -> None:
    """Write the made part of a page; what stands below its mark stays."""
    kept = path.read_text(encoding="utf-8").partition(mark)[2].lstrip("\n") if path.exists() else ""
    path.write_text(made + (f"\n{kept}" if kept else ""), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
