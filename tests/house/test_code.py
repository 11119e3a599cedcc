"""What every module of the package owes that the linter does not know: a first sentence, exact numbers, no clock, queries in place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house.checkout import modules, syntax

MONEY_BEARING = ("kernel", "regimes", "tariff", "pipeline", "registers/ledger")
PURE = ("kernel", "regimes", "tariff", "messages", "pipeline")
PURE_ROOMS = ("records", "rules")
CLOCK = Path("kernel/clock.py")
"""The one module of the pure floors that may look at the computer's clock, for others to be handed."""

CLOCK_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
}
FLOAT_TYPES = {"Float32", "Float64", "float32", "float64"}
ON_A_ROUND = (
    "kernel",
    "documents",
    "tariff",
    "database",
    "pipeline",
    "messages",
    "exchange",
    "registers",
    "platforms",
)
THREADED = {"select": "select_seq", "with_columns": "with_columns_seq"}
"""Polars' methods that hand expressions to a thread of its own, and those that compute where they are called."""


def lies_in(module: Path, folders: tuple[str, ...]) -> bool:
    """Whether a module lies in one of the folders."""
    return any(module.as_posix().startswith((f"{folder}/", f"{folder}.py")) for folder in folders)


def is_pure(module: Path) -> bool:
    """Whether a module must neither do I/O nor know the time."""
    rooms = {*module.parts[:-1], module.stem}
    return (lies_in(module, PURE) or bool(rooms & set(PURE_ROOMS))) and module != CLOCK


def floats(tree: ast.AST) -> Iterator[int]:
    """The lines where binary floating point appears: literals, the type, a column type; a refusal of it is none."""
    refusals = {
        id(name)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "isinstance"
        for name in ast.walk(call)
    }
    for node in ast.walk(tree):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
        type_name = isinstance(node, ast.Name) and node.id == "float" and id(node) not in refusals
        column_type = isinstance(node, ast.Attribute) and node.attr in FLOAT_TYPES
        if literal or type_name or column_type:
            yield node.lineno  # type: ignore[attr-defined]


def looks_at_the_clock(tree: ast.AST) -> Iterator[int]:
    """The lines where the computer's clock is read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", None)
            if (name, node.func.attr) in CLOCK_CALLS:
                yield node.lineno


def hands_over(tree: ast.AST) -> Iterator[int]:
    """The lines where a query is handed to Polars' thread that could be computed in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in THREADED:
            yield node.lineno


def places(search: Callable[[ast.AST], Iterator[int]], lies: Callable[[Path], bool]) -> list[str]:
    """Where a search finds something in the modules of some kind."""
    return [f"{module}:{line}" for module in modules() if lies(module) for line in search(syntax(module))]


def test_every_module_opens_with_a_docstring() -> None:
    assert [str(module) for module in modules() if not ast.get_docstring(syntax(module))] == []


def test_money_bearing_floors_know_no_binary_floating_point() -> None:
    assert places(floats, lambda module: lies_in(module, MONEY_BEARING)) == []


@pytest.mark.parametrize("code", ["x = 0.1", "y = float(z)", "def f(a: float): ...", "c = pl.Float64", "1e3"])
def test_the_search_for_floats_finds_one(code: str) -> None:
    assert list(floats(ast.parse(code))) == [1]


@pytest.mark.parametrize(
    "code", ["x = 10", "isinstance(x, float)", "isinstance(x, (float, bool))", "pl.Int64"]
)
def test_the_search_for_floats_leaves_others_alone(code: str) -> None:
    assert list(floats(ast.parse(code))) == []


def test_pure_floors_are_handed_the_time_and_never_take_it() -> None:
    assert places(looks_at_the_clock, is_pure) == []


@pytest.mark.parametrize("code", ["datetime.now(UTC)", "dt.datetime.now()", "date.today()", "time.time()"])
def test_the_search_for_clocks_finds_one(code: str) -> None:
    assert list(looks_at_the_clock(ast.parse(code))) == [1]


def test_the_search_for_clocks_leaves_a_clock_that_was_handed_over_alone() -> None:
    assert list(looks_at_the_clock(ast.parse("clock.now()"))) == []


def test_queries_of_a_round_are_computed_in_place() -> None:
    """Half the cost where there are few rows (docs/internals/performance.md, Traps)."""
    assert places(hands_over, lambda module: lies_in(module, ON_A_ROUND)) == []


@pytest.mark.parametrize("code", ["frame.select('a')", "frame.lazy().with_columns(b=1)"])
def test_the_search_for_queries_handed_over_finds_one(code: str) -> None:
    assert list(hands_over(ast.parse(code))) == [1]


def test_the_search_for_queries_handed_over_leaves_those_in_place_alone() -> None:
    assert list(hands_over(ast.parse("frame.select_seq('a').with_columns_seq(b=1)"))) == []
