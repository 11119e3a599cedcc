"""Taking papers in: those that count are stored, lists go on the docket, and for the others it is kept why not."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.kernel.clock import CHINA
from tripoint.pipeline.versions import WITHDRAWAL
from tripoint.platforms.clearance.papers import store
from tripoint.platforms.clearance.papers.reading import Mail
from tripoint.platforms.clearance.papers.reception import receive_all
from tripoint.platforms.clearance.records import KIND_OF, KINDS, TRIO, Kind, Taken

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


def take(tx: Transaction, mail: Mail, now: datetime) -> Taken:
    """Judge the versions of all papers, store those taken, and put the lists on the docket."""
    faulty = mail.faults.select("message_id", "position").unique()
    sound = mail.arriving.join(faulty, on=["message_id", "position"], how="anti")
    standing = store.standing(tx, sound)
    orders = pl.concat([sound["order_no"], standing["order_no"]]).drop_nulls()
    states = store.list_states(tx, orders)
    received = receive_all(sound, standing, states)
    taken = received.filter(pl.col("reception").is_in(["accepted", "draft"]))
    papers = {kind.name: _of(mail.papers, kind.name, taken) for kind in KINDS}
    papers["waybill"] = _settle_waybills(tx, papers["waybill"], papers["list"])
    taken = _with_orders(taken, papers["waybill"])
    for kind in KINDS:
        _append(tx, kind, papers[kind.name], mail.papers)
    _append_moved(tx, papers, taken)
    store.put_versions(tx, _versions(taken))
    _docket(tx, papers["list"], taken, now)
    store.keep_faults(tx, _faults(mail, received, now))
    matched = taken.filter(pl.col("kind").is_in(TRIO))
    arrived = matched.filter(pl.col("kind").is_in(["payment", "waybill"])).select(
        "kind", "issuer_code", "number"
    )
    awaiting = store.take_awaited(tx, arrived.unique())
    touched = pl.concat([matched["order_no"], matched["was_order_no"], awaiting]).drop_nulls().unique().sort()
    return Taken(received=received, touched=touched.filter(touched != ""), states=states)


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
    mine = None
    if lines is not None:
        mine = lines.join(
            papers.select("message_id", "position", column), on=["message_id", "position"], how="inner"
        )
    store.append(tx, kind, papers, mine)


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


def _versions(taken: pl.DataFrame) -> pl.DataFrame:
    """The version of each key that now counts."""
    state = (
        pl.when(pl.col("draft"))
        .then(pl.lit("draft"))
        .when(pl.col("app_type") == WITHDRAWAL)
        .then(pl.lit("withdrawn"))
        .otherwise(pl.lit("active"))
    )
    return (
        taken.unique(subset=["kind", "issuer_code", "number"], keep="last", maintain_order=True)
        .with_columns(pl.col("order_no", "marketplace_code").fill_null(""), state.alias("state"))
        .select(
            "kind",
            "issuer_code",
            "number",
            "order_no",
            "marketplace_code",
            "app_type",
            "app_time",
            "digest",
            "state",
            "message_id",
            "position",
            "owner_code",
        )
    )


def _docket(tx: Transaction, lists: pl.DataFrame, taken: pl.DataFrame, now: datetime) -> None:
    """Open the lists that were taken; withdraw those their declarant takes back."""
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
    numbers = [f"B{day}{first + n:09d}" for n in range(opened.height)]
    docketed = opened.select(
        *_DOCKETED,
        pl.Series("pre_no", numbers, dtype=pl.String()),
        pl.when(pl.col("draft")).then(pl.lit("draft")).otherwise(pl.lit("waiting")).alias("state"),
    )
    store.open_lists(tx, docketed, now)
    store.withdraw(tx, newest.filter(gone), now)


def _faults(mail: Mail, received: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """What is wrong with papers: their own faults, a version that does not count, and (as notes) what was tolerated."""
    versions = received.filter(pl.col("reception").is_in(list(VERSION_CODES))).select(
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
                versions.select(*mail.faults.columns, pl.lit("refuse").alias("severity")),
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
