"""What the operator does with filings: load a document, look up, revoke, end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from tripoint.database import Transaction
from tripoint.kernel.refusals import Conflict, Malformed, Unknown
from tripoint.registers.filings import rules, store
from tripoint.registers.filings.records import (
    Certificate,
    Enterprise,
    FaultyFilings,
    FiledCertificate,
    FilingsConflict,
    FilingsDocument,
    LoadReport,
    Role,
    Tally,
)

PAGE_MOST = 1000
"""No page is longer than this."""


def load(
    tx: Transaction, document: FilingsDocument, certificates: Sequence[Certificate], *, at: datetime
) -> LoadReport:
    """File what a document says, all or nothing; the same document again changes nothing.

    `certificates` are the document's own, parsed, in its order. Deposits and annual use are left to the caller.
    Raises FaultyFilings (also where a generated document names anybody who may be real) and FilingsConflict.
    """
    assert len(certificates) == len(document.certificates), "each certificate of the document, parsed"
    tx.lock("filings")
    faults = [*rules.contradictions(document), *rules.generated_only(document)]
    if faults:
        raise FaultyFilings(faults)
    filed = store.filed_enterprises(tx, rules.enterprise_codes(document))
    owners = store.certificate_owners(tx, {item.fingerprint for item in certificates})
    misfits = rules.misfits(document, filed, certificates, owners)
    if misfits:
        raise FilingsConflict(misfits)
    report = LoadReport(
        version=0,
        enterprises=_load_enterprises(tx, document, filed),
        certificates=_load_certificates(tx, certificates, owners, at),
        entrustments=_load_entrustments(tx, document),
        verified_persons=_load_persons(tx, document),
    )
    return _with_version(tx, report)


def _load_enterprises(tx: Transaction, document: FilingsDocument, filed: dict[str, Enterprise]) -> Tally:
    told = {item.enterprise_code: item for item in document.enterprises}
    added, changed, unchanged = rules.difference(told, filed)
    if added or changed:
        store.save_enterprises(tx, [*added.values(), *changed.values()])
    return rules.tally(added, changed, unchanged)


def _load_certificates(
    tx: Transaction, certificates: Sequence[Certificate], owners: dict[str, str], at: datetime
) -> Tally:
    told = {item.fingerprint: item for item in certificates}
    added = [item for item in told.values() if item.fingerprint not in owners]
    if added:
        store.save_certificates(tx, added, at)
    return rules.tally((item.fingerprint for item in added), (), len(told) - len(added))


def _load_entrustments(tx: Transaction, document: FilingsDocument) -> Tally:
    told = {rules.entrustment_key(item): item for item in document.entrustments}
    filed = {
        rules.entrustment_key(item): item for item in store.filed_entrustments(tx, document.entrustments)
    }
    added, changed, unchanged = rules.difference(told, filed)
    if added or changed:
        store.save_entrustments(tx, [*added.values(), *changed.values()])
    return rules.tally(map(rules.entrustment_name, added), map(rules.entrustment_name, changed), unchanged)


def _load_persons(tx: Transaction, document: FilingsDocument) -> Tally:
    told = {item.person_id: item for item in document.verified_persons}
    filed = {item.person_id: item for item in store.filed_persons(tx, told)}
    added, changed, unchanged = rules.difference(told, filed)
    if added or changed:
        store.save_persons(tx, [*added.values(), *changed.values()])
    return rules.tally(map(rules.masked, added), map(rules.masked, changed), unchanged)


def _with_version(tx: Transaction, report: LoadReport) -> LoadReport:
    version = store.register_version(tx) if report.is_unchanged else store.bump_version(tx)
    return LoadReport(
        version=version,
        enterprises=report.enterprises,
        certificates=report.certificates,
        entrustments=report.entrustments,
        verified_persons=report.verified_persons,
    )


def enterprise(tx: Transaction, enterprise_code: str) -> Enterprise:
    """The enterprise of one code; raises Unknown."""
    found = store.find_enterprise(tx, enterprise_code)
    if found is None:
        raise Unknown(
            "FILINGS-ENTERPRISE-UNKNOWN",
            f"企业未备案：{enterprise_code[:40]}",
            f"no enterprise is filed under {enterprise_code[:40]}",
        )
    return found


def guarantor(tx: Transaction, enterprise_code: str) -> Enterprise:
    """The enterprise of one code, which is filed as a guarantor; raises Unknown and Conflict."""
    found = enterprise(tx, enterprise_code)
    if Role.GUARANTOR not in found.roles:
        raise Conflict(
            "FILINGS-NO-GUARANTOR",
            f"企业 {enterprise_code} 未备案为担保企业（{Role.GUARANTOR}）",
            f"enterprise {enterprise_code} is not filed as a guarantor ({Role.GUARANTOR})",
        )
    return found


def search(
    tx: Transaction, text: str = "", *, role: Role | None = None, after: str = "", limit: int = 100
) -> list[Enterprise]:
    """A page of enterprises, by code: begin again after the last code for the next page."""
    return store.search_enterprises(tx, text.strip(), role, after, _page(limit))


def certificates_of(
    tx: Transaction, enterprise_code: str, *, after: str = "", limit: int = 100
) -> list[FiledCertificate]:
    """A page of an enterprise's certificates, by fingerprint."""
    return store.certificates_of(tx, enterprise_code, after, _page(limit))


def revoke_certificate(tx: Transaction, fingerprint: str, *, at: datetime, reason: str) -> FiledCertificate:
    """Revoke a certificate for good; doing so again changes nothing. Raises Unknown, and Malformed without a reason."""
    if not reason.strip():
        raise Malformed(
            "FILINGS-REASON", "吊销须写明原因", "a revocation needs a reason"
        )  # fmt: skip
    tx.lock("filings")
    if store.revoke_certificate(tx, fingerprint, at, reason.strip()):
        store.bump_version(tx)
    found = store.find_certificate(tx, fingerprint)
    if found is None:
        raise Unknown(
            "FILINGS-CERTIFICATE-UNKNOWN",
            f"没有指纹为 {fingerprint[:64]} 的证书",
            f"no certificate has the fingerprint {fingerprint[:64]}",
        )
    return found


def end_enterprise(tx: Transaction, enterprise_code: str, *, until: date) -> Enterprise:
    """Let a filing end with a day; raises Unknown, and Conflict where it begins later."""
    tx.lock("filings")
    found = enterprise(tx, enterprise_code)
    if until < found.since:
        raise Conflict(
            "FILINGS-END",
            f"备案自 {found.since} 起，不能止于 {until}",
            f"the filing begins on {found.since} and cannot end on {until}",
        )
    if found.until != until:
        ended = rules.ended(found, until)
        store.save_enterprises(tx, [ended])
        store.bump_version(tx)
        return ended
    return found


def _page(limit: int) -> int:
    if not 1 <= limit <= PAGE_MOST:
        raise Malformed(
            "PAGE-LIMIT",
            f"每页条数须在 1 至 {PAGE_MOST} 之间",
            f"a page has 1 to {PAGE_MOST} rows",
        )
    return limit
