"""Ruling on lists: load every set concerned, judge it, draw what release draws, and write down what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.kernel.identifiers import resident_id
from tripoint.pipeline.decision import DRAWS, JUDGED, NOTHING_JUDGED, decide, draw, weigh
from tripoint.pipeline.matching import join_lines, join_papers, waits_for
from tripoint.pipeline.versions import NEW
from tripoint.platforms.clearance.papers import store as waiting
from tripoint.platforms.clearance.papers.waiting.desk import recall
from tripoint.platforms.clearance.papers.waiting.nursery import Nursery
from tripoint.platforms.clearance.records import (
    KIND_OF,
    LOCK,
    NOTHING_FRESH,
    OPEN_STATES,
    TRIO,
    Bench,
    Fresh,
    Ruled,
)
from tripoint.platforms.clearance.rulings import drawing, judging, recording, store
from tripoint.platforms.clearance.sealing import store as sealing
from tripoint.platforms.clearance.sealing.rows import sealed
from tripoint.registers.filings import store as filings
from tripoint.registers.ledger import desk as ledger
from tripoint.registers.ledger import rules as accounts
from tripoint.registers.rates import store as rates

RELEASED, HELD, REFUSED, WAITING = "released", "held", "refused", "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """Lists ruled on and nothing written yet.

    `sealed` says of each list whether it is settled, `was_live` are the orders of those that have live rows, `stored` the orders that have
    papers in tables; `waited` are the places of papers that waited in their messages, `recalled` what they say.
    """

    judgement: judging.Judgement
    lists: pl.DataFrame
    told: pl.DataFrame
    uses: pl.DataFrame
    sealed: pl.Series
    was_live: pl.Series
    waited: pl.DataFrame
    recalled: Mapping[str, pl.DataFrame]
    stored: pl.Series


def rule(
    tx: Transaction,
    touched: pl.Series,
    bench: Bench,
    nursery: Nursery,
    fresh: Fresh | None = None,
    waited: pl.DataFrame | None = None,
) -> Ruling:
    """Judge every open list of the touched orders and every fresh set; the same statements run however many there are.

    `waited` are the places of the touched orders' papers that wait in their messages, where `take` has found them.
    """
    fresh = fresh or NOTHING_FRESH
    store.touch(tx, touched.filter(~touched.is_in(fresh.order_nos.implode())))
    docket = pl.concat([store.docket(tx).filter(pl.col("state").is_in(OPEN_STATES)), _docketed(fresh)])
    stored = store.papers(tx)
    if waited is None:
        waited = waiting.waiting_papers_of(tx, touched.to_list())
    recalled = recall(tx, waited, nursery)
    papers = _together(stored, recalled, fresh.papers)
    sets = _on_docket(join_papers(papers), docket)
    lines = join_lines(sets, papers)
    missing = judging.missing_papers(sets)
    store.await_papers(tx, missing)
    facts = judging.Facts(
        verified=filings.verified(tx, _buyers(sets)),
        elsewhere=_elsewhere(tx, missing, fresh),
        rates=rates.rates_for(tx, _wanted_rates(lines, sets)),
    )
    before = store.last_found(tx)
    judgement = judging.judge(sets, papers, lines, facts, bench)
    states = decide(judgement.sets, judgement.judged)
    ready = _ready(judgement, states)
    uses = drawing.allowances(ready, judgement.lines, bench)
    late = _draw(tx, ready, uses, bench)
    if late.height:
        told = pl.concat([judgement.judged, late]).sort("row", "rank", "code", "line_no", nulls_last=True)
        states = decide(judgement.sets, told)
    else:
        told = judgement.judged
    lists = _lists(tx, judgement, states, told, before)
    seal = settled(lists, papers)
    was_live = seal.filter(~seal["list.order_no"].is_in(fresh.order_nos.implode()))
    return Ruling(
        judgement=judgement,
        lists=lists,
        told=told,
        uses=uses,
        waited=waited,
        recalled=recalled,
        stored=pl.concat([stored[KIND_OF[name].table]["order_no"] for name in TRIO]).unique(),
        sealed=lists["row"].is_in(seal["row"].implode()),
        was_live=was_live["list.order_no"],
    )


def outcome(ruling: Ruling) -> Ruled:
    """What a ruling came to, as it is told; nothing is written for it."""
    changed = ruling.lists.filter(pl.col("changed"))
    told = _told(ruling.told, changed)
    return Ruled(lists=ruling.lists, changed=changed, told=told, taxes=ruling.judgement.taxes)


def record(tx: Transaction, ruling: Ruling, bench: Bench, now: datetime) -> None:
    """Write down a ruling: what is settled in one row a list, everything else live; and what release draws."""
    batch = exchange.next_numbers(tx, {"batch": 1})["batch"]
    lists, judgement = ruling.lists, ruling.judgement
    done, live = lists.filter(ruling.sealed), lists.filter(~ruling.sealed)
    _seal(tx, ruling, done, batch, bench, now)
    released = live.filter(pl.col("state") == RELEASED)
    store.save_states(tx, recording.decided(live), bench.edition, now)
    store.append(
        tx,
        {
            "findings": recording.finding_rows(ruling.told, lists),
            "live_decisions": recording.decision_rows(
                live.filter(pl.col("changed")), bench.edition, batch, now
            ),
            "live_assessed_lines": recording.assessed_rows(released, judgement.lines),
            "live_tax_bills": recording.tax_bill_rows(released, now),
        },
    )
    drawn = ruling.uses.join(
        lists.filter(pl.col("state") == RELEASED).select_seq("row"), on="row", how="semi"
    )
    store.take_allowances(tx, drawn, drawn.join(released.select_seq("row"), on="row", how="semi"))
    pledged = [drawing.pledges(released), drawing.pledged_together(done, batch)]
    ledger.post(tx, pl.concat(pledged), at=now)


def unsettled(ruling: Ruling, fresh: Fresh) -> pl.Series:
    """The orders of fresh sets that the ruling did not settle."""
    orders = ruling.lists["list.order_no"].filter(ruling.sealed)
    return fresh.order_nos.filter(~fresh.order_nos.is_in(orders.implode()))


def unsealed(ruling: Ruling) -> pl.Series:
    """The orders of lists that were decided and are not settled: their papers will be changed, or asked for."""
    decided = ruling.lists["state"] != WAITING
    return ruling.lists["list.order_no"].filter(decided & ~ruling.sealed).unique()


def _seal(
    tx: Transaction, ruling: Ruling, done: pl.DataFrame, batch: int, bench: Bench, now: datetime
) -> None:
    """Keep the settled lists in one row each, and forget what was live of them."""
    lists = done.with_columns_seq(
        pl.lit(bench.edition).alias("edition"),
        pl.lit(now).dt.cast_time_unit("us").alias("decided_at"),
        pl.lit(batch, pl.Int64()).alias("batch"),
    )
    lines = recording.assessed_by_row(lists, ruling.judgement.lines)
    uses = ruling.uses.join(done[["row"]], on="row", how="semi", maintain_order="left")
    sealing.seal(tx, sealed(lists, lines, uses))
    was_live = ruling.was_live
    sealing.purge(tx, was_live, was_live.filter(was_live.is_in(ruling.stored.implode())))


def settled(lists: pl.DataFrame, papers: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Lists (row, list.order_no) released at their first ruling on papers that came once each, as new.

    A released list has all its papers, so only orders that have a second or a changed one fall away.
    """
    standing = lists[["row", "list.order_no", "state", "was_state"]]
    first_released = (pl.col("state") == RELEASED) & (pl.col("was_state") == WAITING)
    released = standing.filter(first_released)[["row", "list.order_no"]]
    for name in TRIO:
        came = papers[KIND_OF[name].table][["order_no", "app_type"]]
        again = came.filter(pl.col("app_type") != NEW)["order_no"]
        if came["order_no"].n_unique() < came.height:
            again = again.append(came["order_no"].filter(came["order_no"].is_duplicated()))
        if again.len():
            released = released.filter(~pl.col("list.order_no").is_in(again.implode()))
    return released


def _docketed(fresh: Fresh) -> pl.DataFrame:
    """The fresh lists as the docket has those it knows."""
    return fresh.docket.select_seq(
        "order_no",
        "marketplace_code",
        "state",
        pl.lit("").alias("waits_for"),
        "pre_no",
        pl.lit(None, pl.String()).alias("list_no"),
        "message_id",
        "position",
        "received_at",
    ).cast(store.DOCKET)  # type: ignore[arg-type]


def _together(*parts: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Papers of several origins, by table."""
    return {
        table: pl.concat([part[table].select_seq(frame.columns) for part in parts if table in part])
        for table, frame in parts[0].items()
    }


def _elsewhere(tx: Transaction, missing: pl.DataFrame, fresh: Fresh) -> pl.DataFrame:
    """The orders under which papers stand that a set names but does not have (store.ELSEWHERE)."""
    wanted = missing.drop("order_no").unique()
    here = fresh.versions.join(wanted, on=["kind", "issuer_code", "number"], how="semi")
    return pl.concat([store.elsewhere(tx, wanted), here.select_seq(list(store.ELSEWHERE))])


def _on_docket(sets: pl.DataFrame, docket: pl.DataFrame) -> pl.DataFrame:
    """The sets whose list stands open on the docket, with what the docket says, numbered anew."""
    keys = ["order_no", "marketplace_code"]
    at = (
        sets.select_seq(pl.col(f"list.{key}").alias(key) for key in keys)
        .with_row_index("at")
        .join(docket, on=keys, how="inner", maintain_order="left")
    )
    if not at["at"].equals(pl.int_range(sets.height, dtype=pl.UInt32(), eager=True)):
        sets = sets[at["at"]]
    said = at.select_seq(
        pl.col("state").alias("was_state"),
        pl.col("waits_for").alias("was_waiting"),
        "pre_no",
        "list_no",
        "received_at",
    )
    return (
        sets.drop("row")
        .hstack(said)
        .with_columns_seq(waits_for().alias("waits_for"))
        .with_row_index("row")
        .with_columns_seq(pl.col("row").cast(pl.Int64()))
    )


def _buyers(sets: pl.DataFrame) -> pl.DataFrame:
    return judging.buyers_of(sets).drop_nulls()


def _wanted_rates(lines: pl.DataFrame, sets: pl.DataFrame) -> pl.DataFrame:
    return (
        lines[["row", "line.hs_code"]]
        .join(sets[["row", "list.declared_on"]], on="row", how="inner")
        .select_seq(pl.col("line.hs_code").alias("hs_code"), pl.col("list.declared_on").alias("declared_on"))
        .drop_nulls()
        .unique()
        .sort("hs_code", "declared_on")
    )


def _ready(judgement: judging.Judgement, states: pl.DataFrame) -> pl.DataFrame:
    """The lists nothing speaks against, with what they would draw."""
    return (
        judgement.sets.join(
            states.filter(pl.col("state") == "ready"), on="row", how="semi", maintain_order="left"
        )
        .join(
            judgement.taxes.select_seq("row", "dutiable_value", "tax"),
            on="row",
            how="left",
            maintain_order="left",
        )
        .select_seq(
            "row",
            pl.col("list.order_no").alias("order_no"),
            pl.col("list.marketplace_code").alias("marketplace_code"),
            resident_id.compact_expr(pl.col("list.buyer_id")).alias("person_id"),
            pl.col("list.declared_on").alias("declared_on"),
            pl.col("list.supervision_mode").alias("supervision_mode"),
            pl.col("list.guarantor_code").alias("guarantor_code"),
            pl.col("dutiable_value").fill_null(0),
            pl.col("tax").fill_null(0),
        )
    )


def _draw(tx: Transaction, ready: pl.DataFrame, uses: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """Look at what the ready lists draw on, and find those for which it does not suffice (shape JUDGED)."""
    used = store.used(tx, uses)
    guarantors = ready["guarantor_code"].unique().sort()
    posted_to = [name(code) for code in guarantors for name in (accounts.available, accounts.pledged)]
    balances = ledger.lock_balances(tx, pl.DataFrame({"account": posted_to}, schema={"account": pl.String()}))
    free = {row["account"]: row["balance"] for row in balances.iter_rows(named=True)}
    wanted = drawing.tight(drawing.draws(uses, ready), drawing.room(uses, used, free))
    if wanted.is_empty():
        return NOTHING_JUDGED
    room = dict(wanted.select_seq("pool", "room").iter_rows())
    failed = draw(wanted.select_seq(list(DRAWS)), room)
    findings = drawing.draw_findings(failed, room, uses, used, free)
    modes = ready.select_seq("row", "supervision_mode")
    return weigh(findings, modes, bench.severities, bench.ranks)


def _lists(
    tx: Transaction,
    judgement: judging.Judgement,
    states: pl.DataFrame,
    told: pl.DataFrame,
    before: pl.DataFrame,
) -> pl.DataFrame:
    """Every judged list with its new state, its number where it is given one, and whether anything changed."""
    codes = told.group_by("row", maintain_order=True).agg(
        pl.col("code").unique().sort().str.join(",").alias("codes"),
        recording.found().str.join("\n").alias("found"),
    )
    final = states.with_columns_seq(pl.col("state").replace({"ready": RELEASED}))
    # Narrow frames are joined, and then laid beside the papers' many columns.
    ruled = (
        judgement.sets.select_seq("row", "list.order_no", "list.marketplace_code", "was_state")
        .join(final.select_seq("row", "state", "first"), on="row", how="left", maintain_order="left")
        .join(codes, on="row", how="left", maintain_order="left")
        .join(judgement.taxes, on="row", how="left", maintain_order="left")
        .join(
            before.rename({"found": "was_found"}),
            left_on=["list.order_no", "list.marketplace_code"],
            right_on=["order_no", "marketplace_code"],
            how="left",
            maintain_order="left",
        )
        .with_columns_seq(pl.col("codes", "found", "was_found").fill_null(""))
        .with_columns_seq(
            ((pl.col("state") != pl.col("was_state")) | (pl.col("found") != pl.col("was_found"))).alias(
                "changed"
            )
        )
        .drop("row", "list.order_no", "list.marketplace_code", "was_state")
    )
    lists = judgement.sets.hstack(ruled).with_columns_seq(recording.versions().alias("papers"))
    return _numbered(tx, lists)


def _numbered(tx: Transaction, lists: pl.DataFrame) -> pl.DataFrame:
    """Give each list that passed customs' logic a list number: 4 customs + 4 year + I + 9 digits."""
    needs = pl.col("state").is_in([RELEASED, HELD]) & pl.col("list_no").is_null()
    wanted = (
        lists[["row", "state", "list_no", "list.customs_code", "list.declared_on"]]
        .filter(needs)
        .select_seq(
            "row",
            pl.format("list_no/{}/{}", "list.customs_code", pl.col("list.declared_on").dt.year()).alias(
                "scope"
            ),
            pl.format("{}{}I", "list.customs_code", pl.col("list.declared_on").dt.year()).alias("stem"),
        )
    )
    counts = dict(wanted.group_by("scope").len().sort("scope").iter_rows())
    first = exchange.next_numbers(tx, counts)
    given = wanted.with_columns_seq(
        (
            pl.col("scope").replace_strict(first, default=0, return_dtype=pl.Int64())
            + pl.int_range(pl.len(), dtype=pl.Int64()).over("scope")
        ).alias("n")
    ).select_seq("row", (pl.col("stem") + pl.col("n").cast(pl.String()).str.zfill(9)).alias("given"))
    numbers = lists.select_seq("row").join(given, on="row", how="left", maintain_order="left")
    return lists.with_columns_seq(
        pl.col("list_no").alias("was_list_no"), pl.coalesce("list_no", numbers["given"]).alias("list_no")
    )


def _told(told: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """The findings of the lists that changed."""
    return told.join(changed.select_seq("row"), on="row", how="semi", maintain_order="left").select_seq(
        list(JUDGED)
    )


def open_allowances(tx: Transaction, used: pl.DataFrame) -> int:
    """Count what persons (person_id, year Int16, amount e5) had used of their yearly limit before they came here.

    The same statement of a person's year again changes nothing, another takes its place. Returns how many counted.
    """
    tx.lock(LOCK)
    return store.add_used(tx, used.with_columns_seq(pl.lit(drawing.VALUE).alias("allowance")))


def held_for(
    tx: Transaction,
    codes: Sequence[str],
    *,
    after: tuple[int, int],
    most: int,
    guarantors: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Open lists that were told one of the codes, as they came after a place: message_id, position, order_no."""
    return store.held_for(tx, states=OPEN_STATES, codes=codes, after=after, most=most, guarantors=guarantors)
