"""Taking papers in: those that count are stored, lists go on the docket, and for the others it is kept why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.kernel.clock import CHINA
from tripoint.pipeline.versions import WITHDRAWAL
from tripoint.platforms.clearance.papers import store
from tripoint.platforms.clearance.papers.reading import Mail
from tripoint.platforms.clearance.papers.reception import are_first, fresh_orders, receive_all
from tripoint.platforms.clearance.papers.rows import newest, place, versions, with_key
from tripoint.platforms.clearance.papers.waiting.desk import LINES, NOTHING, recall
from tripoint.platforms.clearance.papers.waiting.nursery import Nursery
from tripoint.platforms.clearance.records import KIND_OF, TRIO, Fresh, Kind, Taken
from tripoint.platforms.clearance.records import Standing as ListStanding

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
_ON_DOCKET = (*_DOCKETED, "pre_no", "state", "received_at")
_NO_DOCKET = pl.DataFrame(
    schema={name: KIND_OF["list"].schema[name] for name in _DOCKETED}
    | {
        "pre_no": pl.String(),
        "state": pl.String(),
        "received_at": pl.Datetime("us", "UTC"),
        "first": pl.Boolean(),
    }
)
_PLACE = ["message_id", "position"]
_WAYBILL = ["carrier_code", "waybill_no"]


def arrive(tx: Transaction, mail: Mail) -> pl.DataFrame:
    """The papers without faults of their own, named for every look-up of the round (ARRIVING; `at`: the row in their table)."""
    arriving = mail.arriving.with_columns_seq(
        pl.int_range(pl.len(), dtype=pl.UInt32).over("kind").alias("at")
    )
    if mail.faults.height:
        faulty = mail.faults.select_seq("message_id", "position")
        arriving = arriving.join(faulty, on=_PLACE, how="anti", maintain_order="left")
    store.arrive(tx, arriving)
    return arriving


def take(tx: Transaction, mail: Mail, arriving: pl.DataFrame, nursery: Nursery, now: datetime) -> Taken:
    """Judge the versions of all papers, store those taken, and put the lists on the docket.

    Whole sets of new papers are not stored yet: most of them are settled by the ruling (`Taken.fresh`, `keep`). New papers
    of other sets wait in their messages, and in the nursery.
    """
    standing, siblings = store.standing(tx), store.siblings(tx)
    received, states = _receive(tx, arriving, standing)
    taken = received.filter(pl.col("reception").is_in(["accepted", "draft"]))
    replaced = _store_replaced(tx, taken, standing, nursery)
    kept = _Kept(mail, taken)
    settled = _settle_waybills(tx, kept, standing)
    fresh = fresh_orders(taken, pl.concat([siblings["order_no"], settled["order_no"]]))["order_no"]
    taken = _with_orders(taken, settled).with_columns_seq(
        pl.col("order_no").is_in(fresh.implode()).fill_null(value=False).alias("fresh")
    )
    docketed, withdrawn = _docket(tx, kept, now)
    others = taken.filter(~pl.col("fresh"))
    _store(tx, kept, others, settled)
    waiting = others.filter("waits")
    nursery.keep(waiting, mail.papers)
    _put(tx, others, docketed.filter(~pl.col("order_no").is_in(fresh.implode())))
    store.withdraw(tx, withdrawn, now)
    store.keep_faults(tx, _faults(mail, received, now))
    matched = others.filter(pl.col("kind").is_in(TRIO))
    awaiting = store.take_awaited(tx, _not_taken(received, taken))
    touched = pl.concat([matched["order_no"], matched["was_order_no"], awaiting]).drop_nulls().unique().sort()
    touched = touched.filter(touched != "")
    return Taken(
        received=received,
        touched=touched,
        waiting=_waiting(tx, touched, arriving, siblings, replaced, waiting),
        states=states,
        fresh=_fresh(kept, taken.filter("fresh"), fresh, docketed),
    )


def keep(tx: Transaction, fresh: Fresh, order_nos: pl.Series) -> None:
    """Store those of the fresh sets that the ruling did not settle: they are live, and wait on the docket."""
    if order_nos.is_empty():
        return
    wanted = pl.col("order_no").is_in(order_nos.implode())
    for name in TRIO:
        kind = KIND_OF[name]
        lines = fresh.papers[kind.lines].filter(wanted) if kind.lines else None
        store.append(tx, kind, fresh.papers[kind.table].filter(wanted), lines)
    store.add_versions(tx, versions(fresh.versions.filter(wanted)))
    store.add_lists(tx, fresh.docket.filter(wanted).select_seq(_ON_DOCKET))


def store_recalled(tx: Transaction, recalled: Mapping[str, pl.DataFrame], order_nos: pl.Series) -> None:
    """Give the papers of some orders rows of their own: they are held or refused, and will be changed."""
    if order_nos.is_empty():
        return
    wanted = pl.col("order_no").is_in(order_nos.implode())
    found = []
    for name in TRIO:
        kind = KIND_OF[name]
        heads = recalled[kind.table].filter(wanted)
        if heads.height:
            store.append(tx, kind, heads, recalled[kind.lines].filter(wanted) if kind.lines else None)
            found.append(heads["order_no"])
    if found:
        store.mark_stored(tx, pl.concat(found).unique().sort())


class _Kept:
    """The taken papers of a round by kind: what was received of each, and row by row everything it says."""

    def __init__(self, mail: Mail, taken: pl.DataFrame) -> None:
        self.mail = mail
        self.received = {
            str(name): rows
            for (name,), rows in taken.partition_by("kind", as_dict=True, maintain_order=True).items()
        }
        self._tables = {name: _in_order(mail.papers[KIND_OF[name].table]) for name in self.received}

    def papers(self, name: str, rows: pl.DataFrame | None = None) -> pl.DataFrame:
        """Everything that papers of a kind say: all those taken, or those of some rows of what was received."""
        rows = self.received.get(name) if rows is None else rows
        if rows is None or rows.is_empty():
            return KIND_OF[name].empty
        return self._tables[name][rows["at"]]

    def lines(self, name: str, papers: pl.DataFrame, column: str = "order_no") -> pl.DataFrame | None:
        """The lines of some papers, with the column these are distributed by; None for a kind without lines."""
        kind = KIND_OF[name]
        lines = self.mail.papers.get(kind.lines) if kind.lines else None
        return None if lines is None else with_key(lines, papers, column)


def _in_order(papers: pl.DataFrame) -> pl.DataFrame:
    """A table of papers in the order they came, which is that of `Mail.arriving`."""
    places = papers.select_seq(place()).to_series()
    return papers if places.is_sorted() else papers[places.arg_sort()]


def _receive(
    tx: Transaction, arriving: pl.DataFrame, standing: pl.DataFrame
) -> tuple[pl.DataFrame, dict[tuple[str, str | None], ListStanding]]:
    """What becomes of the papers (RECEIVED), and where the lists stand of those about which anything was known."""
    first = are_first(arriving, standing)
    orders = arriving.filter(~first)["order_no"]
    states = {}
    if orders.len():
        rest = arriving.filter(~first)
        before = standing.join(rest, on=["kind", "issuer_code", "number"], how="semi")
        states = store.list_states(tx, pl.concat([orders, before["order_no"]]))
    return receive_all(arriving, first, standing, states), states


def _not_taken(received: pl.DataFrame, taken: pl.DataFrame) -> list[tuple[str, str, str]]:
    """The keys of payments and waybills that came and were not taken in any version."""
    odd = received.filter(
        ~pl.col("reception").is_in(["accepted", "draft"]) & pl.col("kind").is_in(["payment", "waybill"])
    )
    if odd.is_empty():
        return []
    key = ["kind", "issuer_code", "number"]
    return odd.join(taken, on=key, how="anti").select_seq(key).drop_nulls().unique().rows()


def _waiting(
    tx: Transaction,
    touched: pl.Series,
    arriving: pl.DataFrame,
    siblings: pl.DataFrame,
    replaced: pl.DataFrame,
    waiting: pl.DataFrame,
) -> pl.DataFrame:
    """The papers without rows of their own of the touched orders (store.PLACES)."""
    waited = siblings.filter(~pl.col("stored"))
    if replaced.height:
        waited = waited.join(replaced, on=_PLACE, how="anti", maintain_order="left")
    found = pl.concat([frame.select_seq(list(store.PLACES)) for frame in (waited, waiting)])
    elsewhere = touched.filter(~touched.is_in(arriving["order_no"].implode()))
    more = store.waiting_papers_of(tx, elsewhere.to_list())
    return pl.concat([found.filter(pl.col("order_no").is_in(touched.implode())), more])


def _store_replaced(
    tx: Transaction, taken: pl.DataFrame, standing: pl.DataFrame, nursery: Nursery
) -> pl.DataFrame:
    """Give rows of their own to waiting papers that a version now taken replaces: every version is kept.

    Returns where they were (store.PLACES).
    """
    again = taken.filter(~pl.col("first"))
    places = (
        standing.filter(~pl.col("stored"))
        .join(again, on=["kind", "issuer_code", "number"], how="semi")
        .select_seq(list(store.PLACES))
    )
    if places.height:
        recalled = recall(tx, places, nursery)
        for name in TRIO:
            kind = KIND_OF[name]
            store.append(tx, kind, recalled[kind.table], recalled[kind.lines] if kind.lines else None)
        nursery.forget(places)
    return places


def _fresh(kept: _Kept, taken: pl.DataFrame, orders: pl.Series, docketed: pl.DataFrame) -> Fresh:
    """The whole sets of the round, as `keep` stores them."""
    frames = {}
    by_kind = taken.partition_by("kind", as_dict=True, maintain_order=True)
    for name in TRIO:
        kind = KIND_OF[name]
        heads = kept.papers(name, by_kind.get((name,), taken.clear())).select_seq(list(kind.schema))
        frames[kind.table] = heads
        if kind.lines:
            lines = kept.lines(name, heads) if heads.height else None
            frames[kind.lines] = (
                NOTHING[kind.lines] if lines is None else lines.select_seq(list(LINES[kind.lines]))
            )
    return Fresh(
        order_nos=orders,
        papers=frames,
        versions=taken,
        docket=docketed.filter(pl.col("order_no").is_in(orders.implode())),
    )


def _store(tx: Transaction, kept: _Kept, others: pl.DataFrame, settled: pl.DataFrame) -> None:
    """Store every paper that is not of a fresh set and does not wait in its message."""
    stored = others.filter(~pl.col("waits"))
    for (name,), rows in stored.partition_by("kind", as_dict=True, maintain_order=True).items():
        papers = kept.papers(str(name), rows)
        if name == "waybill":
            # Those that do not say their order are parked, or among the settled ones.
            papers = papers.filter(pl.col("order_no").is_not_null())
        _append(tx, KIND_OF[str(name)], papers, kept)
    store.append(tx, KIND_OF["waybill"], settled, None)
    _append_moved(tx, kept, stored)


def _put(tx: Transaction, others: pl.DataFrame, docketed: pl.DataFrame) -> None:
    """Make the versions of papers count and put lists on the docket; most are new, and replace nothing."""
    placed = others.with_columns_seq(~pl.col("waits").alias("stored"))
    store.add_versions(tx, versions(placed.filter("first")))
    store.put_versions(tx, versions(newest(placed.filter(~pl.col("first")))))
    store.add_lists(tx, docketed.filter("first").select_seq(_ON_DOCKET))
    store.open_lists(tx, docketed.filter(~pl.col("first")).select_seq(_ON_DOCKET))


def _settle_waybills(tx: Transaction, kept: _Kept, standing: pl.DataFrame) -> pl.DataFrame:
    """Waybills that did not say their order, now with it: of this round, and parked ones that a list of it names.

    Those nobody has named yet are parked.
    """
    waybills = kept.papers("waybill")
    columns = list(KIND_OF["waybill"].schema)
    silent = waybills.filter(pl.col("order_no").is_null())
    named = silent.clear()
    if silent.height:
        found = store.orders_of_waybills(tx, silent)
        named = silent.drop("order_no").join(found, on=_WAYBILL, how="inner")
        store.park(tx, silent.join(found, on=_WAYBILL, how="anti"))
    _unpark(tx, waybills, silent, standing)
    parked = silent.clear()
    if "list" in kept.received and (silent.height or store.any_parked(tx)):
        declared = ~pl.col("draft") & pl.col("app_type").ne_missing(WITHDRAWAL)
        parked = store.take_parked(tx, _newest_lists(kept).filter(declared))
    return pl.concat([named.select_seq(columns), parked.select_seq(columns)])


def _unpark(tx: Transaction, waybills: pl.DataFrame, silent: pl.DataFrame, standing: pl.DataFrame) -> None:
    """Forget parked waybills of which a version came that says its order: a parked one's version stands without any."""
    without = standing.filter((pl.col("kind") == "waybill") & (pl.col("order_no") == ""))
    if silent.height or without.height:
        keys = pl.concat(
            [
                silent.select_seq(_WAYBILL),
                without.select_seq(
                    pl.col("issuer_code").alias("carrier_code"), pl.col("number").alias("waybill_no")
                ),
            ]
        )
        spoken = waybills.filter(pl.col("order_no").is_not_null())
        store.unpark(tx, spoken.join(keys, on=_WAYBILL, how="semi"))


def _with_orders(taken: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """The taken papers, silent waybills now with the order that was found, and what comes after them in the round with that before it."""
    if settled.is_empty():
        return taken
    orders = settled.select_seq(*_PLACE, pl.col("order_no").alias("found"))
    known = taken.join(orders, on=_PLACE, how="left", maintain_order="left")
    known = known.with_columns_seq(pl.coalesce("order_no", "found").alias("order_no")).drop("found")
    before = pl.col("order_no").shift(1).over("kind", "issuer_code", "number")
    return known.with_columns_seq(pl.coalesce("was_order_no", before).alias("was_order_no"))


def _append(tx: Transaction, kind: Kind, papers: pl.DataFrame, kept: _Kept) -> None:
    """Append the taken papers of one kind; a warehouse-in list without the operator's own number goes by its guid."""
    column = "cop_no" if kind.name == "warehouse_in" else "order_no"
    if kind.name == "warehouse_in":
        papers = papers.with_columns_seq(pl.coalesce("cop_no", "guid").alias("cop_no"))
    store.append(tx, kind, papers, kept.lines(kind.name, papers, column))


def _append_moved(tx: Transaction, kept: _Kept, stored: pl.DataFrame) -> None:
    """Leave a withdrawal under the order a payment or waybill stood under before it was changed to another, or to none."""
    was = pl.col("was_order_no")
    moved = stored.filter((was != "") & was.ne_missing(pl.col("order_no")))
    for name in ("payment", "waybill"):
        rows = moved.filter(pl.col("kind") == name)
        if rows.height:
            left = kept.papers(name, rows).with_columns_seq(
                rows["was_order_no"].alias("order_no"), app_type=pl.lit(WITHDRAWAL)
            )
            store.append(tx, KIND_OF[name], left, None)


def _docket(tx: Transaction, kept: _Kept, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The docket rows of the lists that were taken, numbered; and the lists that their declarant takes back."""
    if "list" not in kept.received:
        return _NO_DOCKET, _NO_DOCKET
    lists = _newest_lists(kept)
    gone = lists["app_type"] == WITHDRAWAL
    gone = gone.fill_null(value=False)
    opened = lists.filter(~gone)
    arrived = {letter.arrival.message_id: letter.arrival.received_at for letter in kept.mail.letters}
    day = now.astimezone(CHINA).strftime("%Y%m%d")
    first = (
        exchange.next_numbers(tx, {f"pre_no/{day}": opened.height})[f"pre_no/{day}"] if opened.height else 0
    )
    number = (pl.int_range(pl.len(), dtype=pl.Int64()) + first).cast(pl.String()).str.zfill(9)
    docketed = opened.select_seq(
        *_DOCKETED,
        (pl.lit(f"B{day}") + number).alias("pre_no"),
        pl.when(pl.col("draft")).then(pl.lit("draft")).otherwise(pl.lit("waiting")).alias("state"),
        pl.col("message_id")
        .replace_strict(arrived, return_dtype=pl.Datetime("us", "UTC"))
        .alias("received_at"),
        "first",
    )
    return docketed, lists.filter(gone)


def _newest_lists(kept: _Kept) -> pl.DataFrame:
    """The lists that were taken, each in its last version of the round, with `draft` and `first` of what was received."""
    received = kept.received["list"]
    lists = kept.papers("list").with_columns_seq(received["draft", "first"])
    if received["first"].all():
        return lists
    return lists.filter(
        received.select_seq(pl.struct("issuer_code", "number").is_last_distinct()).to_series()
    )


def _faults(mail: Mail, received: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """What is wrong with papers: their own faults, a version that does not count, and (as notes) what was tolerated."""
    refused = received.filter(pl.col("reception").is_in(list(VERSION_CODES)))
    if refused.is_empty() and mail.faults.is_empty() and mail.notes.is_empty():
        return pl.DataFrame(schema=store.PAPER_FAULTS)
    odd = refused.select_seq(
        "message_id",
        "position",
        pl.col("reception").replace_strict(VERSION_CODES, return_dtype=pl.String()).alias("code"),
        pl.lit("").alias("path"),
        pl.lit(None, pl.Int32()).alias("line_no"),
        pl.lit(None, pl.String()).alias("value"),
    )
    before = received.select_seq("message_id", "position", "was_order_no")
    # A waybill need not say its order; a later version of it is told under the order it was found to be for.
    named = (
        mail.arriving.select_seq("message_id", "position", "kind", "number", "order_no")
        .join(before, on=["message_id", "position"], how="left", maintain_order="left")
        .with_columns_seq(pl.coalesce("order_no", "was_order_no").alias("order_no"))
        .drop("was_order_no")
    )
    return (
        pl.concat(
            [
                mail.faults.with_columns_seq(pl.lit("refuse").alias("severity")),
                odd.select_seq(*mail.faults.columns, pl.lit("refuse").alias("severity")),
                mail.notes.with_columns_seq(pl.lit("note").alias("severity")),
            ]
        )
        .join(named, on=["message_id", "position"], how="inner", maintain_order="left")
        .with_columns_seq(
            pl.col("number", "order_no", "path").fill_null(""),
            pl.int_range(pl.len(), dtype=pl.Int32()).over("message_id", "position").alias("ordinal"),
            pl.lit(now).dt.cast_time_unit("us").alias("found_at"),
        )
        .select_seq(list(store.PAPER_FAULTS))
    )
