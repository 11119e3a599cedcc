"""The same traffic shuffled, cut into other messages and sent twice comes to the same, under signatures that count."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.clearance.state import hold_true, state_of
from tripoint.app import Engine
from tripoint.database import Database
from tripoint.kernel.clock import FixedClock
from tripoint.rehearsal import Plan, Signed, generate
from tripoint.rehearsal.repack import repack
from tripoint.settings import Settings

State = dict[str, Any]
FIRST_DAY = date(2024, 6, 3)
NOW = datetime(2024, 7, 1, 4, tzinfo=UTC)
TRADES = 180


@pytest.fixture(scope="module")
def worlds(
    new_database: Callable[..., AbstractContextManager[Database]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[State, Path]]:
    """What one rehearsal comes to as it was written, and after it was shuffled, cut anew and doubled."""
    one = tmp_path_factory.mktemp("one")
    other = tmp_path_factory.mktemp("other")
    generate(Plan(trades=TRADES, first_day=FIRST_DAY, anomalies=0.6, signed=Signed.RSA, seed=7), one)
    repack(one, other, seed=11, per_message=30)
    found = {}
    for name, folder, most in (("one", one, 200), ("other", other, 25)):
        with new_database() as database:
            engine = Engine(Settings(), database, FixedClock(NOW))
            engine.seed_rates()
            engine.load_filings((folder / "filings.json").read_bytes())
            for path in sorted((folder / "papers").iterdir()):
                engine.admit(path.read_bytes())
            while engine.work(most) is not None:
                pass
            hold_true(engine)
            found[name] = state_of(engine), folder
    return found


@pytest.mark.parametrize("part", ["lists", "findings", "assessed", "allowances", "balances"])
def test_the_same_traffic_on_another_way_comes_to_the_same(
    part: str, worlds: dict[str, tuple[State, Path]]
) -> None:
    one, other = worlds["one"][0], worlds["other"][0]
    assert len(one[part]) > 0
    assert one[part] == other[part]


def test_every_list_comes_out_as_the_truth_says(worlds: dict[str, tuple[State, Path]]) -> None:
    state, folder = worlds["one"]
    found = {row["order_no"]: row["state"] for row in state["lists"]}
    truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(truth) == TRADES
    wrong = [t for t in truth if found.get(t["order_no"], "not_taken") != t["outcome"]]
    assert [(t["anomaly"], t["outcome"], found.get(t["order_no"])) for t in wrong] == []
