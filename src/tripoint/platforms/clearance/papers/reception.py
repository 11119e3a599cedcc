"""Which of the papers that arrived are taken, and what becomes of the others (pure; the law is `pipeline.versions`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from tripoint.pipeline.versions import NEW, SETTLED, Reception, Standing, Version, receive
from tripoint.platforms.clearance.papers.reading import ARRIVING
from tripoint.platforms.clearance.records import TRIO
from tripoint.platforms.clearance.records import Standing as ListStanding

STANDING = {
    "kind": pl.String(),
    "issuer_code": pl.String(),
    "number": pl.String(),
    "order_no": pl.String(),
    "marketplace_code": pl.String(),
    "app_type": pl.String(),
    "app_time": pl.Datetime("us", "UTC"),
    "digest": pl.Int64(),
    "state": pl.String(),
    "owner_code": pl.String(),
    "stored": pl.Boolean(),
    "message_id": pl.Int64(),
    "position": pl.Int32(),
}
"""The versions that count so far, of the keys that arrive."""

RECEIVED = ARRIVING | {
    "reception": pl.String(),
    "was_order_no": pl.String(),
    "first": pl.Boolean(),
    "waits": pl.Boolean(),
}
"""Each paper with what becomes of it, the order its number stood under before, whether it is the only one of its number, as
new, and nothing stood there, and whether it can stay in its message while it waits. The row in its table (`at`) travels along."""

Key = tuple[str, str, str]
Place = tuple[str, str | None]
"""An order's number and its marketplace, as a list is known by; a waybill says no marketplace."""

_KEY = ["kind", "issuer_code", "number"]


def are_first(arriving: pl.DataFrame, standing: pl.DataFrame) -> pl.Series:
    """Which papers are the only ones of their number, as new: these are taken without further ado."""
    first = arriving.select_seq(pl.struct(_KEY).is_unique() & (pl.col("app_type") == NEW)).to_series()
    if standing.is_empty():
        return first
    known = arriving.select_seq(*_KEY, pl.int_range(pl.len()).alias("at")).join(standing, on=_KEY, how="semi")
    return first.scatter(known["at"], False) if known.height else first


def receive_all(
    arriving: pl.DataFrame,
    first: pl.Series,
    standing: pl.DataFrame,
    lists: Mapping[Place, ListStanding],
) -> pl.DataFrame:
    """Judge papers in the order they came; shape RECEIVED.

    `arriving` (shape ARRIVING) holds only papers without faults; those that are not `first` of their number are judged
    one by one against what stands.
    """
    plain = arriving.filter(first).with_columns_seq(
        _RECEPTION.alias("reception"),
        pl.lit(None, pl.String()).alias("was_order_no"),
        pl.lit(value=True).alias("first"),
        pl.lit(value=True).alias("once"),
    )
    if not first.all():
        rest = _one_by_one(arriving.filter(~first), standing, lists)
        plain = pl.concat([plain, rest]).sort("message_id", "position")
    return plain.with_columns_seq(_MAY_WAIT.alias("waits")).drop("once")


_RECEPTION = (
    # A new list that brings its own pre-entry number is not taken: the e-port gives it (-621001).
    pl.when((pl.col("kind") == "list") & pl.col("pre_no").is_not_null())
    .then(pl.lit("numbered"))
    .when(pl.col("draft"))
    .then(pl.lit("draft"))
    .otherwise(pl.lit("accepted"))
)
"""What becomes of a new paper under whose number nothing stands."""

_MAY_WAIT = (
    (pl.col("reception") == "accepted")
    & (pl.col("app_type") == NEW)
    & pl.col("was_order_no").is_null()
    & pl.col("kind").is_in(list(TRIO))
    & pl.col("order_no").is_not_null()
    & pl.col("once")
)
"""Whether a taken paper can stay in its message while it waits: new, once, and under the order it names itself."""


def _one_by_one(
    rest: pl.DataFrame, standing: pl.DataFrame, lists: Mapping[Place, ListStanding]
) -> pl.DataFrame:
    of_order: dict[str, list[ListStanding]] = {}
    for (order_no, _), its in lists.items():
        of_order.setdefault(order_no, []).append(its)
    known: dict[Key, tuple[Version, Place]] = {}
    for row in standing.join(rest, on=_KEY, how="semi").iter_rows(named=True):
        version = Version(
            app_type=row["app_type"],
            app_time=row["app_time"],
            draft=row["state"] == "draft",
            digest=row["digest"],
            owner=row["owner_code"],
        )
        known[row["kind"], row["issuer_code"], row["number"]] = (version, _place(row))
    receptions, orders, taken = [], [], Counter[Key]()
    for row in rest.iter_rows(named=True):
        key = (row["kind"], row["issuer_code"], row["number"])
        current, was = known.get(key, (None, None))
        arriving = Version(
            app_type=row["app_type"],
            app_time=_moment(row["app_time"]),
            draft=row["draft"],
            digest=row["digest"],
            numbered=_names_its_numbers(lists, row),
            owner=row["owner_code"],
            by_issuer=row["by_issuer"],
        )
        before, here = (_states(lists, of_order, row, place) for place in (was, _place(row)))
        settled = next((state for state in (*before, *here) if state in SETTLED), None)
        stands = Standing(version=current, list_state=settled or next(iter(here), None))
        reception: str = receive(row["kind"], arriving, stands)
        if (
            row["kind"] == "list"
            and row["app_type"] == NEW
            and row["pre_no"]
            and reception in (Reception.ACCEPTED, Reception.DRAFT)
        ):
            reception = "numbered"
        if reception in (Reception.ACCEPTED, Reception.DRAFT):
            known[key] = (arriving, _place(row))
            taken[key] += 1
        receptions.append(reception)
        orders.append(was and was[0])
    return rest.with_columns_seq(
        pl.Series("reception", receptions, dtype=pl.String()),
        pl.Series("was_order_no", orders, dtype=pl.String()),
        pl.lit(value=False).alias("first"),
        pl.Series("once", [taken[key] == 1 for key in rest.select_seq(_KEY).iter_rows()], dtype=pl.Boolean()),
    )


def _place(row: Mapping[str, Any]) -> Place:
    return row["order_no"], row["marketplace_code"]


def _states(
    lists: Mapping[Place, ListStanding],
    of_order: Mapping[str, Sequence[ListStanding]],
    row: Mapping[str, str | None],
    place: Place | None,
) -> Sequence[str]:
    """Where the lists stand that a paper is for, or was for, at a place: one, or for a waybill those that name it, if any do."""
    if place is None or row["kind"] not in TRIO:
        return ()  # what comes after release is not locked by it
    if row["kind"] != "waybill":
        return [lists[place].state] if place in lists else ()
    beside = of_order.get(place[0], ())
    named = [
        its for its in beside if (its.carrier_code, its.waybill_no) == (row["issuer_code"], row["number"])
    ]
    return [its.state for its in named or beside]


def _names_its_numbers(lists: Mapping[Place, ListStanding], row: Mapping[str, str | None]) -> bool:
    """Whether a paper names the pre-entry number its list was given, and the list number where it was given one.

    The numbers run on and can be guessed: only who declared the list may change it or take it back by them.
    """
    assert row["order_no"] is not None or row["kind"] != "list", "a list without its order number is faulty"
    stands = lists.get((row["order_no"] or "", row["marketplace_code"]))
    named = (row["pre_no"], row["list_no"], row["declarant_code"])
    return stands is not None and named == (stands.pre_no, stands.list_no, stands.declarant_code)


def _moment(value: datetime | None) -> datetime:
    assert value is not None, "a paper without appTime is faulty and does not come here"
    return value


def fresh_orders(taken: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """The orders (order_no) of whole sets that came together: four new papers, nothing else, nothing known before.

    A paper of which another version came in the same round may have moved to another order: its set is not fresh. `known` are orders that papers stand under already, or that a parked waybill turned out to be for.
    """
    whole = (pl.col("papers") == len(TRIO)) & (pl.col("kinds") == len(TRIO)) & pl.col("plain")
    return (
        taken.group_by("order_no")
        .agg(
            pl.len().alias("papers"),
            pl.col("kind").n_unique().alias("kinds"),
            pl.col("waits").all().alias("plain"),
        )
        .filter(whole & pl.col("order_no").is_not_null() & ~pl.col("order_no").is_in(known.implode()))
        .select_seq("order_no")
        .sort("order_no")
    )
