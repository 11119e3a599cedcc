"""Filings in the database: whole tables out for the workers, staged sets in from a document."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

import polars as pl

from tripoint.database import Row, Statements, Transaction
from tripoint.registers.filings.records import (
    Certificate,
    Enterprise,
    EntrustedPaper,
    Entrustment,
    FiledCertificate,
    KeyKind,
    Role,
    VerifiedPerson,
)

_sql = Statements.load(__package__, "store.sql")

ENTERPRISES: dict[str, pl.DataType] = {
    "enterprise_code": pl.String(),
    "name": pl.String(),
    **{role.value: pl.Boolean() for role in Role},
    "realtime_payment_data": pl.Boolean(),
    "since": pl.Date(),
    "until": pl.Date(),
    "source": pl.String(),
}
"""Enterprises as columns: one flag for each role; a null `until` has no end."""

ENTRUSTMENTS: dict[str, pl.DataType] = {
    "sender_code": pl.String(),
    "owner_code": pl.String(),
    "paper_kind": pl.String(),
    "since": pl.Date(),
    "until": pl.Date(),
    "source": pl.String(),
}
"""Entrustments as columns; `paper_kind` is orders or payments."""

PERSONS: dict[str, pl.DataType] = {
    "person_id": pl.String(),
    "person_name": pl.String(),
    "verified_on": pl.Date(),
    "source": pl.String(),
}
"""Verified persons as columns."""

VERIFIED: dict[str, pl.DataType] = {
    name: PERSONS[name] for name in ("person_id", "person_name", "verified_on")
}
"""What `verified` answers with."""

_CERTIFICATES: dict[str, pl.DataType] = {
    "fingerprint": pl.String(),
    "enterprise_code": pl.String(),
    "serial": pl.String(),
    "der": pl.Binary(),
    "key_kind": pl.String(),
    "not_before": pl.Datetime("us", "UTC"),
    "not_after": pl.Datetime("us", "UTC"),
}


def register_version(tx: Transaction) -> int:
    """How often the filings have changed; what was read at the same version is still right."""
    version = tx.value(_sql.register_version)
    return 0 if version is None else int(version)


def bump_version(tx: Transaction) -> int:
    """Tell every worker that the filings have changed; returns the new version."""
    return int(tx.value(_sql.bump_version))


def enterprises(tx: Transaction) -> pl.DataFrame:
    """Every filed enterprise, ENTERPRISES, in the order of its code."""
    return tx.frame(_sql.enterprises, ENTERPRISES)


def find_enterprise(tx: Transaction, enterprise_code: str) -> Enterprise | None:
    """The enterprise of one code."""
    row = tx.one(_sql.find_enterprise, enterprise_code=enterprise_code)
    return None if row is None else _enterprise(row)


def search_enterprises(
    tx: Transaction, text: str, role: Role | None, after: str, limit: int
) -> list[Enterprise]:
    """Enterprises after a code whose code begins with the text or whose name holds it."""
    rows = tx.rows(
        _sql.search_enterprises, text=text, role="" if role is None else role.value, after=after, limit=limit
    )
    return [_enterprise(row) for row in rows]


def filed_enterprises(tx: Transaction, codes: Collection[str]) -> dict[str, Enterprise]:
    """Those of the codes that are filed, by code."""
    _stage_codes(tx, codes)
    return {row["enterprise_code"]: _enterprise(row) for row in tx.rows(_sql.filed_enterprises)}


def save_enterprises(tx: Transaction, items: Iterable[Enterprise]) -> None:
    """Add or replace enterprises."""
    rows = [
        asdict(item) | {role.value: role in item.roles for role in Role}
        for item in items
    ]  # fmt: skip
    tx.stage("staged_enterprises", _frame(rows, ENTERPRISES))
    tx.run(_sql.save_enterprises)


def certificates(tx: Transaction) -> list[FiledCertificate]:
    """Every certificate of every enterprise, the revoked ones too."""
    return [_certificate(row) for row in tx.rows(_sql.certificates)]


def certificates_of(tx: Transaction, enterprise_code: str, after: str, limit: int) -> list[FiledCertificate]:
    """Certificates of one enterprise after a fingerprint."""
    rows = tx.rows(_sql.certificates_of, enterprise_code=enterprise_code, after=after, limit=limit)
    return [_certificate(row) for row in rows]


def find_certificate(tx: Transaction, fingerprint: str) -> FiledCertificate | None:
    """The certificate of one fingerprint (SHA-256, small hex)."""
    row = tx.one(_sql.find_certificate, fingerprint=fingerprint)
    return None if row is None else _certificate(row)


def certificate_owners(tx: Transaction, fingerprints: Collection[str]) -> dict[str, str]:
    """The enterprise code of those of the certificates that are filed, by fingerprint."""
    _stage_codes(tx, fingerprints)
    return {row["fingerprint"]: row["enterprise_code"] for row in tx.rows(_sql.certificate_owners)}


def save_certificates(tx: Transaction, items: Sequence[Certificate], added_at: datetime) -> None:
    """Add certificates that are not filed yet."""
    tx.stage("staged_certificates", _frame([asdict(item) for item in items], _CERTIFICATES))
    tx.run(_sql.save_certificates, added_at=added_at)


def revoke_certificate(tx: Transaction, fingerprint: str, revoked_at: datetime, reason: str) -> bool:
    """Revoke a certificate; False where there is none or it was revoked before."""
    touched = tx.run(
        _sql.revoke_certificate, fingerprint=fingerprint, revoked_at=revoked_at, reason=reason
    )  # fmt: skip
    return touched > 0


def entrustments(tx: Transaction) -> pl.DataFrame:
    """Every entrustment, ENTRUSTMENTS."""
    return tx.frame(_sql.entrustments, ENTRUSTMENTS)


def entrustments_of(tx: Transaction, enterprise_code: str) -> list[Entrustment]:
    """Entrustments in which an enterprise is sender or owner."""
    return [_entrustment(row) for row in tx.rows(_sql.entrustments_of, enterprise_code=enterprise_code)]


def filed_entrustments(tx: Transaction, items: Sequence[Entrustment]) -> list[Entrustment]:
    """Those of the entrustments that are filed under the same sender, owner, kind and first day."""
    tx.stage("staged_entrustments", _frame([asdict(item) for item in items], ENTRUSTMENTS))
    return [_entrustment(row) for row in tx.rows(_sql.filed_entrustments)]


def save_entrustments(tx: Transaction, items: Iterable[Entrustment]) -> None:
    """Add or replace entrustments."""
    tx.stage("staged_entrustments", _frame([asdict(item) for item in items], ENTRUSTMENTS))
    tx.run(_sql.save_entrustments)


def filed_persons(tx: Transaction, person_ids: Collection[str]) -> list[VerifiedPerson]:
    """Those of the persons that are filed as verified."""
    _stage_codes(tx, person_ids)
    return [VerifiedPerson(**row) for row in tx.rows(_sql.filed_persons)]


def save_persons(tx: Transaction, items: Iterable[VerifiedPerson]) -> None:
    """Add or replace verified persons."""
    tx.stage("staged_persons", _frame([asdict(item) for item in items], PERSONS))
    tx.run(_sql.save_persons)


def verified(tx: Transaction, buyers: pl.DataFrame) -> pl.DataFrame:
    """Those of frame[person_id, person_name] who are verified under that very name: VERIFIED, once each."""
    tx.stage("staged_buyers", buyers.select_seq("person_id", "person_name").drop_nulls().unique())
    return tx.frame(_sql.verified, VERIFIED)


def _stage_codes(tx: Transaction, codes: Collection[str]) -> None:
    tx.stage("staged_codes", pl.DataFrame({"code": sorted(set(codes))}, schema={"code": pl.String}))


def _frame(rows: Sequence[Row], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame([[row[name] for name in schema] for row in rows], schema=schema, orient="row")


def _enterprise(row: Row) -> Enterprise:
    return Enterprise(
        enterprise_code=row["enterprise_code"],
        name=row["name"],
        roles=frozenset(role for role in Role if row[role.value]),
        realtime_payment_data=row["realtime_payment_data"],
        since=row["since"],
        until=row["until"],
        source=row["source"],
    )


def _certificate(row: Row) -> FiledCertificate:
    certificate = Certificate(
        fingerprint=row["fingerprint"],
        enterprise_code=row["enterprise_code"],
        serial=row["serial"],
        der=bytes(row["der"]),
        key_kind=KeyKind(row["key_kind"]),
        not_before=row["not_before"],
        not_after=row["not_after"],
    )
    return FiledCertificate(
        certificate=certificate,
        added_at=row["added_at"],
        revoked_at=row["revoked_at"],
        reason=row["reason"],
    )


def _entrustment(row: Row) -> Entrustment:
    return Entrustment(**row | {"paper_kind": EntrustedPaper(row["paper_kind"])})
