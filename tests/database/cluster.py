"""What a hash-distributed cluster refuses, read off the catalogs and the statements on plain PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pglast import ast, enums, parse_sql

from tripoint.database import Transaction

_PLACED = re.compile(r"(?:distributed by (?P<column>[a-z_0-9]+)|reference|local)\. \S.*", re.DOTALL)


@dataclass(frozen=True)
class Table:
    """A table's columns and, when it is distributed, the column that says where a row lives."""

    columns: frozenset[str]
    distribution: str | None = None


# --- tables ----------------------------------------------------------------------------------------------------------


def read_tables(tx: Transaction) -> tuple[dict[str, Table], list[str]]:
    """Every table of the product with its placement, and a sentence for each breach."""
    tables: dict[str, Table] = {}
    breaches: list[str] = []
    for row in tx.rows(_TABLES):
        name, placed = row["name"], _PLACED.fullmatch(row["comment"] or "")
        if placed is None:
            breaches.append(
                f"{name}: no comment begins with 'distributed by …. ', 'reference. ' or 'local. '"
            )
        tables[name] = Table(frozenset(row["columns"]), placed["column"] if placed else None)
    for name, table in tables.items():
        if table.distribution is not None:
            breaches += [f"{name}: {said}" for said in _breaches_of(tx, name, table.distribution, tables)]
    return tables, breaches


def _breaches_of(tx: Transaction, name: str, column: str, tables: dict[str, Table]) -> Iterator[str]:
    if not tx.value(_NOT_NULL, table=name, column=column):
        yield f"the distribution column {column} is missing or may be null"
    for row in tx.rows(_UNIQUE, table=name):
        if column not in row["columns"]:
            yield f"the unique key {row['name']} lacks the distribution column {column}"
    for row in tx.rows(
        "select tgname from pg_trigger where tgrelid = %(table)s::regclass and not tgisinternal", table=name
    ):
        yield f"the trigger {row['tgname']} on a distributed table"
    for row in tx.rows(_FOREIGN, table=name):
        other = tables[row["other"]]
        if row["comment"].startswith("local"):
            yield f"the foreign key {row['name']} to the local table {row['other']}"
        if other.distribution is not None and [column, other.distribution] not in row["pairs"]:
            yield f"the foreign key {row['name']} lacks the distribution columns"


_TABLES = """
select c.relname as name, obj_description(c.oid, 'pg_class') as comment,
       array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns
from pg_class as c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by 1
"""
_NOT_NULL = """
select attnotnull from pg_attribute where attrelid = %(table)s::regclass and attname = %(column)s and not attisdropped
"""
_UNIQUE = """
select i.indexrelid::regclass::text as name,
       array(select attname::text from pg_attribute where attrelid = i.indrelid and attnum = any(i.indkey[:i.indnkeyatts-1]))
           as columns
from pg_index as i
where i.indrelid = %(table)s::regclass and (i.indisunique or i.indisexclusion)
order by 1
"""
_FOREIGN = """
select k.conname as name, k.confrelid::regclass::text as other,
       coalesce(obj_description(k.confrelid, 'pg_class'), '') as comment,
       array(select array[a.attname::text, b.attname::text]
             from unnest(k.conkey, k.confkey) as p(here, there)
             join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = p.here
             join pg_attribute as b on b.attrelid = k.confrelid and b.attnum = p.there) as pairs
from pg_constraint as k
where k.conrelid = %(table)s::regclass and k.contype = 'f'
order by 1
"""


# --- statements ------------------------------------------------------------------------------------------------------

Place = tuple[object, ...]


class Equalities:
    """Which columns, parameters and constants a statement says are equal."""

    def __init__(self) -> None:
        self._head: dict[Place, Place] = {}

    def find(self, place: Place) -> Place:
        while place in self._head:
            place = self._head[place]
        return place

    def join(self, one: Place | None, other: Place | None) -> None:
        if one is not None and other is not None and self.find(one) != self.find(other):
            self._head[self.find(one)] = self.find(other)


@dataclass
class Scope:
    """One query level: what its FROM names stand for; None for staged tables, CTEs, subqueries and functions."""

    parent: Scope | None
    names: dict[str, Table | None] = field(default_factory=dict)
    correlated: bool = False

    def resolve(self, path: list[str]) -> Place | None:
        """The place of a column, here or further out."""
        if len(path) > 1:
            owners = [path[-2]] if path[-2] in self.names else []
        else:
            known = [
                name for name, table in self.names.items() if table is not None and path[0] in table.columns
            ]
            owners = known or [name for name, table in self.names.items() if table is None]
        if owners:
            return (id(self), owners[0], path[-1])
        found = self.parent.resolve(path) if self.parent else None
        self.correlated = self.correlated or found is not None
        return found

    def distributed(self) -> list[tuple[str, Place]]:
        """The distributed tables of this level, and of those outside that it refers to."""
        mine = [
            (name, (id(self), name, table.distribution))
            for name, table in self.names.items()
            if table is not None and table.distribution is not None
        ]
        return mine + (self.parent.distributed() if mine and self.parent and self.correlated else [])


class Reader:
    """Reads one statement and collects what a cluster would refuse in it."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables
        self.equal = Equalities()
        self.breaches: list[str] = []

    def query(self, node: Any, parent: Scope | None, ctes: frozenset[str]) -> None:
        """A SELECT, INSERT, UPDATE or DELETE at one level."""
        scope = Scope(parent)
        with_clause = getattr(node, "withClause", None)
        for cte in with_clause.ctes if with_clause else ():
            known = ctes | {cte.ctename} if with_clause.recursive else ctes
            self.query(cte.ctequery, None, known)
            ctes = ctes | {cte.ctename}
        if isinstance(node, ast.SelectStmt) and node.op != enums.SetOperation.SETOP_NONE:
            self.query(node.larg, parent, ctes)
            self.query(node.rarg, parent, ctes)
            return
        if isinstance(node, (ast.UpdateStmt, ast.DeleteStmt)):
            self.source(node.relation, scope, ctes)
        for item in getattr(node, "fromClause", None) or getattr(node, "usingClause", None) or ():
            self.source(item, scope, ctes)
        if isinstance(node, ast.InsertStmt) and node.selectStmt is not None:
            self.query(node.selectStmt, None, ctes)
        self.condition(getattr(node, "whereClause", None), scope, ctes)
        for part in (
            "targetList",
            "havingClause",
            "groupClause",
            "sortClause",
            "returningList",
            "valuesLists",
        ):
            self.inner(getattr(node, part, None), scope, ctes)
        self.check(scope)
        for lock in getattr(node, "lockingClause", None) or ():
            self.locking(lock, scope)

    def source(self, item: Any, scope: Scope, ctes: frozenset[str]) -> None:
        """One entry of FROM, with what its ON and USING say are equal."""
        if isinstance(item, ast.RangeVar):
            name = item.alias.aliasname if item.alias else item.relname
            scope.names[name] = None if item.relname in ctes else self.tables.get(item.relname)
        elif isinstance(item, ast.JoinExpr):
            before = set(scope.names)
            self.source(item.larg, scope, ctes)
            left = [name for name in scope.names if name not in before]
            self.source(item.rarg, scope, ctes)
            right = [name for name in scope.names if name not in before and name not in left]
            for column in item.usingClause or ():
                self.using(column.sval, left, right, scope)
            self.condition(item.quals, scope, ctes)
        elif isinstance(item, ast.RangeSubselect):
            self.query(item.subquery, scope if item.lateral else None, ctes)
            scope.names[item.alias.aliasname if item.alias else f"#{len(scope.names)}"] = None
        elif getattr(item, "alias", None):
            scope.names[item.alias.aliasname] = None

    def using(self, column: str, left: list[str], right: list[str], scope: Scope) -> None:
        has = [n for n in left + right if (table := scope.names[n]) is None or column in table.columns]
        for name in has[1:]:
            self.equal.join((id(scope), has[0], column), (id(scope), name, column))

    def condition(self, node: Any, scope: Scope, ctes: frozenset[str]) -> None:
        """What must hold: the parts of an AND one by one, an equality noted, anything else searched for subqueries."""
        if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
            for part in node.args:
                self.condition(part, scope, ctes)
            return
        if (
            isinstance(node, ast.A_Expr)
            and node.kind == enums.A_Expr_Kind.AEXPR_OP
            and node.name[-1].sval == "="
        ):
            self.equate(node.lexpr, node.rexpr, scope)
        self.inner(node, scope, ctes)

    def equate(self, left: Any, right: Any, scope: Scope) -> None:
        if isinstance(left, ast.RowExpr) and isinstance(right, ast.RowExpr):
            for one, other in zip(left.args, right.args, strict=True):
                self.equate(one, other, scope)
        else:
            self.equal.join(self.place(left, scope), self.place(right, scope))

    def place(self, node: Any, scope: Scope) -> Place | None:
        if isinstance(node, ast.TypeCast):
            return self.place(node.arg, scope)
        if isinstance(node, ast.ParamRef):
            return ("parameter", node.number)
        if isinstance(node, ast.A_Const):
            return ("constant", str(node.val))
        if isinstance(node, ast.ColumnRef) and all(isinstance(part, ast.String) for part in node.fields):
            return scope.resolve([part.sval for part in node.fields])
        return None

    def inner(self, node: Any, scope: Scope, ctes: frozenset[str]) -> None:
        """Look for subqueries in an expression; its columns tell whether it reaches outside."""
        if isinstance(node, ast.SubLink):
            self.inner(node.testexpr, scope, ctes)
            self.query(node.subselect, scope, ctes)
        elif isinstance(node, ast.ColumnRef):
            self.place(node, scope)
        elif isinstance(node, (list, tuple)):
            for part in node:
                self.inner(part, scope, ctes)
        elif isinstance(node, ast.Node):
            for name in node:
                self.inner(getattr(node, name), scope, ctes)

    def check(self, scope: Scope) -> None:
        found = scope.distributed()
        for name, place in found[1:]:
            if self.equal.find(place) != self.equal.find(found[0][1]):
                self.breaches.append(f"{found[0][0]} and {name} are joined off their distribution columns")

    def locking(self, lock: Any, scope: Scope) -> None:
        if lock.waitPolicy != enums.LockWaitPolicy.LockWaitSkip:
            return
        named = {one.relname for one in lock.lockedRels or ()} or set(scope.names)
        for name in sorted(named):
            table = scope.names.get(name)
            if table is not None and table.distribution is not None:
                self.breaches.append(f"{name} is distributed and locked with SKIP LOCKED")


def breaches_in(text: str, tables: dict[str, Table]) -> list[str]:
    """What a cluster would refuse in a statement with `%(name)s` parameters."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${numbers.setdefault(match[1], len(numbers) + 1)}"

    reader = Reader(tables)
    for raw in parse_sql(re.sub(r"%\((\w+)\)[sbt]", number, text).replace("%%", "%")):
        if isinstance(raw.stmt, (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt)):
            reader.query(raw.stmt, None, frozenset())
    return reader.breaches
