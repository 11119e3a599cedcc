"""`python -m tests.fuzz --minutes 60 --seed 1`: mutate messages and compare the lanes, batch by batch, until time is up.

Whatever tells the lanes apart is written to `--out`, the smallest set of messages that does; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from random import Random

from tests.fuzz.comparing import account, culprit, difference, differs
from tests.fuzz.mutating import flooded, mutated
from tests.fuzz.samples import samples

_BATCH = 150


def batch_of(seeds: list[bytes], random: Random) -> list[bytes]:
    """Some mutated messages; about one in ten comes of a mutated one, one in forty is long."""
    made: list[bytes] = []
    for _ in range(_BATCH):
        origin = random.choice(made) if made and random.random() < 0.1 else random.choice(seeds)
        raw = mutated(origin, random)[:400_000]
        made.append(flooded(raw, random) if random.random() < 0.025 else raw)
    return made


def main() -> int:
    """Run; say every minute how far it is."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=1)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--out", type=Path, default=Path("out/fuzz"))
    said = options.parse_args()
    seeds, begun, spoken = samples(), time.monotonic(), 0.0
    messages = fast = odd = found = number = 0
    while (passed := time.monotonic() - begun) < said.minutes * 60:
        number += 1
        random = Random(f"{said.seed}:{number}")
        batch = batch_of(seeds, random)
        quick, reference = account(batch, fast=True), account(batch, fast=False)
        messages, fast, odd = messages + len(batch), fast + quick.fast, odd + quick.odd
        if (what := differs(quick, reference)) is not None:
            found += 1
            said.out.mkdir(parents=True, exist_ok=True)
            for one in culprit(batch, difference):
                name = f"{said.seed}-{number}-{hashlib.sha256(one).hexdigest()[:8]}.xml"
                (said.out / name).write_bytes(one)
                print(f"{name}: {difference([one]) or what}"[:2000], flush=True)
        if passed - spoken >= 60 or number == 1:
            spoken = passed
            print(
                f"{passed:.0f} s, {messages} messages, {fast} fast, {odd} odd papers, {found} differences",
                flush=True,
            )
    print(f"{messages} messages, {fast} by the fast lane, {odd} odd papers, {found} differences")
    return int(found > 0)


if __name__ == "__main__":
    raise SystemExit(main())
