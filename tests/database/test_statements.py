"""Statements are read by name from the file beside a store; what is unnamed, undescribed or double is refused."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from tripoint.database.statements import Statements, parse

GOOD = """-- The store of trios.

-- name: find_trios
-- The order and payment of every staged list;
-- a paper not yet arrived is null.
select 1 -- a comment; with a semicolon
where 'a;b' <> %(text)s;

-- name: count_trios
-- How many there are.
select count(*) from trios
"""


def test_reads_each_statement_with_its_sentence() -> None:
    found = parse(GOOD)
    assert list(found) == ["find_trios", "count_trios"]
    assert found["find_trios"].says == (
        "The order and payment of every staged list; a paper not yet arrived is null."
    )
    assert found["find_trios"].text.endswith("<> %(text)s")


def test_loads_the_file_beside_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store.sql").write_text(GOOD, encoding="utf-8")
    module = types.ModuleType("a_store")
    module.__file__ = str(tmp_path / "store.py")
    monkeypatch.setitem(sys.modules, "a_store", module)
    sql = Statements.load("a_store")
    assert sql.count_trios is sql["count_trios"]
    assert len(sql) == 2
    with pytest.raises(AttributeError, match="'missing'"):
        _ = sql.missing


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1", "before the first"),
        ("-- name: \n-- What.\nselect 1", "not a name"),
        ("-- name: Find-It\n-- What.\nselect 1", "not a name"),
        ("-- name: a\nselect 1", "what comes out"),
        ("-- name: a\n-- no full stop\nselect 1", "what comes out"),
        ("-- name: a\n-- What.\n", "no statement"),
        ("-- name: a\n-- What.\nselect 1; select 2", "more than one"),
        ("-- name: a\n-- What.\nselect 1\n-- name: a\n-- What.\nselect 2", "twice"),
    ],
)
def test_refuses_what_is_unnamed_undescribed_empty_or_double(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(text)
