"""Many real processes against the same guarantees: never below the minimum, no deadlock, exact to the last unit."""

import multiprocessing
import random
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tripoint.database import Database, DatabaseSettings
from tripoint.kernel.refusals import Conflict
from tripoint.registers.ledger import desk, rules
from tripoint.registers.ledger.records import TRANSFERS

AT = datetime(2024, 6, 1, tzinfo=UTC)
GUARANTORS = [f"0000A6000{number}" for number in range(4)]
LODGED = 20_000
PROCESSES = 4
BATCHES = 12


def pound(url, seed, ready, answers):
    """Post random batches, each of them twice; answer with what was written and how often it was refused."""
    chance = random.Random(seed)
    database = Database.open(DatabaseSettings(data_dir=Path("unused"), url=url), connections=1)
    ready.wait()
    taken = dict.fromkeys(GUARANTORS, 0)
    refused = 0
    try:
        for number in range(BATCHES):
            # Every other batch belongs to all processes: only one of them may write it.
            owner = "shared" if number % 2 else str(seed)
            dice = random.Random(f"{owner}-{number}")
            rows = [
                (
                    f"{owner}-{number}-{line}",
                    rules.available(code),
                    rules.pledged(code),
                    dice.randint(1, 120),
                    "pledge",
                    "L",
                    None,
                )
                for line, code in enumerate(
                    chance.sample(GUARANTORS, len(GUARANTORS)) if owner == str(seed) else GUARANTORS
                )
            ]
            batch = pl.DataFrame(rows, schema=TRANSFERS, orient="row")
            for _ in range(2):
                try:
                    with database.transaction() as tx:
                        written = desk.post(tx, batch, at=AT).written
                except Conflict:
                    refused += 1
                else:
                    assert written in (0, len(GUARANTORS))
                    if written:
                        for _, debit, _, amount, *_ in rows:
                            taken[debit.split("/")[1]] += amount
        answers.put((taken, refused, None))
    except BaseException as fault:
        answers.put((taken, refused, repr(fault)))
        raise
    finally:
        database.close()


@pytest.mark.parametrize("lodged", [LODGED, 1_000], ids=["enough for all", "not enough"])
def test_processes_never_overdraw_a_guarantee_nor_stand_in_each_others_way(server, fresh_database, lodged):
    with fresh_database.transaction() as tx:
        name = tx.value("select current_database()")
        for code in GUARANTORS:
            desk.deposit(tx, code, lodged, reference=f"deposit-{code}", at=AT)
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Event(), context.Queue()
    workers = [
        context.Process(target=pound, args=(server.conninfo(name), seed, ready, answers))
        for seed in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    ready.set()
    told = [answers.get(timeout=90) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert [fault for _, _, fault in told if fault] == []
    with fresh_database.transaction() as tx:
        assert desk.check(tx).is_sound
        for code in GUARANTORS:
            free = desk.account(tx, rules.available(code)).balance
            bound = desk.account(tx, rules.pledged(code)).balance
            assert free >= 0
            assert free + bound == lodged
            assert bound == sum(taken[code] for taken, _, _ in told)
    if lodged == LODGED:
        assert sum(refused for _, refused, _ in told) == 0
        assert desk_total(fresh_database) == 4 + 4 * (PROCESSES * BATCHES // 2 + BATCHES // 2)
    else:
        assert sum(refused for _, refused, _ in told) > 0


def desk_total(database):
    with database.transaction() as tx:
        return desk.check(tx).transfers
