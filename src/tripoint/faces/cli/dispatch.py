"""Finding the command, running it, and ending as it should: one sentence for a refusal, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from tripoint.faces.cli import exits
from tripoint.faces.cli.commands import COMMANDS
from tripoint.kernel.refusals import Malformed, Refusal, Unknown

if TYPE_CHECKING:
    from cyclopts import App

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
HEAD = """\
tripoint: the open cross-border e-commerce service platform system
跨境电子商务综合服务平台系统

Usage 用法: tripoint COMMAND [OPTIONS]      tripoint COMMAND --help

"""
TAIL = """
Example 示例:
  tripoint generate --trades 100 --out rehearsal
  tripoint clear rehearsal --truth rehearsal/truth.jsonl --out receipts

Data lies in TRIPOINT_DATA_DIR (~/.tripoint), or where --data says. Exit codes: docs/reference/exit-codes.md
"""


def run(words: Sequence[str]) -> int:
    """Run a command line without its first word; its exit code."""
    _speak_utf8()
    return guarded(lambda: _run(words))


def _speak_utf8() -> None:
    """What people read is Chinese too, also where the locale knows nothing of it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _run(words: Sequence[str]) -> int:
    if not words or words[0] in ("--help", "-h", "help"):
        print(help_text(), end="")
        return exits.OK
    name = "version" if words[0] == "--version" else words[0]
    if name not in COMMANDS:
        raise unknown_command(name)
    return invoke(app_of(name), words[1:])


def help_text() -> str:
    """The help of `tripoint` itself; made by hand, so that it comes at once."""
    width = max(map(len, COMMANDS))
    lines = [
        f"  {name:<{width}}  {command.text.en}\n  {'':<{width}}  {command.text.zh}\n"
        for name, command in COMMANDS.items()
    ]
    return HEAD + "Commands 命令:\n" + "".join(lines) + TAIL


def unknown_command(name: str) -> Malformed:
    """What is said of a command that does not exist, with the nearest that does."""
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    zh, en = (f"；是否指 {near[0]}？", f"; did you mean {near[0]}?") if near else ("", "")
    return Malformed("COMMAND", f"没有命令 {name}{zh}", f"there is no command {name}{en}")


def app_of(name: str) -> App:
    """The parser of one command, from its module."""
    app: App = import_module(f"tripoint.faces.cli.{COMMANDS[name].module}").app
    return app


def invoke(app: App, words: Sequence[str]) -> int:
    """Parse the words and run the command; what it returns is the exit code (None is 0)."""
    from cyclopts import CycloptsError

    try:
        code = app(list(words), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        where, said = app.name[0], " ".join(str(error).split()).rstrip(".")
        raise Malformed(
            "COMMAND-LINE",
            f"命令行有误：{said}。见 {where} --help",
            f"{said}. See {where} --help",
        ) from error
    return code if isinstance(code, int) else exits.OK


def guarded(work: Callable[[], int]) -> int:
    """The exit code of some work; refusals and faults are told in one sentence in each language."""
    try:
        return _written(work)
    except Refusal as refusal:
        _tell(f"{refusal.code}: {refusal.text.zh}\n{refusal.code}: {refusal.text.en}")
        return exits.exit_code(refusal)
    except KeyboardInterrupt:
        _tell("已中断 / interrupted")
        return exits.INTERRUPTED
    except BrokenPipeError:
        _leave_unwritten()
        return exits.BROKEN_PIPE
    except Exception as fault:
        _tell(
            f"FAULT: 程序内部错误（{type(fault).__name__}），设 TRIPOINT_DEBUG=1 可见详情\n"
            f"FAULT: an error of ours ({type(fault).__name__}); TRIPOINT_DEBUG=1 shows all of it"
        )
        return exits.FAULT


def _written(work: Callable[[], int]) -> int:
    """The exit code of some work, all of its output written; raises Unknown where there is no room for it."""
    try:
        code = work()
        sys.stdout.flush()
        return code
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _leave_unwritten()
        raise Unknown(
            "FILE", f"输出无法写入：{error.strerror}", f"the output cannot be written: {error.strerror}"
        ) from error


def _leave_unwritten() -> None:
    """What is left in the buffer must not be tried again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(sentence: str) -> None:
    if os.environ.get("TRIPOINT_DEBUG") not in (None, "", "0"):
        import traceback

        traceback.print_exc()
    print(sentence, file=sys.stderr)
