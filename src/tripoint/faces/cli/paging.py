"""Pages of a table: how many rows one has, where the next begins, and what is said where there are none."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from cyclopts import Parameter

from tripoint.faces.cli.speaking import Talk
from tripoint.kernel.refusals import Malformed
from tripoint.kernel.text import Text

PAGE_MOST = 1000
"""No page is longer than this."""

Row = TypeVar("Row")
Cursor = TypeVar("Cursor")

Most = Annotated[int, Parameter(help="Rows at most, up to 1000 (default 50). 行数上限。")]


def refuse_size(most: int) -> None:
    """Raises Malformed for a page of no rows or of too many: cut short unasked, it would look like the last."""
    if not 1 <= most <= PAGE_MOST:
        raise Malformed(
            "PAGE-LIMIT", f"每页条数须在 1 至 {PAGE_MOST} 之间", f"a page has 1 to {PAGE_MOST} rows"
        )


def following(found: Sequence[Row], most: int, cursor: Callable[[Row], Cursor]) -> Cursor | None:
    """Where the next page begins: after the last row of a full page; None where this page is the last."""
    return cursor(found[-1]) if len(found) == most else None


def tell_end(talk: Talk, rows: int, more: object, none: Text, *, option: str = "--after") -> None:
    """Under a page: how the next is asked for, or that there is nothing."""
    if more is not None:
        said = f"{option} {shlex.quote(str(more))}"
        talk.say(f"下一页：{said}", f"next page: {said}")
    elif not rows:
        talk.say(none.zh, none.en)
