"""The registry of anomalies: every code has one, each does what it says, and the round robin leaves none out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from random import Random

import pytest

from tripoint.kernel.findings import Severity
from tripoint.regimes.codes import load_codes
from tripoint.regimes.findings import load_findings
from tripoint.regimes.load import load_regimes
from tripoint.rehearsal import Plan, Signed
from tripoint.rehearsal.anomalies import ANOMALIES, LEFT_OUT, playable
from tripoint.rehearsal.anomaly import Anomaly, Stage
from tripoint.rehearsal.generate import choose
from tripoint.rehearsal.levy import Levy
from tripoint.rehearsal.misstatements import NO_COUNTRY, NO_LETTER, NO_OFFICE, NO_UNIT
from tripoint.rehearsal.trader import Trader
from tripoint.rehearsal.trades import Trade
from tripoint.rehearsal.truth import outcome_of, truth_of
from tripoint.rehearsal.world import World

PLAN = Plan(trades=2000, first_day=date(2026, 11, 15), anomalies=0.1)
REGIMES = load_regimes()


def told_codes() -> set[str]:
    return {code for anomaly in ANOMALIES for code in anomaly.codes}


def make(anomaly: Anomaly, seed: int = 1) -> tuple[Trade, Trade]:
    """The trade before and after."""
    world = World(seed)
    trader = Trader(PLAN, world, Levy(REGIMES))
    before = trader.make(1, Random(seed), anomaly.shape)
    world = World(seed)
    trader = Trader(PLAN, world, Levy(REGIMES))
    after = trader.make(1, Random(seed), anomaly.shape)
    anomaly.change(after, Stage(Random(seed), world))
    return before, after


def test_every_code_of_the_law_has_an_anomaly_or_a_reason_for_none() -> None:
    assert set(load_findings()) - told_codes() == set(LEFT_OUT)


def test_no_anomaly_tells_a_code_that_does_not_exist() -> None:
    assert told_codes() <= set(load_findings())
    assert all(reason for reason in LEFT_OUT.values())


def test_every_code_comes_in_two_thousand_trades_with_a_tenth_gone_wrong() -> None:
    chosen = Counter(anomaly.name for anomaly in choose(PLAN).values())
    assert set(chosen) == {anomaly.name for anomaly in ANOMALIES}
    assert sum(chosen.values()) == 200
    assert max(chosen.values()) - min(chosen.values()) <= 1


def test_signature_anomalies_need_signatures() -> None:
    unsigned = playable(is_signed=False)
    assert {code for anomaly in unsigned for code in anomaly.codes if code.startswith("SIGN-")} == set()
    assert choose(replace(PLAN, signed=Signed.NONE, anomalies=0.0)) == {}


@pytest.mark.parametrize("anomaly", ANOMALIES, ids=lambda anomaly: anomaly.name)
def test_an_anomaly_changes_its_trade_and_is_judged_as_its_codes_weigh(anomaly: Anomaly) -> None:
    before, after = make(anomaly)
    if not anomaly.shape.parties:
        assert before.papers() != after.papers()
    truth = truth_of(after, anomaly, REGIMES)
    assert truth.anomaly == anomaly.name
    assert set(anomaly.waits_for) <= {"order", "payment", "waybill"}
    if not anomaly.is_taken:
        assert truth.outcome == "not_taken"
    elif any(load_findings()[code].severity is Severity.REFUSE for code in anomaly.told):
        assert truth.outcome == "refused"
    else:
        assert truth.outcome == ("waiting" if anomaly.waits_for else truth.outcome)


@pytest.mark.parametrize(
    ("told", "waits", "is_taken", "outcome"),
    [
        ((), (), True, "released"),
        (("AMOUNT-01",), (), True, "released"),
        (("GOODS-01",), (), True, "held"),
        (("GOODS-01",), ("payment",), True, "waiting"),
        ((), ("order", "payment"), True, "waiting"),
        (("MATCH-03",), ("payment",), True, "refused"),
        (("GOODS-01", "MATCH-08"), (), True, "refused"),
        (("SIGN-01",), (), False, "not_taken"),
    ],
)
def test_the_outcome_follows_from_severities_and_what_lacks(
    told: tuple[str, ...], waits: tuple[str, ...], is_taken: bool, outcome: str
) -> None:
    anomaly = Anomaly(
        name="x", change=lambda trade, stage: None, told=told, waits_for=waits, is_taken=is_taken
    )
    assert outcome_of(anomaly, "9610", REGIMES) == outcome


def test_the_codes_that_should_not_exist_do_not() -> None:
    assert NO_OFFICE not in load_codes("customs_districts").codes
    assert NO_COUNTRY not in load_codes("countries").codes
    assert NO_UNIT not in load_codes("units").codes
    assert NO_LETTER not in load_codes("transport_modes").codes | load_codes("wrap_types").codes
