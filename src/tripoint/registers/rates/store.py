"""Rates and goods in the database: what holds on each day for whole sets, and what each import changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import polars as pl

from tripoint.database import Row, Statements, Transaction
from tripoint.registers.rates.records import (
    Difference,
    Entry,
    Goods,
    Import,
    Kind,
    Proposal,
    Rate,
    Register,
)

_sql = Statements.load(__package__, "store.sql")

AS_OF: dict[str, pl.DataType] = {
    "hs_code": pl.String(),
    "declared_on": pl.Date(),
    "duty_ppm": pl.Int64(),
    "vat_ppm": pl.Int64(),
    "ct_ppm": pl.Int64(),
    "ct_specific": pl.Int64(),
    "ct_specific_unit": pl.String(),
    "ct_condition": pl.String(),
    "unit_1": pl.String(),
    "unit_2": pl.String(),
    "name_zh": pl.String(),
    "name_en": pl.String(),
    "listed": pl.Boolean(),
    "modes": pl.String(),
}
"""What `rates_for` answers with; `modes` names the supervision modes the goods are open to, blanks between."""

_RATES: dict[str, pl.DataType] = {
    "hs_code": pl.String(),
    "since": pl.Date(),
    "until": pl.Date(),
    "name_zh": pl.String(),
    "name_en": pl.String(),
    "unit_1": pl.String(),
    "unit_2": pl.String(),
    "duty_ppm": pl.Int64(),
    "vat_ppm": pl.Int64(),
    "ct_ppm": pl.Int64(),
    "ct_specific": pl.Int64(),
    "ct_specific_unit": pl.String(),
    "ct_condition": pl.String(),
    "source": pl.String(),
}
_GOODS: dict[str, pl.DataType] = {
    "hs_prefix": pl.String(),
    "since": pl.Date(),
    "until": pl.Date(),
    "modes": pl.String(),
    "name_zh": pl.String(),
    "name_en": pl.String(),
    "note_zh": pl.String(),
    "note_en": pl.String(),
    "source": pl.String(),
}
_CHANGES: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "code": pl.String(),
    "since": pl.Date(),
    "before": pl.String(),
    "after": pl.String(),
}


def rates_for(tx: Transaction, wanted: pl.DataFrame) -> pl.DataFrame:
    """The rate and the allowance of every row's hs_code and declared_on: `AS_OF`, in the rows' own order.

    A code without a rate on its day has null rates; one not allowed on its day has `listed` false. Two statements,
    whatever the number of rows.
    """
    asked = wanted.select_seq("hs_code", pl.col("declared_on").alias("day")).unique()
    tx.stage("wanted_rates", asked.drop_nulls().sort("hs_code", "day"))
    found = tx.frame(_sql.rates_as_of, AS_OF)
    rows = wanted.select_seq("hs_code", "declared_on").join(
        found, on=["hs_code", "declared_on"], how="left", maintain_order="left"
    )
    return rows.with_columns_seq(pl.col("listed").fill_null(False)).select_seq(*AS_OF)


def kept(tx: Transaction, register: Register) -> list[Entry]:
    """Every row of a register, of all days."""
    if register is Register.RATES:
        return [Rate(**row) for row in tx.rows(_sql.kept_rates)]
    return [Goods(**row) for row in tx.rows(_sql.kept_goods)]


def save_import(tx: Transaction, proposal: Proposal, file: bytes, who: str, at: datetime) -> None:
    """Keep a proposed file under its digest, so that it can be confirmed later."""
    tx.run(
        _sql.save_import,
        digest=proposal.digest,
        register=str(proposal.register),
        file=file,
        file_digest=proposal.file_digest,
        complete_from=proposal.complete_from,
        who=who,
        at=at,
    )


def find_import(tx: Transaction, digest: str) -> tuple[Import, bytes] | None:
    """A proposed file and its bytes; None where the digest is not known."""
    row = tx.one(_sql.find_import, digest=digest)
    if row is None:
        return None
    file = bytes(row.pop("file"))
    return _import(row), file


def imports(tx: Transaction) -> list[Import]:
    """Every file proposed, newest first."""
    return [_import(row) for row in tx.rows(_sql.imports)]


def changes(tx: Transaction, code: str) -> list[Row]:
    """What imports did to one code, oldest first: digest, register, kind, code, since, before, after, by whom, when."""
    return tx.rows(_sql.changes, code=code)


def version(tx: Transaction, register: Register) -> int:
    """How many imports of a register have been applied."""
    return int(tx.value(_sql.count_applied, register=str(register)))


def write(tx: Transaction, proposal: Proposal, who: str, at: datetime) -> None:
    """Write every row the proposal changes, what it was before, and who confirmed it."""
    changed = [difference for difference in proposal.differences if difference.kind is not Kind.UNCHANGED]
    rows = [asdict(difference.after) for difference in changed]
    if proposal.register is Register.RATES:
        tx.stage("staged_rates", pl.DataFrame(rows, schema=_RATES))
        tx.run(_sql.write_rates)
    else:
        tx.stage("staged_goods", pl.DataFrame(rows, schema=_GOODS))
        tx.run(_sql.write_goods)
    tx.stage("staged_changes", _changes(changed))
    tx.run(_sql.write_changes, digest=proposal.digest)
    tx.run(_sql.mark_applied, digest=proposal.digest, who=who, at=at)


def _changes(changed: Sequence[Difference]) -> pl.DataFrame:
    rows = [
        {
            "kind": str(difference.kind),
            "code": difference.after.code,
            "since": difference.after.since,
            "before": None if difference.before is None else _json(difference.before),
            "after": _json(difference.after),
        }
        for difference in changed
    ]
    return pl.DataFrame(rows, schema=_CHANGES)


def _json(entry: Entry) -> str:
    return json.dumps(asdict(entry), default=str, ensure_ascii=False, sort_keys=True)


def _import(row: Row) -> Import:
    return Import(**(row | {"register": Register(row["register"])}))
