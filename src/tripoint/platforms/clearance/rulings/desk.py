"""Ruling on lists: load every set concerned, judge it, draw what release draws, and write down what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from tripoint.database import Transaction
from tripoint.exchange import store as exchange
from tripoint.kernel.identifiers import resident_id
from tripoint.pipeline.decision import JUDGED, decide, draw, weigh
from tripoint.pipeline.matching import join_lines, join_papers, waits_for
from tripoint.platforms.clearance.records import OPEN_STATES, Bench, Ruled
from tripoint.platforms.clearance.rulings import drawing, judging, recording, store
from tripoint.registers.filings import store as filings
from tripoint.registers.ledger import desk as ledger
from tripoint.registers.ledger import rules as accounts
from tripoint.registers.rates import store as rates

RELEASED, HELD, REFUSED, WAITING = "released", "held", "refused", "waiting"


def rule(tx: Transaction, touched: pl.Series, bench: Bench, now: datetime) -> Ruled:
    """Judge every open list of the touched orders; the same statements run however many there are."""
    store.touch(tx, touched)
    docket = store.docket(tx).filter(pl.col("state").is_in(OPEN_STATES))
    papers = store.papers(tx)
    sets = _on_docket(join_papers(papers), docket)
    lines = join_lines(sets, papers)
    missing = judging.missing_papers(sets)
    store.await_papers(tx, missing)
    facts = judging.Facts(
        verified=filings.verified(tx, _buyers(sets)),
        elsewhere=store.elsewhere(tx, missing.drop("order_no").unique()),
        rates=rates.rates_for(tx, _wanted_rates(lines, sets)),
    )
    before = store.last_found(tx)
    judgement = judging.judge(sets, papers, lines, facts, bench)
    states = decide(judgement.sets, judgement.judged)
    ready = _ready(judgement, states)
    uses = drawing.allowances(ready, judgement.lines, bench)
    late = _draw(tx, ready, uses, bench)
    told = pl.concat([judgement.judged, late]).sort("row", "rank", "code", "line_no", nulls_last=True)
    states = decide(judgement.sets, told)
    lists = _lists(tx, judgement, states, told, before)
    _save(tx, lists, told, uses, judgement, bench, now)
    changed = lists.filter(pl.col("changed"))
    return Ruled(lists=lists, changed=changed, told=_told(told, changed), taxes=judgement.taxes)


def _on_docket(sets: pl.DataFrame, docket: pl.DataFrame) -> pl.DataFrame:
    """The sets whose list stands open on the docket, with what the docket says, numbered anew."""
    return (
        sets.drop("row")
        .join(
            docket.rename({"state": "was_state", "waits_for": "was_waiting"}).drop("message_id", "position"),
            left_on=["list.order_no", "list.marketplace_code"],
            right_on=["order_no", "marketplace_code"],
            how="inner",
            maintain_order="left",
        )
        .with_columns(waits_for().alias("waits_for"))
        .with_row_index("row")
        .with_columns(pl.col("row").cast(pl.Int64()))
    )


def _buyers(sets: pl.DataFrame) -> pl.DataFrame:
    return sets.select(
        pl.col("order.buyer_id").alias("person_id"), pl.col("order.buyer_name").alias("person_name")
    ).drop_nulls()


def _wanted_rates(lines: pl.DataFrame, sets: pl.DataFrame) -> pl.DataFrame:
    return (
        lines.join(sets.select("row", "list.declared_on"), on="row", how="inner")
        .select(pl.col("line.hs_code").alias("hs_code"), pl.col("list.declared_on").alias("declared_on"))
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
            judgement.taxes.select("row", "dutiable_value", "tax"),
            on="row",
            how="left",
            maintain_order="left",
        )
        .select(
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
    """Lock what the ready lists draw on, and find those for which it does not suffice (shape JUDGED)."""
    used = store.lock_allowances(tx, uses)
    guarantors = ready["guarantor_code"].unique().sort()
    posted_to = [name(code) for code in guarantors for name in (accounts.available, accounts.pledged)]
    balances = ledger.lock_balances(tx, pl.DataFrame({"account": posted_to}, schema={"account": pl.String()}))
    free = {row["account"]: row["balance"] for row in balances.iter_rows(named=True)}
    room = {
        drawing.pool_of(row): row["limit"] - row["used"]
        for row in uses.join(used, on=["person_id", "year", "allowance"], how="left")
        .with_columns(pl.col("used").fill_null(0))
        .iter_rows(named=True)
    }
    for code in guarantors:
        room[f"guarantee|{code}"] = free.get(accounts.available(code), 0)
    failed = draw(drawing.draws(uses, ready), room)
    findings = drawing.draw_findings(failed, room, uses, used, free)
    modes = ready.select("row", "supervision_mode")
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
    final = states.with_columns(pl.col("state").replace({"ready": RELEASED}))
    lists = (
        judgement.sets.join(
            final.select("row", "state", "first"), on="row", how="left", maintain_order="left"
        )
        .join(codes, on="row", how="left", maintain_order="left")
        .join(judgement.taxes, on="row", how="left", maintain_order="left")
        .join(
            before.rename({"found": "was_found"}),
            left_on=["list.order_no", "list.marketplace_code"],
            right_on=["order_no", "marketplace_code"],
            how="left",
            maintain_order="left",
        )
        .with_columns(pl.col("codes", "found", "was_found").fill_null(""))
        .with_columns(
            ((pl.col("state") != pl.col("was_state")) | (pl.col("found") != pl.col("was_found"))).alias(
                "changed"
            ),
            recording.versions().alias("papers"),
        )
    )
    return _numbered(tx, lists)


def _numbered(tx: Transaction, lists: pl.DataFrame) -> pl.DataFrame:
    """Give each list that passed customs' logic a list number: 4 customs + 4 year + I + 9 digits."""
    needs = pl.col("state").is_in([RELEASED, HELD]) & pl.col("list_no").is_null()
    wanted = lists.filter(needs).select(
        "row",
        pl.format("list_no/{}/{}", "list.customs_code", pl.col("list.declared_on").dt.year()).alias("scope"),
        pl.format("{}{}I", "list.customs_code", pl.col("list.declared_on").dt.year()).alias("stem"),
    )
    counts = dict(wanted.group_by("scope").len().sort("scope").iter_rows())
    first = exchange.next_numbers(tx, counts)
    given = wanted.with_columns(
        (
            pl.col("scope").replace_strict(first, default=0, return_dtype=pl.Int64())
            + pl.int_range(pl.len(), dtype=pl.Int64()).over("scope")
        ).alias("n")
    ).select("row", (pl.col("stem") + pl.col("n").cast(pl.String()).str.zfill(9)).alias("given"))
    return (
        lists.join(given, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.col("list_no").alias("was_list_no"), pl.coalesce("list_no", "given").alias("list_no")
        )
        .drop("given")
    )


def _save(
    tx: Transaction,
    lists: pl.DataFrame,
    told: pl.DataFrame,
    uses: pl.DataFrame,
    judgement: judging.Judgement,
    bench: Bench,
    now: datetime,
) -> None:
    """Write down states, findings, decisions, taxes, and what release draws."""
    batch = exchange.next_numbers(tx, {"batch": 1})["batch"]
    released = lists.filter(pl.col("state") == RELEASED)
    store.save_states(tx, recording.decided(lists), bench.edition, now)
    store.append(
        tx,
        {
            "findings": recording.finding_rows(told, lists),
            "decisions": recording.decision_rows(lists.filter(pl.col("changed")), bench.edition, batch, now),
            "assessed_lines": recording.assessed_rows(released, judgement.lines),
            "tax_bills": recording.tax_bill_rows(released, now),
        },
    )
    taken = uses.join(released.select("row"), on="row", how="semi")
    store.take_allowances(
        tx, taken.select("order_no", "marketplace_code", "person_id", "year", "allowance", "amount")
    )
    ledger.post(tx, drawing.pledges(released), at=now)


def _told(told: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """The findings of the lists that changed."""
    return told.join(changed.select("row"), on="row", how="semi", maintain_order="left").select(list(JUDGED))


def open_allowances(tx: Transaction, used: pl.DataFrame) -> int:
    """Count what persons (person_id, year Int16, amount e5) had used of their yearly limit before they came here.

    A person's year is stated once: the same statement again, or another, changes nothing. Returns how many counted.
    """
    return store.add_used(tx, used.with_columns(pl.lit(drawing.VALUE).alias("allowance")))


def held_for(tx: Transaction, codes: Sequence[str], *, after: str, most: int) -> pl.Series:
    """The orders, after one and in order, of open lists that were told one of the codes."""
    return store.held_for(tx, states=OPEN_STATES, codes=codes, after=after, most=most)
