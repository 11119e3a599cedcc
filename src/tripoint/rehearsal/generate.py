"""The rehearsal itself: a made-up world, its trades, what goes wrong, written as files beside the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from tripoint.kernel.money import SCALE, format_e5, to_e5
from tripoint.kernel.refusals import Conflict
from tripoint.regimes.load import load_regimes
from tripoint.rehearsal import keys
from tripoint.rehearsal.anomalies import playable
from tripoint.rehearsal.anomaly import Anomaly, Stage
from tripoint.rehearsal.levy import Levy
from tripoint.rehearsal.packing import MESSAGE_OF, Parcel, pack
from tripoint.rehearsal.people import Person
from tripoint.rehearsal.plan import Plan, Progress, Signed, Summary
from tripoint.rehearsal.posting import Post
from tripoint.rehearsal.repack import SEALS_FILE
from tripoint.rehearsal.seals import EXPIRED, UNFILED
from tripoint.rehearsal.trader import Trader
from tripoint.rehearsal.trades import ANY, Trade
from tripoint.rehearsal.truth import Truth, truth_of
from tripoint.rehearsal.world import Enterprise, World

SOURCE = "tripoint generate：虚构，仅供演练 / made up, for rehearsal only"
_EVERY = 200
"""How many trades between two signs of progress."""
_SPENT = 25_999 * SCALE
"""What those who have used up their year have used of 26,000."""


def silent(step: str, done: int, total: int) -> None:
    """No progress is shown."""


def generate(plan: Plan, out: Path, progress: Progress = silent) -> Summary:
    """Write papers/, keys/, filings.json and truth.jsonl below `out`; raises Conflict where papers lie there already."""
    if (out / "papers").exists() and any((out / "papers").iterdir()):
        raise Conflict("REHEARSAL-OUT", f"{out} 中已有报文", f"there are papers in {out} already")
    world, regimes = World(plan.seed), load_regimes()
    trader = Trader(plan, world, Levy(regimes))
    stage = Stage(Random(f"anomalies {plan.seed}"), world)
    chosen = choose(plan)
    rng = Random(f"trades {plan.seed}")
    trades: list[Trade] = []
    truths: list[Truth] = []
    for index in range(plan.trades):
        anomaly = chosen.get(index)
        trade = trader.make(index, rng, anomaly.shape if anomaly else ANY)
        if anomaly:
            anomaly.change(trade, stage)
        trades.append(trade)
        truths.append(truth_of(trade, anomaly, regimes))
        if (index + 1) % _EVERY == 0 or index + 1 == plan.trades:
            progress("trades", index + 1, plan.trades)
    packing = Random(f"packing {plan.seed}")
    parcels = pack((paper for trade in trades for paper in trade.papers()), packing, plan.per_message)
    persons = [*world.people, *stage.persons]
    return _write(plan, out, progress, world, trades, truths, parcels, persons, packing)


def choose(plan: Plan) -> dict[int, Anomaly]:
    """Which trades go wrong and how: the anomalies take turns, so that each comes before any comes twice."""
    count = min(plan.trades, round(plan.trades * plan.anomalies))
    rng = Random(f"turns {plan.seed}")
    turns = list(playable(is_signed=plan.signed is not Signed.NONE))
    rng.shuffle(turns)
    places = sorted(rng.sample(range(plan.trades), count))
    return {place: turns[number % len(turns)] for number, place in enumerate(places)}


def _write(
    plan: Plan,
    out: Path,
    progress: Progress,
    world: World,
    trades: Sequence[Trade],
    truths: Sequence[Truth],
    parcels: Sequence[Parcel],
    persons: Sequence[Person],
    rng: Random,
) -> Summary:
    out.mkdir(parents=True, exist_ok=True)
    by_code = {enterprise.code: enterprise for enterprise in world.enterprises}
    signers = _signers(plan, parcels, by_code)
    if signers:
        keys.save(signers, out / "keys")
    names = {code: enterprise.name for code, enterprise in by_code.items()}
    post = Post(out / "papers", names, signers, plan.signed, rng)
    messages = post.send(parcels, progress)
    filings = filings_of(plan, world, trades, signers, persons)
    _put(out / "filings.json", json.dumps(filings, ensure_ascii=False, indent=1) + "\n")
    _put(out / SEALS_FILE, json.dumps(post.faults, indent=1) + "\n")
    _put(out / "truth.jsonl", "".join(json.dumps(asdict(t), ensure_ascii=False) + "\n" for t in truths))
    papers = Counter(MESSAGE_OF[parcel.table] for parcel in parcels for _ in parcel.papers)
    return Summary(
        out=out,
        trades=len(trades),
        papers=dict(sorted(papers.items())),
        messages=messages,
        outcomes=dict(sorted(Counter(truth.outcome for truth in truths).items())),
        anomalies=dict(sorted(Counter(t.anomaly for t in truths if t.anomaly).items())),
    )


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _signers(
    plan: Plan, parcels: Sequence[Parcel], by_code: dict[str, Enterprise]
) -> dict[tuple[str, str], keys.Signer]:
    if plan.signed is Signed.NONE:
        return {}
    needed = {(code, "") for code in by_code}
    needed |= {(parcel.sender, parcel.seal) for parcel in parcels if parcel.seal in (UNFILED, EXPIRED)}
    return keys.make_signers(needed, by_code, plan.signed, plan.first_day)


def filings_of(
    plan: Plan,
    world: World,
    trades: Sequence[Trade],
    signers: dict[tuple[str, str], keys.Signer],
    persons: Sequence[Person],
) -> dict[str, Any]:
    """What a clearance platform must have on file for these papers, as `registers.filings` reads it."""
    since = world.since.isoformat()
    years = range(plan.first_day.year, plan.last_day.year + 2)
    return {
        "generated": True,
        "enterprises": [
            {
                "enterprise_code": enterprise.code,
                "name": enterprise.name,
                "roles": sorted(enterprise.roles),
                "realtime_payment_data": enterprise.connected,
                "since": since,
                "source": SOURCE,
            }
            for enterprise in world.enterprises
        ],
        "certificates": [
            {"enterprise_code": code, "pem": keys.pem(signer.certificate)}
            for (code, seal), signer in signers.items()
            if seal != UNFILED
        ],
        "verified_persons": [
            {
                "person_id": person.person_id,
                "person_name": person.name,
                "verified_on": since,
                "source": SOURCE,
            }
            for person in {person.person_id: person for person in persons if person.is_verified}.values()
        ],
        "deposits": [
            {
                "guarantor_code": code,
                "amount": format_e5(amount),
                "reference": f"rehearsal/{plan.seed}/{plan.first_day}/{len(trades)}",
            }
            for code, amount in deposits(world, trades).items()
        ],
        "annual_used": [
            {"person_id": person.person_id, "year": year, "amount": format_e5(_SPENT)}
            for person in world.spent
            for year in years
        ],
    }


def deposits(world: World, trades: Sequence[Trade]) -> dict[str, int]:
    """Guarantees by enterprise code (e5): at least twice what may fall due; one fen for the poor one, for one none."""
    owed: Counter[str] = Counter()
    for trade in trades:
        owed[trade.declaration_list.head["guarantor_code"]] += to_e5(trade.tax)
    step = 100_000 * SCALE
    lodged = {enterprise.code: (2 * owed[enterprise.code] // step + 1) * step for enterprise in world.rich}
    return lodged | {world.poor.code: SCALE // 100}
