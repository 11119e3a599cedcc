"""Taking papers in: those that count are stored, lists go on the docket, and for the others it is kept why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from tripoint.database import Transaction
from tripoint.documents.columns import TABLES
from tripoint.exchange import store as exchange
from tripoint.kernel.clock import CHINA
from tripoint.pipeline.versions import WITHDRAWAL
from tripoint.platforms.clearance.papers import store
from tripoint.platforms.clearance.papers.reading import Mail
from tripoint.platforms.clearance.papers.reception import fresh_orders, may_wait, receive_all
from tripoint.platforms.clearance.papers.rows import versions, with_key
from tripoint.platforms.clearance.papers.waiting.desk import recall
from tripoint.platforms.clearance.papers.waiting.nursery import Nursery
from tripoint.platforms.clearance.records import KIND_OF, KINDS, TRIO, Fresh, Kind, Taken

VERSION_CODES = {
    "older": "VERSION-01",
    "conflict": "VERSION-02",
    "locked": "VERSION-03",
    "missing": "VERSION-04",
    "numbered": "VERSION-05",
}
"""The finding behind each reason not to take a version."""

_DOCKETED = (
    "order_no",
    "marketplace_code",
    "merchant_code",
    "declarant_code",
    "carrier_code",
    "waybill_no",
    "guarantor_code",
    "customs_code",
    "supervision_mode",
    "buyer_id",
    "declared_on",
    "cop_no",
    "guid",
    "message_id",
    "position",
)


def sound(mail: Mail) -> pl.DataFrame:
    """The papers without faults of their own (shape ARRIVING)."""
    faulty = mail.faults.select("message_id", "position").unique()
    return mail.arriving.join(faulty, on=["message_id", "position"], how="anti", maintain_order="left")


def take(tx: Transaction, mail: Mail, nursery: Nursery, now: datetime) -> Taken:
    """Judge the versions of all papers, store those taken, and put the lists on the docket.

    Whole sets of new papers are not stored yet: most of them are settled by the ruling (`Taken.fresh`, `keep`). New papers
    of other sets wait in their messages, and in the nursery.
    """
    arriving = sound(mail)
    standing = store.standing(tx, arriving)
    orders = pl.concat([arriving["order_no"], standing["order_no"]]).drop_nulls()
    states = store.list_states(tx, orders)
    known = store.known_orders(tx)
    received = receive_all(arriving, standing, states)
    taken = received.filter(pl.col("reception").is_in(["accepted", "draft"])).with_columns(
        (~may_wait()).alias("stored")
    )
    _store_replaced(tx, taken, standing, nursery)
    papers = {kind.name: _of(mail.papers, kind.name, taken) for kind in KINDS}
    papers["waybill"] = _settle_waybills(tx, papers["waybill"], papers["list"])
    fresh = fresh_orders(taken, known, papers["waybill"])
    taken = _with_orders(taken, papers["waybill"])
    docketed, withdrawn = _docket(tx, papers["list"], taken, now)
    held = _fresh(mail, papers, taken, docketed, fresh)
    _store(tx, mail, papers, taken, docketed, fresh, now)
    waiting = taken.filter(~pl.col("stored")).join(fresh, on="order_no", how="anti")
    nursery.keep(waiting, mail.papers)
    store.withdraw(tx, withdrawn, now)
    store.keep_faults(tx, _faults(mail, received, now))
    matched = taken.filter(pl.col("kind").is_in(TRIO))
    arrived = matched.filter(pl.col("kind").is_in(["payment", "waybill"])).select(
        "kind", "issuer_code", "number"
    )
    awaiting = store.take_awaited(tx, arrived.unique())
    touched = pl.concat([matched["order_no"], matched["was_order_no"], awaiting]).drop_nulls().unique().sort()
    return Taken(received=received, touched=touched.filter(touched != ""), states=states, fresh=held)


def keep(tx: Transaction, fresh: Fresh, order_nos: pl.Series, now: datetime) -> None:
    """Store those of the fresh sets that the ruling did not settle: they are live, and wait on the docket."""
    wanted = pl.DataFrame({"order_no": order_nos}, schema={"order_no": pl.String()})

    def of(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(wanted, on="order_no", how="semi", maintain_order="left")

    for name in TRIO:
        kind = KIND_OF[name]
        lines = of(fresh.papers[kind.lines]) if kind.lines else None
        store.append(tx, kind, of(fresh.papers[kind.table]), lines)
    store.put_versions(tx, of(fresh.versions).with_columns(pl.lit(value=True).alias("stored")))
    store.open_lists(tx, of(fresh.docket), now)


def store_recalled(tx: Transaction, recalled: Mapping[str, pl.DataFrame], order_nos: pl.Series) -> None:
    """Give the papers of some orders rows of their own: they are held or refused, and will be changed."""
    wanted = pl.DataFrame({"order_no": order_nos}, schema={"order_no": pl.String()})
    for name in TRIO:
        kind = KIND_OF[name]
        heads = recalled[kind.table].join(wanted, on="order_no", how="semi", maintain_order="left")
        lines = (
            recalled[kind.lines].join(wanted, on="order_no", how="semi", maintain_order="left")
            if kind.lines
            else None
        )
        store.append(tx, kind, heads, lines)
    store.mark_stored(tx, order_nos)


def _store_replaced(tx: Transaction, taken: pl.DataFrame, standing: pl.DataFrame, nursery: Nursery) -> None:
    """Give rows of their own to waiting papers that a version now taken replaces: every version is kept."""
    places = (
        standing.filter(~pl.col("stored"))
        .join(taken, on=["kind", "issuer_code", "number"], how="semi")
        .select(list(store.PLACES))
    )
    recalled = recall(tx, places, nursery)
    for name in TRIO:
        kind = KIND_OF[name]
        store.append(tx, kind, recalled[kind.table], recalled[kind.lines] if kind.lines else None)
    nursery.forget(places)


def _fresh(
    mail: Mail,
    papers: dict[str, pl.DataFrame],
    taken: pl.DataFrame,
    docketed: pl.DataFrame,
    orders: pl.DataFrame,
) -> Fresh:
    """The whole sets of the round, as `keep` stores them."""

    def of(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(orders, on="order_no", how="semi", maintain_order="left")

    frames = {}
    for name in TRIO:
        kind = KIND_OF[name]
        frames[kind.table] = of(papers[name]).select(list(kind.schema))
        if kind.lines:
            schema = {"order_no": pl.String()} | TABLES[kind.lines].schema
            lines = mail.papers.get(kind.lines, pl.DataFrame(schema=TABLES[kind.lines].schema))
            frames[kind.lines] = with_key(lines, frames[kind.table], "order_no").select(list(schema))
    return Fresh(
        order_nos=orders["order_no"], papers=frames, versions=versions(of(taken)), docket=of(docketed)
    )


def _store(
    tx: Transaction,
    mail: Mail,
    papers: dict[str, pl.DataFrame],
    taken: pl.DataFrame,
    docketed: pl.DataFrame,
    fresh: pl.DataFrame,
    now: datetime,
) -> None:
    """Store every paper that is not of a fresh set and does not wait in its message."""

    def others(frame: pl.DataFrame) -> pl.DataFrame:
        if fresh.is_empty() or "order_no" not in frame.columns:
            return frame
        return frame.join(fresh, on="order_no", how="anti", maintain_order="left")

    waiting = taken.filter(~pl.col("stored")).select("message_id", "position")
    for kind in KINDS:
        rows = papers[kind.name].join(
            waiting, on=["message_id", "position"], how="anti", maintain_order="left"
        )
        _append(tx, kind, rows, mail.papers)
    _append_moved(tx, papers, taken)
    store.put_versions(tx, versions(others(taken)))
    store.open_lists(tx, others(docketed), now)


def _of(papers: dict[str, pl.DataFrame], name: str, taken: pl.DataFrame) -> pl.DataFrame:
    """The taken papers of one kind, with everything they say."""
    kind = KIND_OF[name]
    frame = papers.get(kind.table)
    if frame is None:
        return pl.DataFrame(schema=kind.schema)
    places = taken.filter(pl.col("kind") == name).select("message_id", "position")
    return frame.join(places, on=["message_id", "position"], how="semi", maintain_order="left")


def _settle_waybills(tx: Transaction, waybills: pl.DataFrame, lists: pl.DataFrame) -> pl.DataFrame:
    """Find the order of waybills that do not say it; park those nobody has named yet, take parked ones now named."""
    silent = waybills.filter(pl.col("order_no").is_null())
    spoken = waybills.filter(pl.col("order_no").is_not_null())
    found = store.orders_of_waybills(tx, silent)
    named = (
        silent.drop("order_no")
        .join(found, on=["carrier_code", "waybill_no"], how="inner")
        .select(waybills.columns)
    )
    store.park(tx, silent.join(found, on=["carrier_code", "waybill_no"], how="anti"))
    store.unpark(tx, spoken)
    parked = store.take_parked(tx, lists).select(waybills.columns)
    store.name_orders(tx, parked)
    return pl.concat([spoken, named, parked])


def _with_orders(taken: pl.DataFrame, waybills: pl.DataFrame) -> pl.DataFrame:
    """The taken papers, silent waybills now with the order that was found; papers taken from the park come on top."""
    key = ["message_id", "position"]
    orders = waybills.select(*key, pl.col("order_no").alias("found"))
    known = taken.join(orders, on=key, how="left", maintain_order="left").with_columns(
        pl.coalesce("order_no", "found").alias("order_no")
    )
    return known.drop("found")


def _append(tx: Transaction, kind: Kind, papers: pl.DataFrame, everything: dict[str, pl.DataFrame]) -> None:
    """Append the taken papers of one kind; a warehouse-in list without the operator's own number goes by its guid."""
    column = "cop_no" if kind.name == "warehouse_in" else "order_no"
    if kind.name == "warehouse_in":
        papers = papers.with_columns(pl.coalesce("cop_no", "guid").alias("cop_no"))
    lines = everything.get(kind.lines) if kind.lines else None
    store.append(tx, kind, papers, None if lines is None else with_key(lines, papers, column))


def _append_moved(tx: Transaction, papers: dict[str, pl.DataFrame], taken: pl.DataFrame) -> None:
    """Leave a withdrawal under the order a payment or waybill stood under before it was changed to another."""
    moved = taken.filter(
        pl.col("was_order_no").is_not_null()
        & (pl.col("was_order_no") != "")
        & (pl.col("was_order_no") != pl.col("order_no"))
    ).select("message_id", "position", "was_order_no")
    for name in ("payment", "waybill"):
        gone = papers[name].join(moved, on=["message_id", "position"], how="inner")
        left = gone.with_columns(
            pl.col("was_order_no").alias("order_no"), pl.lit(WITHDRAWAL).alias("app_type")
        )
        store.append(tx, KIND_OF[name], left, None)


def _docket(
    tx: Transaction, lists: pl.DataFrame, taken: pl.DataFrame, now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The docket rows of the lists that were taken, numbered; and the lists that their declarant takes back."""
    last = taken.filter(pl.col("kind") == "list").unique(
        subset=["issuer_code", "number"], keep="last", maintain_order=True
    )
    newest = lists.join(
        last.select("message_id", "position", "draft"),
        on=["message_id", "position"],
        how="inner",
        maintain_order="left",
    )
    gone = pl.col("app_type") == WITHDRAWAL
    opened = newest.filter(~gone.fill_null(value=False))
    day = now.astimezone(CHINA).strftime("%Y%m%d")
    first = (
        exchange.next_numbers(tx, {f"pre_no/{day}": opened.height})[f"pre_no/{day}"] if opened.height else 0
    )
    number = (pl.int_range(pl.len(), dtype=pl.Int64()) + first).cast(pl.String()).str.zfill(9)
    docketed = opened.select(
        *_DOCKETED,
        (pl.lit(f"B{day}") + number).alias("pre_no"),
        pl.when(pl.col("draft")).then(pl.lit("draft")).otherwise(pl.lit("waiting")).alias("state"),
    )
    return docketed, newest.filter(gone)


def _faults(mail: Mail, received: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """What is wrong with papers: their own faults, a version that does not count, and (as notes) what was tolerated."""
    odd = received.filter(pl.col("reception").is_in(list(VERSION_CODES))).select(
        "message_id",
        "position",
        pl.col("reception").replace_strict(VERSION_CODES, return_dtype=pl.String()).alias("code"),
        pl.lit("").alias("path"),
        pl.lit(None, pl.Int32()).alias("line_no"),
        pl.lit(None, pl.String()).alias("value"),
    )
    before = received.select("message_id", "position", "was_order_no")
    # A waybill need not say its order; a later version of it is told under the order it was found to be for.
    named = (
        mail.arriving.select("message_id", "position", "kind", "number", "order_no")
        .join(before, on=["message_id", "position"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("order_no", "was_order_no").alias("order_no"))
        .drop("was_order_no")
    )
    return (
        pl.concat(
            [
                mail.faults.with_columns(pl.lit("refuse").alias("severity")),
                odd.select(*mail.faults.columns, pl.lit("refuse").alias("severity")),
                mail.notes.with_columns(pl.lit("note").alias("severity")),
            ]
        )
        .join(named, on=["message_id", "position"], how="inner", maintain_order="left")
        .with_columns(
            pl.col("number", "order_no", "path").fill_null(""),
            pl.int_range(pl.len(), dtype=pl.Int32()).over("message_id", "position").alias("ordinal"),
            pl.lit(now).dt.cast_time_unit("us").alias("found_at"),
        )
        .select(list(store.PAPER_FAULTS))
    )
