"""The named statements beside a store: every SQL text the product runs stands in a `.sql` file under its name."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_HEAD = re.compile(r"^-- name:[ \t]*(.*)$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its name, what comes out in a sentence, and its text with `%(name)s` parameters."""

    name: str
    says: str
    text: str


class Statements(Mapping[str, Statement]):
    """The statements of one file, by attribute (`sql.find_trios`) or item (`sql["find_trios"]`)."""

    def __init__(self, statements: Mapping[str, Statement]) -> None:
        self._statements = dict(statements)

    @classmethod
    def load(cls, module: str, file: str = "store.sql") -> Statements:
        """Read the file beside a module, given by the module's `__name__` or its package's."""
        origin = sys.modules[module].__file__
        assert origin is not None, f"{module} has no file"
        path = Path(origin).parent / file
        try:
            return cls(parse(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise ValueError(f"{path.name} of {module}: {error}") from None

    def __getattr__(self, name: str) -> Statement:
        try:
            return self.__dict__["_statements"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"there is no statement named {name!r}") from None

    def __getitem__(self, name: str) -> Statement:
        return self._statements[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)

    def __len__(self) -> int:
        return len(self._statements)


def parse(text: str) -> dict[str, Statement]:
    """Split a file into its statements; raises ValueError for one without name, description or text, or named twice."""
    heads = list(_HEAD.finditer(text))
    before = text[: heads[0].start()] if heads else text
    if any(line.strip() and not line.startswith("--") for line in before.splitlines()):
        raise ValueError("a statement stands before the first `-- name:`")
    found: dict[str, Statement] = {}
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=True):
        statement = _read(head[1].strip(), text[head.end() : end].strip("\n").splitlines())
        if statement.name in found:
            raise ValueError(f"{statement.name} is there twice")
        found[statement.name] = statement
    return found


def _read(name: str, lines: list[str]) -> Statement:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a name for a statement: {name!r}")
    said: list[str] = []
    while lines and lines[0].startswith("--"):
        said.append(lines.pop(0).removeprefix("--").strip())
    says = " ".join(said).strip()
    body = "\n".join(lines).strip().removesuffix(";").rstrip()
    if not says.endswith("."):
        raise ValueError(f"{name} does not say in a sentence what comes out")
    if not body:
        raise ValueError(f"{name} has no statement")
    if ";" in re.sub(r"'[^']*'|--[^\n]*|\$\$.*?\$\$", "", body, flags=re.DOTALL):
        raise ValueError(f"{name} holds more than one statement")
    return Statement(name, says, body)
