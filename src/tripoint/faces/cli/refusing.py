"""The reference page of refusals, made from the source: every code, its kind, its exit code, and what is said.

`python -m tripoint.faces.cli.refusing docs/reference/refusals.md` writes it; what stands below the mark is kept as it is.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import tripoint
from tripoint.faces.cli.exits import EXITS
from tripoint.faces.cli.pages import put

MARK = "<!-- above: made by tripoint.faces.cli.refusing; below: by hand -->"
KINDS = {kind.__name__: code for kind, code in EXITS.items()}
HEAD = """\
# Refusals 拒绝代码

Why a request or a command could not be served: the code stands first in a command's two sentences, and in `code` of an
HTTP problem. What differs from case to case is shown as `…`. 代码在两种语言的说明之前；`…` 处随情形而异。

| code | kind | exit | what is said |
|---|---|---|---|
"""


def page() -> str:
    """The made part of the page."""
    told: dict[tuple[str, str], dict[str, None]] = {}
    for code, kind, said in sorted(_all(), key=lambda one: one[:2]):
        told.setdefault((code, kind), {})[said] = None
    rows = [
        f"| `{code}` | {kind} | {KINDS[kind]} | {'<br>'.join(texts)} |\n"
        for (code, kind), texts in told.items()
    ]
    return HEAD + "".join(rows) + "\n" + MARK + "\n"


def _all() -> Iterator[tuple[str, str, str]]:
    """Code, kind and sentences of every refusal that the source raises under a code of its own."""
    for path in sorted(Path(tripoint.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                yield from _one(node, node.func.id)
            elif isinstance(node, ast.ClassDef):
                kinds = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in KINDS]
                for call in (call for kind in kinds for call in ast.walk(node) if _is_super(call)):
                    assert isinstance(call, ast.Call)
                    yield from _one(call, kinds[0])


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"


def _one(call: ast.Call, kind: str) -> Iterator[tuple[str, str, str]]:
    first, *texts = call.args
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value, kind, " / ".join(dict.fromkeys(_plain(text) for text in texts[:2]))


def _plain(text: ast.expr) -> str:
    """A sentence as it stands in the source, with `…` for what is only known when it is said."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    said = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
    return said.replace("……", "…").translate({ord(sign): f"&#{ord(sign)};" for sign in "|<>*`"})


if __name__ == "__main__":
    put(Path(sys.argv[1]), page(), MARK)
