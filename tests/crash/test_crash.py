"""The short form of the crash suite: random traffic, a handful of kills with -9, and everything is as if none had been."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.crash import evidence, invariants, run, spoiling, undisturbed
from tripoint.rehearsal import Signed

SEED = 20_241_122


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whatever_is_killed_nothing_acknowledged_is_lost_and_nothing_is_done_twice() -> None:
    with tempfile.TemporaryDirectory(prefix="tripoint-crash-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        plan = run.Plan(seed=SEED, kills=6, trades=60, signed=Signed.SM2)
        with run.running(folder, plan) as disturbed:
            run.disturb(disturbed)
            run.settle(disturbed)
            print(run.figures(disturbed))
            seen = evidence.gather(disturbed)
            wrong = invariants.judge(seen)
            quiet, loud = undisturbed.state_undisturbed(disturbed), undisturbed.state_disturbed(disturbed)
            wrong["the same as undisturbed"] = undisturbed.differences(quiet, loud)
            assert {name: found[:5] for name, found in wrong.items() if found} == {}, f"seed {SEED}"
            # And each of these questions can be answered otherwise.
            assert spoiling.unseen(seen) == []
            loud["allowances"][0]["used"] += 1
            assert undisturbed.differences(quiet, loud) != []
