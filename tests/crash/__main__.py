"""The long form of the crash suite: python -m tests.crash --kills 100 --seed 7 [--trades N] [--report FILE] [--keep FOLDER]."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.crash import evidence, invariants, run, undisturbed

TRADES_A_KILL = 25
HOOKS = 2


def main(arguments: list[str] | None = None) -> int:
    """Run, print a line for each kill and then the report as JSON; 1 where an invariant does not hold."""
    parser = argparse.ArgumentParser(
        prog="tests.crash", description="Kill everything at random; nothing is lost."
    )
    parser.add_argument("--kills", type=int, default=100, help="how often something is killed (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed sends the same papers (default 1)")
    parser.add_argument(
        "--trades", type=int, help=f"trades sent, twice each (default {TRADES_A_KILL} a kill)"
    )
    parser.add_argument("--report", type=Path, help="file the report goes to as well")
    parser.add_argument("--keep", type=Path, help="folder to work in, kept afterwards with its logs")
    chosen = parser.parse_args(arguments)
    plan = run.Plan(
        seed=chosen.seed,
        kills=chosen.kills,
        trades=chosen.trades or TRADES_A_KILL * (chosen.kills + 1),
        hooks=HOOKS,
    )
    if chosen.keep is not None:
        chosen.keep.mkdir(parents=True)
        report = _run(chosen.keep, plan)
    else:
        with tempfile.TemporaryDirectory(prefix="tripoint-crash-") as name:
            report = _run(Path(name), plan)
    text = json.dumps(report, ensure_ascii=False, indent=1)
    print(text)
    if chosen.report is not None:
        chosen.report.write_text(text + "\n", encoding="utf-8")
    return 1 if any(report["invariants"].values()) else 0


def _run(folder: Path, plan: run.Plan) -> dict[str, Any]:
    folder.chmod(0o755)
    begun = time.monotonic()
    with run.running(folder, plan) as disturbed:
        run.disturb(disturbed)
        run.settle(disturbed)
        seen = evidence.gather(disturbed)
        wrong = invariants.judge(seen)
        quiet, loud = undisturbed.state_undisturbed(disturbed), undisturbed.state_disturbed(disturbed)
        wrong["the_state_is_that_of_an_undisturbed_run"] = undisturbed.differences(quiet, loud)
        figures = run.figures(disturbed)
    figures["seconds"]["in all"] = round(time.monotonic() - begun, 1)
    return figures | {"invariants": {name: found[:20] for name, found in wrong.items()}}


if __name__ == "__main__":
    sys.exit(main())
